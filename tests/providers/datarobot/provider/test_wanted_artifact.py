"""A plan refuses to create, replace or roll a workload that is to run an artifact by an id that leads to none."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from support.datarobot_stage import Declaring, Stage, chat, server

import wlinfra as wl
from wlinfra.resources.lifecycle import ReplaceOrder

NOBODYS = "0" * 24


def runs(artifact: str, **attributes: Any) -> Declaring:
    def declaring() -> Iterable[wl.Resource]:
        yield server()
        yield wl.Workload("chat", artifact=artifact, **attributes)

    return declaring


def test_a_workload_is_not_created_for_an_artifact_that_is_not_there(stage: Stage) -> None:
    (error,) = stage.plan(runs(NOBODYS)).errors
    assert error.summary == "No such artifact"
    assert NOBODYS in error.detail
    assert (error.address, error.path) == ("workload.chat", "artifact")
    assert error.location is not None


def test_a_workload_is_not_rolled_to_an_artifact_that_is_not_there(stage: Stage) -> None:
    stage.apply(chat())
    assert [error.summary for error in stage.plan(runs(NOBODYS)).errors] == ["No such artifact"]


@pytest.mark.parametrize("order", list(ReplaceOrder))
def test_a_workload_is_not_replaced_for_an_artifact_that_is_not_there(stage: Stage, order: ReplaceOrder) -> None:
    stage.apply(chat(replace_order=order))
    plan = stage.plan(runs(NOBODYS, replace_order=order), replaces=("workload.chat",))
    assert [error.summary for error in plan.errors] == ["No such artifact"]


def test_an_artifact_that_is_there_may_be_named_by_its_id(stage: Stage) -> None:
    stage.apply(chat())
    identity = stage.workload()["artifactId"]
    plan = stage.plan(runs(identity))
    assert not plan.errors
    assert not any(change.steps for change in plan.changes)


def test_what_runs_counts_where_the_declared_artifact_is_ignored(stage: Stage) -> None:
    stage.apply(chat())
    plan = stage.plan(runs(NOBODYS, ignore_changes=["artifact"]), replaces=("workload.chat",))
    assert not plan.errors
