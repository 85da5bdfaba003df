"""The short form and the long form of the same thing give providers the same values."""

from __future__ import annotations

from typing import Any

import pytest

import wlinfra as wl
from wlinfra.resources.variables import ApiKey, Credential, EnvVar
from wlinfra.values import Template


def server(**attributes: object) -> wl.Container:
    return wl.Container(**{"image": "acme/chat:1", "port": 8080, **attributes})


def test_a_sole_container_is_primary_and_called_main() -> None:
    artifact = wl.Artifact("server", containers=[server()])
    [group] = artifact.groups
    assert (group.name, group.primary.name, group.primary.primary) == ("default", "main", True)


def test_containers_and_container_groups_mean_the_same() -> None:
    short = wl.Artifact("server", containers=[server(env={"LOG": "info"})])
    long = wl.Artifact(
        "server",
        container_groups=[wl.ContainerGroup(containers=[server(env=[{"name": "LOG", "value": "info"}])])],
    )
    assert short.groups == long.groups


def test_the_names_of_the_api_are_accepted() -> None:
    document = {
        "imageUri": "acme/chat:1",
        "port": 8080,
        "environmentVars": [{"source": "string", "name": "LOG", "value": "info"}],
        "readiness_probe": {"path": "/healthz", "periodSeconds": 5, "httpHeaders": {"X-A": "b"}},
        "securityContext": {"readOnlyRootFilesystem": True, "seccompProfile": {"type": "RuntimeDefault"}},
    }
    expected = wl.Container(
        image="acme/chat:1",
        port=8080,
        env={"LOG": "info"},
        readiness=wl.Probe(path="/healthz", period_seconds=5, headers={"X-A": "b"}),
        security=wl.SecurityContext(
            read_only_root_filesystem=True, seccomp_profile=wl.SeccompProfile(type="RuntimeDefault")
        ),
    )
    assert wl.Container(**document) == expected


def test_a_probe_asks_the_port_of_its_container() -> None:
    artifact = wl.Artifact("server", containers=[server(port=9000, readiness=wl.Probe(path="/"))])
    assert artifact.groups[0].primary.readiness == wl.Probe(path="/", port=9000)


def test_a_probe_may_ask_another_port_with_a_warning() -> None:
    artifact = wl.Artifact("server", containers=[server(port=9000, liveness=wl.Probe(path="/", port=8080))])
    [warning] = artifact.caution()
    assert (warning.summary, warning.is_error, warning.path) == (
        "Probe asks another port",
        False,
        "Artifact.liveness.port",
    )
    assert artifact.groups[0].primary.liveness == wl.Probe(path="/", port=8080)


def test_hardware_of_a_sole_container_becomes_its_allocation() -> None:
    workload = wl.Workload("chat", artifact=wl.Artifact("server", containers=[server()]), cpu=2, memory="4GB", gpu=1)
    [group] = workload.groups
    assert group.allocation("main") == wl.Allocation(cpu=2, memory=4_000_000_000, gpu=1)


def test_the_short_form_describes_the_one_group_whatever_its_name() -> None:
    artifact = wl.Artifact("server", container_groups=[wl.ContainerGroup(name="web", containers=[server()])])
    [group] = wl.Workload("chat", artifact=artifact, replicas=3).groups
    assert (group.name, group.bounds) == ("web", (3, 3))


def test_runtime_is_the_long_form() -> None:
    policies = [wl.concurrency(target=10, min=0, max=4)]
    short = wl.Workload("chat", artifact="65f0", bundles=["gpu.h100"], autoscaling=policies)
    group = {"resourceBundles": ["gpu.h100"], "autoscaling": {"policies": policies}}
    document: dict[str, Any] = {"artifactId": "65f0", "runtime": {"containerGroups": [group]}}
    long = wl.Workload("chat", **document)
    assert short.groups == long.groups
    assert short.groups[0].bounds == (0, 4)


def test_bounds_of_a_group_hold_for_policies_without_their_own() -> None:
    policy = {"scalingMetric": "httpRequestsConcurrency", "target": 5}
    document = {"policies": [policy], "minReplicaCount": 1, "maxReplicaCount": 7}
    [bounded] = wl.Autoscaling(**document).bounded()
    assert (bounded.metric, bounded.min, bounded.max) == (wl.Metric.CONCURRENCY, 1, 7)


def test_a_workload_that_says_nothing_leaves_the_runtime_to_the_platform() -> None:
    assert wl.Workload("chat", artifact="65f0").groups == ()


@pytest.mark.parametrize(
    ("policy", "metric", "custom"),
    [
        (wl.cpu(target=70, max=3), "cpuAverageUtilization", False),
        (wl.gpu_cache(target=80, max=3), "gpuCacheUtilization", False),
        (wl.queue_depth(target=4, max=3), "gpuRequestQueueDepth", False),
        (wl.requests_per_hour(target=400, max=3), "httpRequestsPerHour", False),
        (wl.requests_in_flight(target=4, max=3), "httpRequestsInFlight", False),
        (wl.custom_metric("vllm:kv_cache_usage_perc", target=0.8, max=3), "vllm:kv_cache_usage_perc", True),
    ],
)
def test_every_policy_names_its_metric(policy: wl.ScalingPolicy, metric: str, custom: bool) -> None:
    assert (policy.metric, policy.is_custom, policy.min, policy.max) == (metric, custom, 1, 3)


def test_environment_variables_take_every_kind_of_value() -> None:
    key = wl.secret_env("TOKEN")
    other = wl.Workload("other", artifact="65f0")
    container = server(
        env={
            "TEXT": "a",
            "TOKEN": key,
            "STORED": wl.credential("c1", "password"),
            "KEY": wl.api_key(),
            "URL": f"{other.endpoint}/v1",
            "ID": other,
        }
    )
    url = Template((other.endpoint, "/v1"))
    values = {name: variable.value for name, variable in container.variables.items()}
    assert {name: values[name] for name in ("TEXT", "STORED", "KEY")} == {
        "TEXT": "a",
        "STORED": Credential("c1", "password"),
        "KEY": ApiKey(),
    }
    assert values["TOKEN"] is key
    assert repr(values["URL"]) == repr(url)
    assert isinstance(values["ID"], wl.Ref)
    assert values["ID"].key == ("workload.other", "id")


def test_variables_keep_their_order() -> None:
    assert server(env={"B": "1", "A": "2"}).env == (EnvVar("B", "1"), EnvVar("A", "2"))


def test_a_build_takes_a_path_or_a_generated_dockerfile() -> None:
    code = wl.CodeRef(catalog_id="c", catalog_version_id="v")
    given = wl.ImageBuild(code_ref=code, dockerfile="docker/Dockerfile")
    generated = wl.ImageBuild(
        dockerfile={
            "source": "generated",
            "executionEnvironmentId": "e",
            "executionEnvironmentVersionId": "v",
            "entrypoint": ["serve"],
        }
    )
    assert given.dockerfile == wl.ProvidedDockerfile(path="docker/Dockerfile")
    assert isinstance(generated.dockerfile, wl.GeneratedDockerfile)


def test_lifecycle_options_stand_apart_from_attributes() -> None:
    other = wl.Workload("other", artifact="65f0")
    workload = wl.Workload(
        "chat",
        artifact="65f0",
        protect=True,
        replace_order="create-then-delete",
        ignore_changes=["description"],
        timeouts={"create": 60},
        depends_on=[other, "artifact.server"],
    )
    lifecycle = workload.lifecycle
    assert (lifecycle.protect, lifecycle.replace_order, lifecycle.ignore_changes, lifecycle.timeouts) == (
        True,
        wl.ReplaceOrder.CREATE_THEN_DELETE,
        ("description",),
        {"create": 60.0},
    )
    assert workload.depends_on == ("workload.other", "artifact.server")


def test_storage_accepts_the_words_of_the_api() -> None:
    storage = wl.Storage(mode="nimCache")
    assert wl.Artifact("m", type="nim", storage=storage, containers=[server()]).storage == wl.Storage(mode="nim_cache")


def test_the_platform_may_call_it_otherwise() -> None:
    artifact = wl.Artifact("llama", platform_name="Llama 3.1 (8B)", containers=[server()])
    assert (artifact.address, artifact.name_on_platform) == ("artifact.llama", "Llama 3.1 (8B)")


@pytest.mark.parametrize("given", [{"memory": 2}, {"allocations": {"main": {"memory": 2048}}}])
def test_memory_that_nothing_runs_in_is_warned_of(given: dict[str, Any]) -> None:
    artifact = wl.Artifact("server", containers=[server(readiness=wl.Probe(path="/"))])
    (warning,) = wl.Workload("chat", artifact=artifact, **given).caution()
    assert not warning.is_error
    assert "a number without a unit is in bytes" in warning.detail
