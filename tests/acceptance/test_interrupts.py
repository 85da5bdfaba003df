"""Ctrl-C and SIGTERM: the running step ends and is recorded, a second one ends the run now, both can be resumed."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from concurrent.futures import Future

import pytest
from support.project import Project, program
from support.world import World

from wlinfra.emulation import Delay, Fault, Invoke
from wlinfra_datarobot.emulator import DataRobotEmulator

FOUR = """
for name in ("ants", "bees", "cats", "dogs"):
    yield wl.Artifact(name, status="draft", containers=[wl.Container(image="ghcr.io/acme/chat:1", port=8080)])
"""
NAMES = ["ants", "bees", "cats", "dogs"]


def apply_and_send(project: Project, emulator: DataRobotEmulator, number: signal.Signals) -> tuple[int, str]:
    """Apply in a process of its own that heeds the signal while its first create is under way; return code and output."""
    project.write(program(FOUR, emulator.url))
    victim: Future[int] = Future()

    def strike(_: object) -> None:
        os.kill(victim.result(60), number)
        while "Stopping" not in (project.folder / "forked.out").read_text():
            time.sleep(0.01)

    emulator.faults.add(Fault(action=Invoke(strike), mutating=True))
    child = project.fork("apply", "--auto-approve", "--parallelism", "1")
    victim.set_result(child.pid)
    out, err = child.communicate(timeout=60)
    assert child.returncode is not None
    return child.returncode, out + err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_lets_the_running_step_end_and_starts_no_other(
    project: Project, emulator: DataRobotEmulator, world: World, number: signal.Signals
) -> None:
    code, output = apply_and_send(project, emulator, number)
    assert code == 13, output
    assert len(world.calls()) == 1
    assert len(project.run("state", "list").out.split()) == 1
    assert len(project.actions()) == 3
    project.apply()
    assert sorted(world.names().elements()) == NAMES
    assert project.actions() == {}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_was_not_done_is_listed_with_the_command_that_goes_on(
    project: Project, emulator: DataRobotEmulator, number: signal.Signals
) -> None:
    _, output = apply_and_send(project, emulator, number)
    assert "wlinfra apply" in output
    assert sum(f"artifact.{name}" in output for name in NAMES) == 4


def test_a_second_signal_ends_the_run_in_the_middle_of_a_call_and_nothing_is_lost(
    project: Project, emulator: DataRobotEmulator, world: World
) -> None:
    project.write(program(FOUR, emulator.url))
    victim: Future[int] = Future()
    answered: list[bool] = []

    def strike(_: object) -> None:
        os.kill(victim.result(60), signal.SIGINT)
        os.kill(victim.result(60), signal.SIGTERM)
        child.wait(timeout=60)
        answered.append(False)

    emulator.faults.on(Invoke(strike), mutating=True)
    child = project.start("apply", "--auto-approve", "--parallelism", "1")
    victim.set_result(child.pid)
    _, err = child.communicate(timeout=60)
    assert child.returncode == 13, err
    project.apply()
    assert answered == [False]
    assert sorted(world.names().elements()) == NAMES
    assert project.actions() == {}


def test_an_interrupt_at_the_question_changes_nothing(
    project: Project, emulator: DataRobotEmulator, world: World
) -> None:
    project.write(program(FOUR, emulator.url))
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-c", "from wlinfra.cli.app import entry; entry()", "apply"],
        cwd=project.folder,
        env=project.environ,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    while b"Enter a value" not in shown:
        shown += os.read(ours, 4096)
    child.send_signal(signal.SIGINT)
    assert child.wait(timeout=60) == 13
    os.close(ours)
    assert world.calls() == []
    project.apply()


def test_an_interrupt_while_planning_changes_nothing(
    project: Project, emulator: DataRobotEmulator, world: World
) -> None:
    project.write(program(FOUR, emulator.url))
    victim: Future[int] = Future()
    emulator.faults.add(Fault(action=Invoke(lambda _: os.kill(victim.result(60), signal.SIGINT)), method="GET"))
    emulator.faults.add(Fault(action=Delay(1.5), method="GET"))
    child = project.start("apply", "--auto-approve")
    victim.set_result(child.pid)
    _, err = child.communicate(timeout=60)
    assert (child.returncode, world.calls()) == (13, []), err
    project.apply()
