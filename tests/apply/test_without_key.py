"""Without the state's key a plan has no revisions; what moved since it was made is refused all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from support.memory_stage import MemoryStage, Thing

from wlinfra.changes.model import Decision
from wlinfra.plan.inputs import Inputs
from wlinfra.provider.base import PlanRequest
from wlinfra.resources.base import Resource
from wlinfra.state.key import Digest
from wlinfra.state.model import State


@dataclass(kw_only=True)
class KeylessStage(MemoryStage):
    """A stage whose key is lost."""

    def inputs(self, resources: Iterable[Resource], state: State) -> Inputs:
        return replace(super().inputs(resources, state), digest=Digest())


def edited_after_the_first_plan(stage: MemoryStage) -> Callable[[PlanRequest, Callable[[], Decision]], Decision]:
    """Return what happens when an object is planned: right after the first time, somebody moves it to another zone."""
    edits = iter(("elsewhere",))

    def plan(request: PlanRequest, proceed: Callable[[], Decision]) -> Decision:
        change = proceed()
        for zone in edits:
            assert change.id is not None
            stage.world.update(change.id, {"size": 1, "image": "x:1", "zone": zone}, ready_at=0.0)
        return change

    return plan


def test_an_object_that_moved_since_the_plan_is_not_touched(tmp_path: Path) -> None:
    stage = KeylessStage(folder=tmp_path)
    assert stage.apply([Thing("a")]).ok
    stage.provider.on_plan = edited_after_the_first_plan(stage)
    stage.provider.calls.clear()
    ((change, error),) = stage.apply([Thing("a", size=2)]).failed
    assert (change.address, error.summary) == ("thing.a", "Plan is stale")
    assert "replace is stronger than the approved update" in error.detail
    assert stage.provider.operations == []


def test_an_object_that_did_not_move_is_changed(tmp_path: Path) -> None:
    stage = KeylessStage(folder=tmp_path)
    assert stage.apply([Thing("a")]).ok
    assert stage.apply([Thing("a", size=2)]).ok
    (found,) = stage.world.objects.values()
    assert found.values["size"] == 2
