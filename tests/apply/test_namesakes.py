"""Two resources of one name: the lost answer of one create is never taken for the other's effect."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from support.memory_stage import MemoryStage, Thing

from wlinfra.changes.model import Step
from wlinfra.errors import Diagnostic
from wlinfra.provider.base import StepResult, UnknownOutcome


def both() -> list[Thing]:
    return [Thing("one", platform_name="chat"), Thing("two", platform_name="chat", size=2)]


def losing(times: int) -> Callable[[Step, Callable[[], StepResult]], StepResult]:
    """Return a platform that never gets the first creates of the second thing."""
    left = iter(range(times))

    def run(step: Step, proceed: Callable[[], StepResult]) -> StepResult:
        if step.makes and step.payload["values"]["size"] == 2 and next(left, None) is not None:
            return UnknownOutcome(error=Diagnostic(summary="Outcome of a call unknown", detail="The line broke."))
        return proceed()

    return run


def test_a_lost_create_is_made_although_its_namesake_appeared(tmp_path: Path) -> None:
    stage = MemoryStage(folder=tmp_path, parallelism=1)
    stage.provider.on_run = losing(1)
    assert stage.apply(both()).ok
    assert len(stage.world.objects) == len(stage.known_ids()) == 2
    assert stage.plan(both()).is_empty
