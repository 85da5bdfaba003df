"""SIGKILL at any moment: everything acknowledged is there, and nothing that was not written."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from support.state_samples import make_store, start_child


def kill_while_writing(root: Path, delay: float) -> int:
    """Return the number of the last object that the killed process had acknowledged."""
    child = start_child("forever", str(root))
    assert child.stdout is not None
    last = int(child.stdout.readline())
    time.sleep(delay)
    child.kill()
    lines = child.communicate()[0].splitlines(keepends=True)
    return max([last, *(int(line) for line in lines if line.endswith("\n"))])


@pytest.mark.parametrize("kills", [8, pytest.param(200, marks=pytest.mark.nightly)])
def test_a_killed_writer_loses_nothing_it_acknowledged(tmp_path: Path, kills: int) -> None:
    chance = random.Random(7)
    for _ in range(kills):
        last = kill_while_writing(tmp_path, chance.uniform(0.0, 0.05))
        state = make_store(tmp_path).load()
        names = [f"workload.n{number}" for number in range(len(state.objects))]
        assert list(state.objects) == names
        assert last < len(names) <= last + 2
        assert len(state.intents) <= kills
