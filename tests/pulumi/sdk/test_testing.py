"""The mocks for users' tests answer as the plugin would."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pulumi
import pytest
from support.pulumi_programs import run

import pulumi_wlinfra as wlinfra
from pulumi_wlinfra.testing import mocks

IMAGE = "ghcr.io/acme/chat:1.4.2"
EXAMPLE = Path(__file__).parents[3] / "examples" / "pulumi" / "__main__.py"


def chat(**attributes: Any) -> wlinfra.Workload:
    server = wlinfra.Artifact("server", containers=[{"image": IMAGE, "port": 8080}])
    return wlinfra.Workload("chat", artifact=server, **{"bundles": ["cpu.small"], **attributes})


def test_outputs_are_planned_with_stand_ins_for_what_only_the_platform_knows() -> None:
    seen: dict[str, Any] = {}

    def program() -> pulumi.Output[Any]:
        made = chat(replicas=2)
        return pulumi.Output.all(endpoint=made.endpoint, id=made.workload_id, replicas=made.replicas).apply(seen.update)

    sent = run(program, mocks())
    assert seen == {"endpoint": "https://chat.example.com/", "id": "chat-workloadId", "replicas": 2}
    assert sent["chat"].properties["artifact"]["id"] == "server-artifactId"


@pytest.mark.parametrize(
    ("attributes", "told"),
    [
        ({"replicas": 0}, "replicas"),
        ({"replics": 2}, "replics"),
        (
            {"replicas": 2, "autoscaling": [{"metric": "cpuAverageUtilization", "target": 7, "max": 2, "min": 1}]},
            "replicas",
        ),
    ],
)
def test_what_the_plugin_refuses_is_an_error_that_names_the_property(attributes: Any, told: str) -> None:
    with pytest.raises(Exception, match=f"wlinfra:index:Workload chat: .*{told}"):
        run(
            lambda: wlinfra.Workload.declare("chat", {"artifact": "65f0c0ffee0123456789abcd", **attributes}, None),
            mocks(),
        )


def test_a_secret_is_in_no_error() -> None:
    env = {"TOKEN": pulumi.Output.secret("canary"), "A=B": "c"}
    container: Any = {"image": IMAGE, "port": 8080, "env": env}
    with pytest.raises(Exception, match="Artifact server") as caught:
        run(lambda: wlinfra.Artifact("server", containers=[container]), mocks())
    assert "canary" not in str(caught.value)


def test_each_provider_is_asked_for_its_own_resources() -> None:
    document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}}

    def program() -> None:
        lab = wlinfra.Provider("lab", platform="kubernetes")
        wlinfra.kubernetes.Manifest("config", manifest=document, opts=pulumi.ResourceOptions(provider=lab))
        chat()

    assert set(run(program, mocks())) == {"lab", "config", "server", "chat"}


def test_outputs_that_a_manifest_names_are_values() -> None:
    seen: list[Any] = []
    document = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "gateway"}}

    def program() -> pulumi.Output[Any]:
        made = wlinfra.kubernetes.Manifest("gateway", manifest=document, outputs={"ip": "status.loadBalancer"})
        return made.values.apply(seen.append)

    run(program, mocks({"platform": "kubernetes"}))
    assert seen == [{"name": "gateway-name", "namespace": "gateway-namespace", "ip": "gateway-ip"}]


def test_in_a_preview_what_is_not_known_stays_so() -> None:
    known: dict[str, Any] = {}

    def program() -> pulumi.Output[Any]:
        made = chat(replicas=2)
        endpoint: pulumi.Output[bool] = pulumi.Output.from_input(made.endpoint.is_known())
        return pulumi.Output.all(endpoint=endpoint).apply(known.update)

    run(program, mocks(), preview=True)
    assert known == {"endpoint": False}


def test_what_exists_is_found_by_a_stand_in() -> None:
    seen: dict[str, Any] = {}
    run(lambda: wlinfra.get_workload(name="peer").apply(seen.update), mocks())
    assert seen == {"name": "peer", "workload_id": "peer-workloadId", "endpoint": "https://peer.example.com/"}


def test_the_example_can_be_tested(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLE.parent))
    sent = run(lambda: runpy.run_path(str(EXAMPLE)) and None, mocks())
    assert {"server", "chat", "gateway"} <= set(sent)
