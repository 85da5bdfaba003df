"""States on the platform in memory that an earlier version wrote: read as they are, nothing is to be done."""

from __future__ import annotations

from pathlib import Path

import pytest

from compatibility.in_memory import MemoryCommands
from compatibility.projects import expected_actions, missing, restored

PLANS = expected_actions("memory")


@pytest.fixture
def commands(tmp_path: Path) -> MemoryCommands:
    return MemoryCommands(restored("memory", tmp_path), tmp_path)


def test_nothing_is_to_be_done_and_an_apply_calls_nothing(commands: MemoryCommands) -> None:
    before, exists = commands.recorded("-e", "settled"), commands.provider().world.log
    assert len(before) == 11
    assert commands.actions("-e", "settled") == {}
    assert commands.actions("-e", "settled", "--refresh=false") == {}
    commands.run("apply", "--auto-approve", "-e", "settled")
    assert commands.provider().world.log == exists
    assert missing(before, commands.recorded("-e", "settled")) == []
    assert commands.actions("-e", "settled") == {}


@pytest.mark.parametrize("environment", PLANS)
def test_a_plan_after_an_interruption_is_the_one_of_the_version_that_was_interrupted(
    commands: MemoryCommands, environment: str
) -> None:
    assert commands.actions("-e", environment) == PLANS[environment]


@pytest.mark.parametrize(
    "environment",
    # What does not show is waited for as long as a request may take, here more than a minute.
    [
        name if name in ("create-lost", "delete-lost") else pytest.param(name, marks=pytest.mark.nightly)
        for name in PLANS
    ],
)
def test_an_apply_after_an_interruption_ends_what_was_begun(commands: MemoryCommands, environment: str) -> None:
    for lock in commands.world.parent.rglob("lock.json"):
        lock.unlink()  # else the apply waits until the lease of the other machine is over
    commands.run("apply", "--auto-approve", "-e", environment)
    assert commands.actions("-e", environment) == {}
    names = sorted(
        item.name for item in commands.provider().world.objects.values() if item.name.startswith(environment)
    )
    wanted = {"server", "chat", "third"} - ({"third"} if environment == "delete-lost" else set())
    wanted |= {"second"} if environment.startswith("create") else set()
    assert names == sorted(f"{environment}-{name}" for name in wanted)
