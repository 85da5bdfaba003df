"""One workload of a stack is planned by itself on a cluster: nothing of the others ends, and nothing is asked in vain."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import wlinfra as wl
from wlinfra.changes.model import Action
from wlinfra.values import UNKNOWN, Json
from wlinfra.workspace.workspace import Workspace
from wlinfra_kubernetes.provider import KubernetesConnection

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle

Opening = Callable[..., Workspace]
NOTHING = wl.PlanOptions(refresh=False)
AT_MOST = 3
"""Which cluster this is, and what it serves."""


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


def requests_of(workspace: Workspace) -> int:
    (connection,) = workspace._opened.connect().values()
    assert isinstance(connection, KubernetesConnection)
    return connection.platform.client.requests


def served(*, token: str = "a") -> wl.Artifact:
    container = wl.Container(
        image="nginx:1", port=8080, env={"TOKEN": wl.Secret(lambda: token, describe="a token"), "MODE": "fast"}
    )
    return wl.Artifact("server", containers=[container])


def test_nothing_is_asked_of_each_object_where_nothing_changed(opened: Opening) -> None:
    server = served()
    many = [workload(f"w{number}", server) for number in range(4)]
    with opened(server, *many) as workspace:
        assert workspace.apply().ok
    counts = []
    for few in (many, many[:1]):
        with opened(*few, **external(server)) as part:
            assert {change.action for change in part.plan(NOTHING).changes} == {Action.NO_OP}
            counts.append(requests_of(part))
    assert counts == [counts[0], counts[0]]
    assert counts[0] <= AT_MOST


def test_what_changed_is_seen_from_the_record(opened: Opening, cluster: ClusterHandle, namespace: str) -> None:
    server, rotated = served(), served(token="b")
    with opened(server, workload("chat", server)) as workspace:
        assert workspace.apply().ok
    with opened(rotated, workload("chat", rotated)) as workspace:
        found = {change.kind.rpartition("/")[2]: change.action for change in workspace.plan(NOTHING).effective}
        assert found == {"Secret": Action.UPDATE, "Deployment": Action.ROLL}
    cluster.api.merge(f"/apis/apps/v1/namespaces/{namespace}/deployments/chat", {"spec": {"replicas": 3}})
    with opened(server, workload("chat", server)) as workspace:
        assert workspace.plan(NOTHING).is_empty
        assert ["replicas" in error.detail for error in workspace.plan().errors] == [True]
