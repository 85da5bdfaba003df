"""A plan with an unknown value for a cluster: predicted without asking about the object, and told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import wlinfra as wl
from wlinfra.changes.model import Action
from wlinfra.plan.model import Plan
from wlinfra.resources.base import Resource
from wlinfra.stack.form import build
from wlinfra.values import UNKNOWN, contains_unknown
from wlinfra.workspace.workspace import Workspace

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle

Opening = Callable[..., Workspace]
CONTAINER: dict[str, Any] = {"image": "nginx:1", "port": 8080, "env": {"A": "b"}, "readiness": {"path": "/"}}
WORKLOAD: dict[str, Any] = {"replicas": 1, "cpu": 0.1, "memory": "64MB", "tags": {"team": "search"}}
CONTAINERS: list[Any] = [
    UNKNOWN,
    {**CONTAINER, "image": UNKNOWN},
    {**CONTAINER, "port": UNKNOWN},
    {**CONTAINER, "env": UNKNOWN},
    {**CONTAINER, "env": {"A": UNKNOWN}},
    {**CONTAINER, "readiness": UNKNOWN},
    {**CONTAINER, "security": UNKNOWN},
    {**CONTAINER, "entrypoint": UNKNOWN},
]
WORKLOADS: list[dict[str, Any]] = [
    {"replicas": UNKNOWN},
    {"replicas": None, "autoscaling": UNKNOWN},
    {"cpu": UNKNOWN},
    {"memory": UNKNOWN},
    {"tags": UNKNOWN},
    {"power": UNKNOWN},
]


@pytest.fixture
def opened(cluster: ClusterHandle, namespace: str, tmp_path: Path) -> Opening:
    """Return a function that opens the one environment of the test for other resources."""

    def make(container: Any = CONTAINER, **workload: Any) -> Workspace:
        artifact = build(wl.Artifact, {"name": "server", "containers": [container]})
        given = {name: value for name, value in {**WORKLOAD, **workload}.items() if value is not None}
        resources: list[Resource] = [artifact, build(wl.Workload, {"name": "chat", "artifact": artifact, **given})]
        stack = wl.Stack("shop")
        stack.resources(lambda env: resources)
        config: dict[str, Any] = {"kubeconfig": str(cluster.kubeconfig_of("admin")), "namespace": namespace}
        stack.environment("test", provider="kubernetes", **config)
        environ = {"HOME": str(tmp_path), "WLINFRA_STATE_KEY": "k" * 32}
        return wl.open_workspace(stack, state_dir=tmp_path, environ=environ)

    return make


def planned(workspace: Workspace) -> Plan:
    plan = workspace.plan()
    assert plan.errors == ()
    assert "wlinfrasample" not in repr(plan)
    shown = [one.planned for change in plan.changes for one in change.attributes]
    assert contains_unknown([*(dict(change.values) for change in plan.changes), *shown])
    return plan


def test_an_unknown_value_of_something_new_is_planned(opened: Opening) -> None:
    for container in CONTAINERS:
        with opened(container) as workspace:
            planned(workspace)
    for workload in WORKLOADS:
        with opened(**workload) as workspace:
            planned(workspace)


def test_an_unknown_value_of_a_container_that_runs_is_planned_as_a_roll(opened: Opening) -> None:
    with opened() as workspace:
        assert workspace.apply(wait=False).ok
    for container in CONTAINERS:
        with opened(container) as workspace:
            assert Action.ROLL in {change.action for change in planned(workspace).changes}, container


def test_an_unknown_value_of_a_workload_that_runs_is_planned_as_a_change(opened: Opening) -> None:
    with opened() as workspace:
        assert workspace.apply(wait=False).ok
    for workload in WORKLOADS:
        with opened(**workload) as workspace:
            actions = {change.action for change in planned(workspace).changes}
        assert actions & {Action.ROLL, Action.UPDATE}, workload
