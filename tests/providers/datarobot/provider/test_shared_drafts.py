"""A draft serves one workload only: a plan orders the calls so that they succeed, or refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from support.datarobot_stage import Stage, server

import wlinfra as wl
from wlinfra.resources.base import Resource

Runs = dict[str, str]


def made(stage: Stage, name: str = "theirs", status: str = "draft") -> str:
    """Return the id of an artifact that another user made."""
    spec = {"containerGroups": [{"containers": [{"imageUri": "acme/chat:1", "primary": True, "port": 8080}]}]}
    return str(stage.api.ok("POST", "/artifacts", {"name": name, "spec": spec, "status": status})["id"])


def program(runs: Runs, **attributes: object) -> Callable[[], Iterator[Resource]]:
    """Return a program of workloads by name, each with the name of its own draft, ``id:`` one, or ``name:`` one."""

    def artifact(what: str) -> object:
        kind, _, value = what.partition(":")
        return value if kind == "id" else wl.lookup("artifact", name=value) if kind == "name" else drafts[what]

    drafts = {name: server(name=name, status="draft") for name in ("one", "two", "three")}

    def resources() -> Iterator[Resource]:
        yield from drafts.values()
        for name, what in runs.items():
            yield wl.Workload(name, artifact=artifact(what), **attributes)  # type: ignore[arg-type]

    return resources


def refused(stage: Stage, runs: Runs, **options: object) -> str:
    """Return what the plan says against the program; fails when it says nothing."""
    (error,) = stage.plan(program(runs), **options).errors
    assert error.location is not None
    assert error.fix
    return f"{error.address}: {error.summary}: {error.detail}"


def applied(stage: Stage, runs: Runs, **options: object) -> list[str]:
    """Return the calls of an apply that succeeds and leaves nothing to do."""
    stage.calls()
    result = stage.apply(program(runs), **options)  # type: ignore[arg-type]
    answers = [exchange.status or 0 for exchange in stage.emulator.requests]
    assert not [status for status in answers if 400 <= status < 500 and status != 404], answers
    assert not result.failed
    assert stage.plan(program(runs)).is_empty
    return stage.calls()


@pytest.mark.parametrize("how", ["id", "name"])
def test_two_workloads_on_one_live_draft_are_refused(stage: Stage, how: str) -> None:
    given = made(stage)
    what = f"id:{given}" if how == "id" else "name:theirs"
    said = refused(stage, {"blue": what, "green": what})
    assert said.startswith("workload.green: Draft serves one workload only")
    assert "workload.blue" in said


def test_a_draft_of_this_stack_named_by_its_id_too_is_refused(stage: Stage) -> None:
    applied(stage, {"blue": "one"})
    given = stage.record("artifact.one").id
    assert "workload.blue" in refused(stage, {"blue": "one", "green": f"id:{given}"})
    assert "workload.green" in refused(stage, {"green": f"id:{given}", "blue": "one"})


def test_a_locked_artifact_serves_as_many_as_name_it(stage: Stage) -> None:
    given = made(stage, status="locked")
    applied(stage, {"blue": f"id:{given}", "green": "name:theirs"})


def test_a_draft_that_a_workload_of_another_user_runs_is_refused(stage: Stage) -> None:
    given = made(stage)
    stage.api.ok("POST", "/workloads", {"name": "stranger", "artifactId": given})
    said = refused(stage, {"blue": f"id:{given}"})
    assert "'stranger'" in said
    assert "this plan leaves that one as it is" in said
    applied(stage, {"blue": "one"})
    assert "'stranger'" in refused(stage, {"blue": f"id:{given}"})


def test_a_replaced_workload_is_deleted_before_its_draft_gets_another(stage: Stage) -> None:
    applied(stage, {"blue": "one"})
    calls = applied(stage, {"blue": "one"}, replaces=("workload.blue",))
    assert calls == ["DELETE /workloads/*", "POST /workloads"]


def test_creating_first_on_the_draft_that_the_old_one_runs_is_refused(stage: Stage) -> None:
    applied(stage, {"blue": "one"})
    declaring = program({"blue": "one"}, replace_order="create-then-delete")
    (error,) = stage.plan(declaring, replaces=("workload.blue",)).errors
    assert "replace_order" in error.fix
    moved = program({"blue": "two"}, replace_order="create-then-delete")
    assert not stage.plan(moved, replaces=("workload.blue",)).errors


def test_a_renamed_workload_is_deleted_before_its_draft_gets_the_new_one(stage: Stage) -> None:
    applied(stage, {"blue": "one"})
    change = stage.change(program({"green": "one"}), "workload.green")
    assert change.notes == ("this follows workload.blue, because a draft serves one workload only",)
    assert applied(stage, {"green": "one"}) == ["DELETE /workloads/*", "POST /workloads"]


def test_a_draft_is_handed_over_once_it_is_free(stage: Stage) -> None:
    applied(stage, {"blue": "one"})
    assert applied(stage, {"blue": "two", "green": "one"}) == ["POST /workloads/*/replacement", "POST /workloads"]
    assert applied(stage, {"green": "three", "blue": "one"}) == ["POST /workloads/*/replacement"] * 2


def test_a_draft_is_not_handed_over_by_what_stays(stage: Stage) -> None:
    applied(stage, {"blue": "one"})
    assert "this plan leaves that one as it is" in refused(
        stage, {"blue": "two", "green": "one"}, targets=("workload.green",)
    )
    ends = program({"green": "one"})
    assert [error.address for error in stage.plan(ends, excludes=("workload.blue",)).errors] == ["workload.green"]


def test_drafts_that_change_places_are_refused_with_a_way_that_works(stage: Stage) -> None:
    applied(stage, {"blue": "one", "green": "two"})
    stage_refuses = stage.plan(program({"blue": "two", "green": "one"}))
    assert {error.summary for error in stage_refuses.errors} == {"Drafts change places"}
    applied(stage, {"blue": "three", "green": "two"})
    applied(stage, {"blue": "two", "green": "one"})


def test_three_drafts_in_a_ring_are_refused(stage: Stage) -> None:
    applied(stage, {"blue": "one", "green": "two", "red": "three"})
    ring = stage.plan(program({"blue": "two", "green": "three", "red": "one"}))
    assert {error.summary for error in ring.errors} == {"Drafts change places"}


def test_a_draft_named_by_its_id_that_is_locked_in_the_same_plan_is_refused(stage: Stage) -> None:
    applied(stage, {"blue": "one"})
    second = str(stage.record("artifact.two").id)
    locked = [server(name="one", status="draft"), server(name="two"), server(name="three", status="draft")]
    for name in ("blue", "green"):
        errors = stage.plan(lambda name=name: [*locked, wl.Workload(name, artifact=second)]).errors  # type: ignore[misc]
        assert [(error.address, error.summary) for error in errors] == [
            (f"workload.{name}", "Artifact is locked in this plan")
        ]
    stage.apply(lambda: [*locked, wl.Workload("blue", artifact=locked[0]), wl.Workload("green", artifact=locked[1])])


def test_a_draft_that_is_created_next_to_one_that_exists_is_planned(stage: Stage) -> None:
    stage.apply(lambda: [server(name="two")])
    fresh = server(name="one", status="draft")
    stage.apply(lambda: [server(name="two"), fresh, wl.Workload("blue", artifact=fresh)])
