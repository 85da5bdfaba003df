"""Two applies at once: one waits or fails fast with the owner named; a dead holder is no obstacle."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

from support.project import IMPATIENT, Project, program
from support.world import World

from wlinfra.emulation import Delay, Invoke
from wlinfra_datarobot.emulator import DataRobotEmulator

BODY = """
server = wl.Artifact("server", containers=[wl.Container(image="ghcr.io/acme/chat:1", port=8080)])
yield server
yield wl.Workload("chat", artifact=server, bundles=["cpu.small"], replicas=1)
"""


@contextmanager
def halfway(project: Project, emulator: DataRobotEmulator) -> Iterator[subprocess.Popen[str]]:
    """Start an apply that holds still at its first create, and let it end well afterwards."""
    victim: Future[int] = Future()
    emulator.faults.on(Invoke(lambda _: os.kill(victim.result(60), signal.SIGSTOP)), mutating=True)
    with project.start("apply", "--auto-approve") as first:
        victim.set_result(first.pid)
        try:
            while "\nState:\tT" not in Path(f"/proc/{first.pid}/status").read_text():
                time.sleep(0.01)
            yield first
        finally:
            first.send_signal(signal.SIGCONT)
        _, err = first.communicate(timeout=60)
    assert first.returncode == 0, err


def wait_until(world: World, count: int) -> None:
    while len(world.calls()) < count:
        time.sleep(0.01)


def test_a_second_apply_fails_fast_and_names_the_owner(project: Project, emulator: DataRobotEmulator) -> None:
    project.write(program(BODY, emulator.url))
    with halfway(project, emulator) as first:
        second = project.apply(code=11)
    assert str(first.pid) in second.err
    assert "unlock" in second.err


def test_a_second_apply_that_may_wait_finds_nothing_left_to_do(
    project: Project, emulator: DataRobotEmulator, world: World
) -> None:
    project.write(program(BODY, emulator.url))
    emulator.faults.on(Delay(0.5), mutating=True, times=2)
    first = project.start("apply", "--auto-approve")
    wait_until(world, 1)
    second = project.apply("--lock-timeout", "60s")
    first.communicate(timeout=60)
    assert (first.returncode, world.names()) == (0, {"chat": 1, "server": 1}), second.out
    assert "No changes" in second.out


def test_a_killed_holder_frees_the_lock_without_a_command(
    project: Project, emulator: DataRobotEmulator, world: World
) -> None:
    project.write(program(BODY, emulator.url, IMPATIENT))
    victim: Future[int] = Future()
    emulator.faults.on(Invoke(lambda _: os.kill(victim.result(60), signal.SIGKILL)), mutating=True)
    first = project.start("apply", "--auto-approve")
    victim.set_result(first.pid)
    first.communicate(timeout=60)
    project.apply()
    assert project.actions() == {}


def test_a_plan_beside_an_apply_needs_no_lock_and_says_it_is_provisional(
    project: Project, emulator: DataRobotEmulator
) -> None:
    project.write(program(BODY, emulator.url))
    with halfway(project, emulator):
        assert "provisional" in project.plan().out.lower()
