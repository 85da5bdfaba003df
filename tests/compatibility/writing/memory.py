"""Writes what stacks on the platform in memory leave: directories of states, and the platform in one file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from compatibility.in_memory import INTERRUPTED, MemoryCommands
from wlinfra.changes.model import Step
from wlinfra.provider.base import StepResult
from wlinfra.testing import MemoryProvider

__all__ = ["planned", "write"]

LOST = {
    "create-lost": ("create", True),
    "create-unsent": ("create", False),
    "update-lost": ("update", True),
    "delete-lost": ("delete", True),
    "replace-lost": ("create", False),
    "deposed": ("delete", False),
}
"""At which operation an apply ends, and whether the platform has done it."""


def write(folder: Path, place: Path) -> None:
    """Apply each environment, and leave those that are to be interrupted in the middle of the second time."""
    commands = MemoryCommands(folder, place)
    world = commands.provider().world
    world.create("workload", "somebodys", {})
    found = world.create("workload", "found", {"description": "made by hand"})
    commands.run("apply", "--auto-approve", "-e", "settled", "--set", "phase=1", "--exclude", "workload.found")
    commands.run("import", "workload.found", found.id, "-e", "settled", "--set", "phase=2")
    for phase in ("2", "3"):
        commands.run("apply", "--auto-approve", "-e", "settled", "--set", f"phase={phase}")
    for environment in INTERRUPTED:
        commands.run("apply", "--auto-approve", "-e", environment, "--set", "phase=1")
        _killed(commands, environment)


def planned(kept: Path, place: Path) -> dict[str, dict[str, str]]:
    """Return what this version plans for each interrupted environment."""
    commands = MemoryCommands(kept, place)
    return {name: commands.actions("-e", name) for name in INTERRUPTED}


def _killed(commands: MemoryCommands, environment: str) -> None:
    """Apply in a child process that ends at one call, before or after it."""
    operation, done = LOST[environment]

    def strike(step: Step, proceed: Callable[[], StepResult]) -> StepResult:
        if step.operation != operation:
            return proceed()
        if done:
            proceed()
        os._exit(9)

    def prepare(provider: MemoryProvider) -> None:
        provider.on_run = strike

    child = os.fork()
    if child == 0:
        commands.run("apply", "--auto-approve", "-e", environment, "--parallelism", "1", prepare=prepare)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
