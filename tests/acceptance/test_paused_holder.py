"""A run that slept past its lease has lost the lock: it calls nothing and writes nothing any more."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.project import Project, program
from support.world import World

from wlinfra.emulation import Invoke, Phase
from wlinfra_datarobot.emulator import DataRobotEmulator

FOUR = """
for name in ("ants", "bees", "cats", "dogs"):
    yield wl.Artifact(name, status="draft", containers=[wl.Container(image="ghcr.io/acme/chat:1", port=8080)])
"""
NAMES = {"ants", "bees", "cats", "dogs"}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(folder=tmp_path, environ={"WLINFRA_LEASE_SECONDS": "1"})


def state_files(project: Project) -> dict[str, bytes]:
    """Return what the state consists of, without the lock."""
    folder = project.folder / ".wlinfra" / "shop" / "test"
    return {
        path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and not path.name.startswith("lock")
    }


def wait_for(condition: Callable[[], bool]) -> None:
    """Return when it holds; the test's own time limit ends a wait that never ends."""
    while not condition():
        time.sleep(0.01)


def is_stopped(pid: int) -> bool:
    return "\nState:\tT" in Path(f"/proc/{pid}/status").read_text()


@pytest.fixture
def paused(project: Project, emulator: DataRobotEmulator) -> Iterator[int]:
    """Start an apply and stop its process when its second create has been answered; yield the process."""
    project.write(program(FOUR, emulator.url))
    victims: list[int] = []
    emulator.faults.on(Invoke(lambda _: os.kill(victims[0], signal.SIGSTOP)), at=2, mutating=True, phase=Phase.AFTER)
    child = project.start("apply", "--auto-approve", "--parallelism", "1")
    victims.append(child.pid)
    wait_for(lambda: is_stopped(child.pid))
    yield child.pid
    os.kill(child.pid, signal.SIGCONT)
    _, err = child.communicate(timeout=60)
    assert child.returncode == 11, err
    assert "Lock was lost" in err


def test_a_holder_paused_past_its_lease_writes_and_calls_nothing_more(
    project: Project, emulator: DataRobotEmulator, world: World, paused: int
) -> None:
    project.apply("--lock-timeout", "30s")
    calls, files = world.calls(), state_files(project)
    assert set(world.names().elements()) == NAMES
    os.kill(paused, signal.SIGCONT)
    wait_for(lambda: not Path(f"/proc/{paused}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX")
    assert world.calls() == calls
    assert state_files(project) == files
    assert world.names().total() == len(NAMES)
    assert project.actions() == {}


def test_a_second_run_beside_the_paused_one_is_refused_within_the_lease(
    project: Project, world: World, paused: int
) -> None:
    before = world.calls()
    refused = project.apply(code=11)
    assert str(paused) in refused.err
    assert world.calls() == before
    project.apply("--lock-timeout", "30s")
