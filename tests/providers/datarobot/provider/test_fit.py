"""A workload that does not fit its artifact is refused before any call, whoever made the artifact."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from support.datarobot_stage import Stage

import wlinfra as wl
from wlinfra.resources.base import Resource

MAIN = {"name": "main", "imageUri": "acme/chat:1", "primary": True, "port": 8080}
SIDE = {"name": "side", "imageUri": "acme/side:1"}
SMALL = wl.Allocation(cpu=1, memory="1GB")


def theirs(stage: Stage, *containers: dict[str, Any], kind: str = "service") -> str:
    """Return the id of a locked artifact that another user made."""
    spec = {"containerGroups": [{"containers": list(containers or (MAIN,))}]}
    return str(stage.api.ok("POST", "/artifacts", {"name": kind, "type": kind, "spec": spec, "status": "locked"})["id"])


def runs(artifact: str, *, looked_up: bool = False, **attributes: Any) -> Callable[[], list[Resource]]:
    """Return a program of one workload that runs the artifact of that id, or of that name."""
    return lambda: [
        wl.Workload("chat", artifact=wl.lookup("artifact", name=artifact) if looked_up else artifact, **attributes)
    ]


def refused(stage: Stage, declaring: Callable[[], Iterable[Resource]]) -> tuple[str, str]:
    """Return what the plan says against the program; fails when it says nothing or anything was called."""
    stage.calls()
    (error,) = stage.plan(declaring).errors
    assert error.location is not None
    assert error.fix
    assert stage.calls() == []
    return error.summary, error.detail


@pytest.mark.parametrize(
    ("containers", "attributes", "why"),
    [
        ((MAIN,), {"allocations": {"nope": SMALL}}, "no container nope; it has main"),
        ((MAIN, SIDE), {}, "main, side has none"),
        ((MAIN, SIDE), {"bundles": ["cpu.small"], "allocations": {"main": SMALL}}, "side has none"),
        ((MAIN,), {"autoscaling": [wl.gpu_cache(target=50, min=1, max=3)]}, "measured in NIM artifacts only"),
    ],
)
@pytest.mark.parametrize("how", ["id", "lookup"])
def test_a_runtime_that_an_artifact_of_others_does_not_fit_is_refused(
    stage: Stage, how: str, containers: tuple[dict[str, Any], ...], attributes: dict[str, Any], why: str
) -> None:
    given, looked_up = theirs(stage, *containers), how == "lookup"
    summary, detail = refused(stage, runs("service" if looked_up else given, looked_up=looked_up, **attributes))
    assert (summary, why in detail) == ("Runtime does not fit the artifact", True), detail


def test_settings_that_do_not_fit_what_runs_are_refused(stage: Stage) -> None:
    given = theirs(stage)
    stage.apply(runs(given))
    assert "no container nope" in refused(stage, runs(given, allocations={"nope": SMALL}))[1]
    stage.apply(runs(given, allocations={"main": SMALL}))


def test_several_containers_of_this_stack_need_an_allocation_each(stage: Stage) -> None:
    containers = [
        wl.Container(name="main", image="a:1", port=8080, primary=True),
        wl.Container(name="side", image="b:1"),
    ]
    server = wl.Artifact("server", containers=containers)
    _, detail = refused(stage, lambda: [server, wl.Workload("chat", artifact=server, bundles=["cpu.small"])])
    assert "main, side has none" in detail
    fitting = {"main": SMALL, "side": SMALL}
    stage.apply(lambda: [server, wl.Workload("chat", artifact=server, allocations=fitting)])


def test_a_roll_to_another_type_is_refused_with_the_replacement_that_works(stage: Stage) -> None:
    stage.apply(runs(theirs(stage)))
    agent = theirs(stage, kind="agent")
    assert refused(stage, runs(agent))[0] == "Artifact is of another type"
    stage.apply(runs(agent), replaces=("workload.chat",))
    assert stage.workload()["type"] == "agent"
