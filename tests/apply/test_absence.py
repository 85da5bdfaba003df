"""What shall be created is looked for once more right before: another of its name may have appeared meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.memory_stage import MemoryStage, Thing

from wlinfra.changes.model import Decision
from wlinfra.provider.base import PlanRequest

VALUES = {"size": 1, "image": "x:1", "zone": "a"}


@pytest.fixture
def stage(tmp_path: Path) -> MemoryStage:
    return MemoryStage(folder=tmp_path)


def somebody_makes(stage: MemoryStage, name: str) -> Callable[[PlanRequest, Callable[[], Decision]], Decision]:
    """Return what happens when an object is planned: right after, somebody makes one of that name."""

    def plan(request: PlanRequest, proceed: Callable[[], Decision]) -> Decision:
        change = proceed()
        if request.desired is not None and request.desired.name == name and not stage.world.find("thing", name):
            stage.world.create("thing", name, VALUES)
        return change

    return plan


def test_an_object_made_by_somebody_else_after_the_plan_is_not_doubled(stage: MemoryStage) -> None:
    stage.provider.on_plan = somebody_makes(stage, "a")
    result = stage.apply([Thing("a"), Thing("b")])
    ((change, error),) = result.failed
    assert (change.address, error.summary) == ("thing.a", "Plan is stale")
    assert "import instead of create" in error.detail
    assert sorted(item.name for item in stage.world.objects.values()) == ["a", "b"]
    assert list(stage.state.objects) == ["thing.b"]


def test_all_that_is_to_be_created_is_looked_for_in_one_question(stage: MemoryStage) -> None:
    assert stage.apply([Thing(f"t{number}") for number in range(50)]).ok
    assert [call.question for call in stage.provider.calls].count("read") == 2
