from __future__ import annotations

from typing import Any

import pytest
from support.rendering import plain, render, rendered, server, spec, target, warnings

import wlinfra as wl
from wlinfra.values import Address, Ref, Template, find_refs
from wlinfra_manifests.model import SecretKey

TOKEN = wl.secret_env("CHAT_TOKEN")


@pytest.mark.parametrize(
    ("container", "key", "expected"),
    [
        ({}, "image", "ghcr.io/acme/chat:1.4.2"),
        ({"entrypoint": ["serve", "--on=$(HOST)"]}, "command", ["serve", "--on=$$(HOST)"]),
        ({"port": 9000}, "ports", [{"name": "http", "containerPort": 9000, "protocol": "TCP"}]),
        ({"env": {"A": "1", "B": ""}}, "env", [{"name": "A", "value": "1"}, {"name": "B"}]),
        ({"env": {"P": "a$$b"}}, "env", [{"name": "P", "value": "a$$$$b"}]),
        ({"env": {"COST": "5$"}}, "env", [{"name": "COST", "value": "5$"}]),
        ({}, "securityContext", {"runAsNonRoot": True}),
    ],
)
def test_an_attribute_of_a_container_becomes(container: dict[str, Any], key: str, expected: Any) -> None:
    assert plain(server(**container))[key] == expected


@pytest.mark.parametrize(
    ("workload", "expected"),
    [
        ({"cpu": 0.5}, {"requests": {"cpu": "500m"}}),
        ({"memory": "8GB"}, {"limits": {"memory": "8G"}, "requests": {"memory": "8G"}}),
        ({"memory": "1.5GB"}, {"limits": {"memory": "1500M"}, "requests": {"memory": "1500M"}}),
        ({"gpu": 2}, {"limits": {"nvidia.com/gpu": "2"}}),
        ({"gpu": 0, "cpu": 1}, {"requests": {"cpu": "1"}}),
        ({"bundles": ["gpu.mig"]}, {"limits": {"nvidia.com/mig-3g.40gb": "1"}, "requests": {"cpu": "8"}}),
        ({"bundles": ["gpu.mig"], "cpu": 2}, {"limits": {"nvidia.com/mig-3g.40gb": "1"}, "requests": {"cpu": "2"}}),
    ],
)
def test_an_allocation_becomes(workload: dict[str, Any], expected: Any) -> None:
    assert plain(**workload)["resources"] == expected


def test_nothing_is_asked_for_where_nothing_is_declared() -> None:
    assert "resources" not in plain(replicas=2)


def test_a_probe_writes_every_number_out() -> None:
    assert plain(server(readiness=wl.Probe(path="/ok")))["readinessProbe"] == {
        "httpGet": {"path": "/ok", "port": 8080, "scheme": "HTTP"},
        "initialDelaySeconds": 30,
        "periodSeconds": 30,
        "timeoutSeconds": 30,
        "failureThreshold": 3,
    }


def test_a_probe_keeps_what_was_declared() -> None:
    probe = wl.Probe(
        path="/ok",
        port=9000,
        scheme="HTTPS",
        host="h",
        headers={"X-A": "1"},
        initial_delay_seconds=0,
        success_threshold=2,
    )
    shown = plain(server(readiness=probe))["readinessProbe"]
    assert shown["httpGet"] == {
        "path": "/ok", "port": 9000, "scheme": "HTTPS", "host": "h", "httpHeaders": [{"name": "X-A", "value": "1"}],
    }  # fmt: skip
    assert (shown["initialDelaySeconds"], shown["successThreshold"]) == (0, 2)


def test_a_security_context_goes_over_one_to_one() -> None:
    security = wl.SecurityContext(
        capabilities=wl.Capabilities(drop=("ALL",)),
        allow_privilege_escalation=False,
        read_only_root_filesystem=True,
        seccomp_profile=wl.SeccompProfile(type="RuntimeDefault"),
    )
    assert plain(server(security=security), target(allow_root=True))["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def test_a_secret_variable_goes_into_a_secret_that_is_never_read() -> None:
    objects = render(server(env={"TOKEN": TOKEN}))
    (variable,) = objects["Deployment"]["spec"]["template"]["spec"]["containers"][0]["env"]
    assert variable["valueFrom"]["secretKeyRef"] == {"name": "chat-env", "key": "main.TOKEN"}
    assert objects["Secret"]["data"] == {"main.TOKEN": TOKEN}
    assert "CHAT_TOKEN" not in repr(objects)


def test_stored_credentials_and_keys_come_from_named_secrets() -> None:
    on = target(credentials={"65f0": "database"}, api_key=SecretKey(secret="keys", key="api"))
    shown = plain(server(env={"PW": wl.credential("65f0", "password"), "KEY": wl.api_key()}), on)["env"]
    assert [item["valueFrom"]["secretKeyRef"] for item in shown] == [
        {"name": "database", "key": "password"},
        {"name": "keys", "key": "api"},
    ]


def test_a_reference_stays_open_in_the_manifest() -> None:
    other = Ref(Address("workload.other"), "endpoint")
    (variable,) = plain(server(env={"URL": f"{other}/v1$(X)"}))["env"]
    assert isinstance(variable["value"], Template)
    assert str(variable["value"]) == "{workload.other.endpoint}/v1$$(X)"


def test_references_may_stand_wherever_a_text_may() -> None:
    other = wl.Workload("other", artifact="65f0")
    artifact = wl.Artifact(
        "server",
        description=f"{other.id}",
        containers=[wl.Container(image=f"{other.id}", port=8080, env={"A": other.id}, description=f"{other.id}")],
    )
    objects = render(artifact, description=f"of {other.id}", tags={"team": f"{other.id}"})
    assert sorted({ref.attribute for ref in find_refs(objects)}) == ["id"]
    assert isinstance(objects["Deployment"]["metadata"]["annotations"]["team"], Ref)


def test_a_bundle_says_where_pods_may_run() -> None:
    pod = spec(bundles=["gpu.h100"])["template"]["spec"]
    terms = pod["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert terms == [
        {
            "matchExpressions": [
                {"key": "nvidia.com/gpu.product", "operator": "In", "values": ["NVIDIA-H100-80GB-HBM3"]},
                {"key": "nvidia.com/gpu.memory", "operator": "Gt", "values": ["79999"]},
            ]
        }
    ]
    assert pod["tolerations"] == [{"key": "nvidia.com/gpu", "operator": "Exists"}]
    assert (pod["nodeSelector"], pod["runtimeClassName"]) == ({"pool": "gpu"}, "nvidia")


def test_devices_are_claimed_by_a_template_named_after_what_it_asks_for() -> None:
    objects = render(bundles=["gpu.dra"])
    (claim,) = (item for item in objects.values() if item["kind"] == "ResourceClaimTemplate")
    (request,) = claim["spec"]["spec"]["devices"]["requests"]
    assert (request["exactly"]["count"], request["exactly"]["selectors"]) == (2, [{"cel": {"expression": "true"}}])
    pod = objects["Deployment"]["spec"]["template"]["spec"]
    assert pod["resourceClaims"] == [{"name": "gpu", "resourceClaimTemplateName": claim["metadata"]["name"]}]
    assert pod["containers"][0]["resources"] == {"claims": [{"name": "gpu"}], "requests": {"cpu": "8"}}


@pytest.mark.parametrize(
    ("workload", "options", "expected"),
    [
        ({}, {}, {"maxSurge": "25%", "maxUnavailable": 0}),
        ({"bundles": ["gpu.mig"]}, {}, {"maxSurge": 0, "maxUnavailable": 1}),
        ({"bundles": ["gpu.mig"]}, {"gpu_surge": True}, {"maxSurge": "25%", "maxUnavailable": 0}),
    ],
)
def test_a_rollout_holds_no_gpu_twice(workload: Any, options: Any, expected: Any) -> None:
    assert spec(on=target(**options), **workload)["strategy"]["rollingUpdate"] == expected


def test_a_warm_up_delays_readiness_within_the_deadline() -> None:
    shown = spec(replacement=wl.ReplacementPolicy(warmup_minutes=15))
    assert (shown["minReadySeconds"], shown["progressDeadlineSeconds"]) == (900, 1500)


def test_a_stopped_workload_has_no_pods_no_autoscaler_and_its_address() -> None:
    objects = render(power="stopped", autoscaling=[wl.concurrency(target=10, min=2, max=5)])
    assert objects["Deployment"]["spec"]["replicas"] == 0
    assert list(objects) == ["Deployment", "Service", "Service-backend", "InterceptorRoute"]


def test_importance_is_a_priority_class_where_one_is_named() -> None:
    on = target(priority_classes={"high": "business"})
    assert spec(on=on, importance="high")["template"]["spec"]["priorityClassName"] == "business"
    done = rendered(importance="high")
    assert warnings(done) == ["Importance is only a label"]
    assert done.objects[0].metadata["labels"]["wlinfra.dev/importance"] == "high"


def test_descriptions_and_versions_are_annotations_of_what_runs_the_pods() -> None:
    objects = render(wl.Artifact("server", containers=[wl.Container(image="a:1.2.3", port=8080, description="c")], description="b"), description="a")  # fmt: skip
    notes = objects["Deployment"]["metadata"]["annotations"]
    assert (notes["wlinfra.dev/description"], notes["wlinfra.dev/artifact-description"]) == ("a", "b")
    assert notes["wlinfra.dev/description.default-main"] == "c"
    assert len(notes["wlinfra.dev/artifact-version"]) == 12
    assert "annotations" not in objects["Service"]["metadata"]
    assert "annotations" not in objects["Deployment"]["spec"]["template"]["metadata"]


def test_a_tag_is_a_label_where_it_can_be() -> None:
    metadata = render(tags={"team": "ml", "acme.com/cost": "two words", "cost center": "7"})["Deployment"]["metadata"]
    assert metadata["labels"]["team"] == "ml"
    assert metadata["annotations"]["acme.com/cost"] == "two words"
    assert [key for key in metadata["annotations"] if key.startswith("tags.wlinfra.dev/cost-center-")] != []


def test_a_budget_exists_only_where_a_pod_can_be_spared() -> None:
    assert "PodDisruptionBudget" not in render(replicas=1)
    assert render(replicas=2)["PodDisruptionBudget"]["spec"]["maxUnavailable"] == 1
    for fewest, exists in ((0, False), (1, False), (2, True)):
        policy = wl.concurrency(target=10, min=fewest, max=4)
        assert ("PodDisruptionBudget" in render(autoscaling=[policy])) is exists


def test_an_artifact_has_the_version_of_what_it_runs() -> None:
    def version(**container: Any) -> str:
        notes = render(server(**container))["Deployment"]["metadata"]["annotations"]
        return str(notes["wlinfra.dev/artifact-version"])

    assert version() == version(description="other words")
    assert version(env={"T": wl.secret_env("A")}) != version(env={"T": wl.secret_env("B")})
