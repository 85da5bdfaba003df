"""One workload of a stack is planned by itself on a cluster: nothing of the others ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import wlinfra as wl
from wlinfra.changes.model import Action
from wlinfra.values import UNKNOWN, Json
from wlinfra.workspace.workspace import Workspace

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle

Opening = Callable[..., Workspace]


@pytest.fixture
def opened(cluster: ClusterHandle, namespace: str, tmp_path: Path) -> Opening:
    """Return a function that opens the one environment of the test for other resources."""

    def make(*resources: wl.Artifact | wl.Workload, **options: Any) -> Workspace:
        stack = wl.Stack("shop")
        stack.resources(lambda env: resources)
        config: dict[str, Any] = {"kubeconfig": str(cluster.kubeconfig_of("admin")), "namespace": namespace}
        stack.environment("test", provider="kubernetes", **config)
        environ = {"HOME": str(tmp_path), "WLINFRA_STATE_KEY": "k" * 32}
        return wl.open_workspace(stack, state_dir=tmp_path, environ=environ, **options)

    return make


def artifact(image: str = "nginx:1") -> wl.Artifact:
    return wl.Artifact("server", containers=[wl.Container(image=image, port=8080)])


def workload(name: str, server: wl.Artifact, **more: Any) -> wl.Workload:
    return wl.Workload(name, artifact=server, replicas=1, **more)


def external(server: wl.Artifact, identity: Json = "1") -> dict[str, Any]:
    return {"externals": [wl.External(server, {"id": identity})], "partial": True}


def test_a_workload_is_planned_and_applied_by_itself(opened: Opening) -> None:
    server = artifact()
    with opened(workload("one", server), **external(server, UNKNOWN)) as one:
        assert {str(change.address.resource) for change in one.plan().changes} == {"workload.one", "inventory.default"}
        assert one.apply(wait=False).ok
    with opened(workload("two", server), **external(server)) as two:
        assert two.apply(wait=False).ok
        everything = {address for address, item in two.state.objects.items() if not item.virtual}
    assert {address.resource for address in everything} == {"workload.one", "workload.two", "inventory.default"}
    later = artifact("nginx:2")
    with opened(workload("one", later), **external(later)) as one:
        plan = one.plan()
        assert not plan.errors
        assert {change.address.resource for change in plan.effective} == {"workload.one"}
        assert Action.DELETE not in {change.action for change in plan.changes}
        assert one.apply(wait=False).ok
        assert set(one.state.objects) == everything
    with opened(server, workload("one", later), workload("two", server)) as both:
        assert Action.DELETE not in {change.action for change in both.plan().changes}
