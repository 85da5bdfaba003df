"""`deploy` declares in Pulumi what a wlinfra stack declares for an environment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi
import pytest
from support.pulumi_programs import UNKNOWN, Answers, Hidden, run

import pulumi_wlinfra as wlinfra
import wlinfra as wl
from pulumi_wlinfra._options import path_of
from wlinfra_kubernetes import Manifest

ROOT = Path(__file__).parents[3]
KNOWN = Answers(
    {
        "wlinfra:index:Artifact": {"artifactId": "a1", "version": 1, "repositoryId": "r1"},
        "wlinfra:index:Workload": {"workloadId": "w1", "endpoint": "http://chat/"},
    }
)


def stack_of(*resources: Any, **options: Any) -> wl.Stack[Any]:
    stack: wl.Stack[Any] = wl.Stack("shop")

    @stack.resources
    def declared(env: object) -> Iterator[Any]:
        for resource in resources:
            yield from resource()

    stack.environment("prod", **{"provider": "datarobot", "endpoint": "emulator", **options})
    return stack


def chat() -> Iterator[Any]:
    container = wl.Container(image="ghcr.io/acme/chat:1", port=8080, name="main")
    server = wl.Artifact("server", containers=[container])
    with wl.scope("payments"):
        first = wl.Workload("chat", artifact=server, replicas=2, bundles=["cpu.small"])
    env = {"PEER": f"{first.endpoint}v1", "ID": first.id, "TOKEN": wl.secret_env("HF_TOKEN")}
    gateway = wl.Artifact("gateway", containers=[wl.Container(image="ghcr.io/acme/gateway:1", port=8080, env=env)])
    yield wl.Workload(
        "gateway",
        artifact=gateway,
        protect=True,
        retain=True,
        ignore_changes=["replicas", "shared_roles"],
        replace_order="delete-then-create",
        timeouts={"create": 90},
        aliases=["payments.workload.door"],
        depends_on=[first],
        bundles=["cpu.small"],
    )
    yield first
    yield server
    yield wl.Output("endpoint", first.endpoint)
    yield wl.Output("hidden", f"at {first.endpoint}", sensitive=True)


def test_resources_are_sent_as_the_stack_declares_them() -> None:
    stack = stack_of(chat, name_prefix="prod-")
    sent = run(lambda: wlinfra.deploy(stack, "prod"), KNOWN)
    assert set(sent) == {"shop", "shop-default", "shop-server", "shop-payments-chat", "shop-gateway"}
    assert sent["shop-server"].properties["name"] == "prod-server"
    assert sent["shop-payments-chat"].properties == {
        "name": "prod-chat",
        "artifact": {
            "name": "prod-server",
            "containers": [{"image": "ghcr.io/acme/chat:1", "port": 8080, "name": "main"}],
            "id": "a1",
        },
        "replicas": 2,
        "bundles": ["cpu.small"],
    }
    artifact = sent["shop-gateway"].properties["artifact"]
    assert artifact["name"] == "prod-gateway"
    assert artifact["containers"][0]["env"] == {
        "PEER": "http://chat/v1",
        "ID": "w1",
        "TOKEN": {"$secret": {"env": "HF_TOKEN"}},
    }
    assert "id" not in artifact


def test_options_of_a_resource_become_resource_options() -> None:
    request = run(lambda: wlinfra.deploy(stack_of(chat), "prod"), KNOWN)["shop-gateway"].request
    assert (request.protect, request.retainOnDelete, request.deleteBeforeReplace) == (True, True, True)
    assert list(request.ignoreChanges) == ["replicas", "sharedRoles"]
    assert request.customTimeouts.create == "90s"
    assert [alias.spec.name for alias in request.aliases] == ["shop-payments-door"]
    assert "shop-payments-chat" in {urn.rpartition("::")[2] for urn in request.dependencies}
    assert request.parent.endswith("$wlinfra:index:Deployment::shop")


def test_what_is_unknown_is_only_what_is_referred_to() -> None:
    sent = run(lambda: wlinfra.deploy(stack_of(chat), "prod"), preview=True)
    assert sent["shop-payments-chat"].properties["artifact"]["id"] == UNKNOWN
    [container] = sent["shop-gateway"].properties["artifact"]["containers"]
    assert container["image"] == "ghcr.io/acme/gateway:1"
    assert (container["env"]["PEER"], container["env"]["ID"]) == (UNKNOWN, UNKNOWN)


def test_the_outputs_of_the_stack_are_those_of_the_component() -> None:
    seen: dict[str, Any] = {}

    def program() -> pulumi.Output[Any]:
        deployment = wlinfra.deploy(stack_of(chat), "prod")
        assert set(deployment.resources) == {"artifact.server", "payments.workload.chat", "workload.gateway"}
        hidden: pulumi.Output[bool] = pulumi.Output.from_input(deployment.outputs["hidden"].is_secret())
        return pulumi.Output.all(**deployment.outputs, is_secret=hidden).apply(seen.update)

    run(program, KNOWN)
    assert seen == {"endpoint": "http://chat/", "hidden": "at http://chat/", "is_secret": True}


def test_providers_of_the_environment_become_providers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T", "canary")
    stack = stack_of(chat, endpoint="https://dr.example.com/api/v2", token=wl.secret_env("T"), pool_size=4)
    sent = run(lambda: wlinfra.deploy(stack, "prod", resource_name="all"), KNOWN)
    assert "all-default" in sent["all-server"].request.provider
    assert sent["all-default"].request.type == "pulumi:providers:wlinfra"
    assert sent["all-default"].properties == {
        "platform": "datarobot",
        "endpoint": "https://dr.example.com/api/v2",
        "token": Hidden("canary"),
        "poolSize": "4",
    }


def test_objects_of_a_cluster_are_deployed_with_what_they_refer_to() -> None:
    def declared() -> Iterator[Any]:
        base = {"apiVersion": "v1", "metadata": {"name": "c"}}
        config = Manifest(
            "config", {**base, "kind": "ConfigMap", "data": {"read_only": "1"}}, outputs={"lb": "status.lb"}
        )
        ref = {**base, "kind": "Service", "spec": {"externalName": config.output("lb"), "x": {"$ref": "y"}}}
        yield config
        yield Manifest("service", ref)

    stack = stack_of(declared, provider="kubernetes", endpoint=None)
    answers = Answers({"wlinfra:kubernetes:Manifest": {"manifestId": "m1", "values": {"lb": "10.0.0.1"}}})
    sent = run(lambda: wlinfra.deploy(stack, "prod"), answers)
    assert sent["shop-config"].properties["manifest"]["data"] == {"read_only": "1"}
    spec = sent["shop-service"].properties["manifest"]["spec"]
    assert spec == {"externalName": "10.0.0.1", "x": {"$literal": {"$ref": "y"}}}


def test_what_the_stack_looks_up_is_looked_up() -> None:
    def declared() -> Iterator[Any]:
        peer = wl.lookup("workload", name="peer")
        env = {"PEER": peer.endpoint, "ID": peer.id}
        yield wl.Artifact("server", containers=[wl.Container(image="x", port=8080, env=env)])

    answers = Answers()
    sent = run(lambda: wlinfra.deploy(stack_of(declared), "prod"), answers)
    assert sent["shop-server"].properties["containers"][0]["env"] == {"PEER": "http://peer/", "ID": "w1"}
    assert answers.calls == [("wlinfra:index:getWorkload", {"name": "peer"})]


def test_mistakes_of_the_stack_are_one_error_without_a_traceback() -> None:
    def declared() -> Iterator[Any]:
        yield wl.Workload("chat", artifact="65f0", replicas=0)  # wrong
        yield wl.Artifact("server")  # wrong as well

    with pytest.raises(pulumi.RunError) as caught:
        wlinfra.deploy(stack_of(declared), "prod")
    assert "replicas" in str(caught.value)
    assert "artifact.server" in str(caught.value)
    with pytest.raises(pulumi.RunError, match="staging"):
        wlinfra.deploy(stack_of(chat), "staging")


def test_the_example_of_the_quick_start_is_deployed_from_its_file() -> None:
    sent = run(lambda: wlinfra.deploy(ROOT / "examples" / "quickstart" / "infra.py", "local"), KNOWN)
    kinds = {one.request.type for one in sent.values()}
    assert {"wlinfra:index:Artifact", "wlinfra:index:Workload", "wlinfra:index:Deployment"} <= kinds


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("replicas", "replicas"),
        ("shared_roles", "sharedRoles"),
        ("containers[main].image", "containers[1].image"),
        ("containers[0].env[A.B]", 'containers[0].env["A.B"]'),
        ("containers[side].readiness.period_seconds", "containers[0].readiness.periodSeconds"),
        ("containers[gone].image", "containers[*].image"),
        ("containers[main].env.LOG", "containers[1].env.LOG"),
        ("containers[*].readiness.period_seconds", "containers[*].readiness.periodSeconds"),
        ('containers[7].env["A.B"]', 'containers[7].env["A.B"]'),
        ("containerGroups[0].containers[1].image", "containerGroups[0].containers[1].image"),
    ],
)
def test_a_path_is_written_as_pulumi_writes_it(path: str, expected: str) -> None:
    attributes = {"containers": [{"name": "side"}, {"name": "main"}]}
    shape = "Artifact" if path.startswith("containers") else "Workload"
    assert path_of(path, attributes, shape) == expected
