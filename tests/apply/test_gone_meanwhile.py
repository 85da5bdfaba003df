"""An object that was to be replaced goes by itself in the middle of the run: then it is only made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from support.memory_stage import MemoryStage, Thing

from wlinfra.changes.model import Step
from wlinfra.provider.base import StepResult


def things(*, size: int = 1, zone: str = "a") -> list[Thing]:
    first = Thing("first", size=size)
    return [first, Thing("second", zone=zone, peers=[first.ref("endpoint")])]


def test_what_was_to_be_deleted_first_and_is_gone_is_made_as_approved(tmp_path: Path) -> None:
    stage = MemoryStage(folder=tmp_path, unique_names=True, parallelism=1)
    stage.settle(things)
    old = next(item.id for item in stage.world.objects.values() if item.name == "second")

    def run(step: Step, proceed: Callable[[], StepResult]) -> StepResult:
        if step.target != old and old in stage.world.objects:
            stage.world.delete(old)
        return proceed()

    stage.provider.on_run = run
    result = stage.apply(things(size=2, zone="b"))
    assert (result.ok, result.failed) == (True, ())
    stage.check(lambda: things(size=2, zone="b"))
