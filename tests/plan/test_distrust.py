"""What a provider answers wrongly, or raises, is an error of the provider: named, placed in the program, without secrets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest
from support.memory_stage import MemoryStage, Thing

from wlinfra.changes.model import Action, Decision
from wlinfra.errors import Diagnostic, WlinfraError
from wlinfra.provider.base import Absent, PlanRequest
from wlinfra.state.lease import LockRequest
from wlinfra.state.model import Deposed


@pytest.fixture
def stage(tmp_path: Path) -> MemoryStage:
    stage = MemoryStage(folder=tmp_path)
    assert stage.apply([Thing("a"), Thing("b", size=2)]).ok
    return stage


def fail(*_: object) -> NoReturn:
    raise KeyError("canary")


def errors_of(stage: MemoryStage, *resources: Thing) -> tuple[Diagnostic, ...]:
    try:
        return stage.plan(resources).errors
    except WlinfraError as error:
        return error.diagnostics


@pytest.mark.parametrize("question", ["check", "expand", "read", "plan"])
def test_an_exception_is_the_providers_at_the_line_of_the_declaration(stage: MemoryStage, question: str) -> None:
    setattr(stage.provider, f"on_{question}", fail)
    (error,) = errors_of(stage, Thing("a"))[:1]
    assert error.summary == "Provider failed unexpectedly"
    assert error.detail.startswith("KeyError was raised in test_distrust.py, line ")
    assert error.detail.endswith("This is a bug in the default provider.")
    assert "canary" not in str(error)
    assert (error.address, error.location and Path(error.location.file).name) == ("thing.a", "test_distrust.py")


def test_an_exception_in_the_plan_of_one_object_leaves_the_others_planned(stage: MemoryStage) -> None:
    stage.provider.on_plan = lambda request, proceed: fail() if request.subject.name == "a" else proceed()
    plan = stage.plan([Thing("a"), Thing("b", size=3)])
    assert [error.address for error in plan.errors] == ["thing.a"]
    assert [(change.address, change.action) for change in plan.effective] == [("thing.b", Action.UPDATE)]


def test_an_exception_in_the_plan_of_an_end_names_the_recorded_object(stage: MemoryStage) -> None:
    stage.provider.on_plan = fail
    assert sorted(str(error.address) for error in errors_of(stage)) == [
        "thing.a",
        "thing.b",
    ]  # recorded in either order


@pytest.mark.parametrize("answers", [[], [Absent()] * 3, [None, None], None], ids=["none", "three", "wrong", "nothing"])
def test_readings_that_answer_nothing_are_refused(stage: MemoryStage, answers: Any) -> None:
    stage.provider.on_read = lambda requests, proceed: answers
    errors = errors_of(stage, Thing("a"), Thing("b"))
    assert [error.address for error in errors] == ["thing.a", "thing.b"]
    assert all(error.detail.endswith("This is a bug in the default provider.") for error in errors)


def test_the_second_look_for_what_is_gone_is_distrusted_too(stage: MemoryStage) -> None:
    stage.world.delete(stage.world.find("thing", "a")[0])
    stage.provider.on_read = lambda requests, proceed: proceed() if requests[0].id else []
    (error,) = errors_of(stage, Thing("a"))
    assert (error.address, error.summary) == ("thing.a", "Provider returned wrong readings")


def depose(stage: MemoryStage) -> None:
    """Record an old object of thing.a that is to be deleted."""
    old = stage.world.create("thing", "a", {"size": 1, "image": "x:1", "zone": "a"}).id
    item = next(one for one in stage.state.objects.values() if one.name == "a")
    with stage.store.acquire(LockRequest(owner="test")) as lease, stage.store.open(lease) as session:
        session.put(replace(item, deposed=(Deposed(id=old),)))


def wrong(**fields: Any) -> Callable[[PlanRequest, Callable[[], Decision]], Decision]:
    return lambda request, proceed: replace(proceed(), **fields) if request.deposed_id else proceed()


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"action": Action.UPDATE}, "the object must go"),
        ({"action": Action.CREATE}, "the object must go"),
        ({"steps": ()}, "no step removes the object"),
        ({"label": "recorded only"}, "must not be set"),
    ],
)
def test_the_plan_of_a_deposed_object_is_distrusted_too(stage: MemoryStage, fields: Any, fault: str) -> None:
    depose(stage)
    stage.provider.on_plan = wrong(**fields)
    (error,) = errors_of(stage, Thing("a"), Thing("b", size=2))
    assert (error.address, error.summary, fault in error.detail) == ("thing.a", "Provider returned wrong plan", True)


def test_a_plan_that_is_none_is_the_providers_mistake(stage: MemoryStage) -> None:
    nothing: Any = None
    stage.provider.on_plan = lambda request, proceed: nothing
    (error,) = errors_of(stage, Thing("a"), Thing("b", size=2))[:1]
    assert error.detail == (
        "For thing.a it returned NoneType, but a decision was asked for. This is a bug in the default provider."
    )
