"""A run that slept past its lease has lost the lock: it calls nothing and writes nothing any more."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

from engines.kubernetes.waiting import eventually
from support.project import IMPATIENT, Project, program
from support.world import World

from wlinfra.emulation import Invoke, Phase
from wlinfra_datarobot.emulator import DataRobotEmulator

FOUR = """
for name in ("ants", "bees", "cats", "dogs"):
    yield wl.Artifact(name, status="draft", containers=[wl.Container(image="ghcr.io/acme/chat:1", port=8080)])
"""
NAMES = {"ants", "bees", "cats", "dogs"}


def state_files(project: Project) -> dict[str, bytes]:
    """Return what the state consists of, without the lock."""
    folder = project.folder / ".wlinfra" / "shop" / "test"
    return {
        path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and not path.name.startswith("lock")
    }


def wait_until(pid: int, states: str) -> None:
    """Return when the process is in one of the kernel's states; fails when it has ended and this is none of them."""
    while (state := Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]) not in states:
        assert state not in "ZX", "it has ended"
        time.sleep(0.01)


@contextmanager
def paused(project: Project, emulator: DataRobotEmulator, world: World) -> Iterator[int]:
    """Start an apply, stop its process when its second create has been answered, and let it continue at the end."""
    project.write(program(FOUR, emulator.url, IMPATIENT))
    victim: Future[int] = Future()
    strike = Invoke(lambda _: os.kill(victim.result(60), signal.SIGSTOP))
    emulator.faults.on(strike, at=2, mutating=True, phase=Phase.AFTER)
    with project.start("apply", "--auto-approve", "--parallelism", "1") as child:
        victim.set_result(child.pid)
        try:
            wait_until(child.pid, "T")
            assert eventually(lambda: len(world.calls()) == 2)  # noted after the strike, before it is answered
            yield child.pid
        finally:
            child.send_signal(signal.SIGCONT)
        _, err = child.communicate(timeout=60)
    assert child.returncode == 11, err
    assert "Lock was lost" in err


def test_a_holder_paused_past_its_lease_writes_and_calls_nothing_more(
    project: Project, emulator: DataRobotEmulator, world: World
) -> None:
    project.environ["WLINFRA_LEASE_SECONDS"] = "4"
    with paused(project, emulator, world) as holder:
        project.apply("--lock-timeout", "30s")
        calls, files = world.calls(), state_files(project)
        assert set(world.names().elements()) == NAMES
        os.kill(holder, signal.SIGCONT)
        wait_until(holder, "ZX")
        assert world.calls() == calls
        assert state_files(project) == files
    assert world.names().total() == len(NAMES)
    assert project.actions() == {}


def test_a_second_run_beside_the_paused_one_is_refused_within_the_lease(
    project: Project, emulator: DataRobotEmulator, world: World
) -> None:
    with paused(project, emulator, world) as holder:
        before = world.calls()
        refused = project.apply(code=11)
        assert str(holder) in refused.err
        assert world.calls() == before
        project.run("state", "unlock", "--force")
        project.apply()
