"""Two applies at once: one waits or fails fast with the owner named; a dead holder is no obstacle."""

from __future__ import annotations

import signal
import time

from support.project import Project, program
from support.world import World

from wlinfra.emulation import Delay, Run
from wlinfra_datarobot.emulator import DataRobotEmulator

BODY = """
server = wl.Artifact("server", containers=[wl.Container(image="ghcr.io/acme/chat:1", port=8080)])
yield server
yield wl.Workload("chat", artifact=server, bundles=["cpu.small"], replicas=1)
"""


def wait_until(world: World, count: int) -> None:
    while len(world.calls()) < count:
        time.sleep(0.01)


def test_a_second_apply_fails_fast_and_names_the_owner(
    project: Project, emulator: DataRobotEmulator, world: World
) -> None:
    project.write(program(BODY, emulator.url))
    emulator.faults.on(Delay(0.9), mutating=True, times=2)
    first = project.start("apply", "--auto-approve")
    wait_until(world, 1)
    second = project.apply(code=11)
    assert str(first.pid) in second.err
    assert "unlock" in second.err
    first.communicate(timeout=60)
    assert first.returncode == 0


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
    project.write(program(BODY, emulator.url))
    first = project.start("apply", "--auto-approve")
    emulator.faults.on(Run(lambda _: first.send_signal(signal.SIGKILL)), mutating=True)
    first.communicate(timeout=60)
    project.apply()
    assert project.actions() == {}


def test_a_plan_beside_an_apply_needs_no_lock_and_says_it_is_provisional(
    project: Project, emulator: DataRobotEmulator, world: World
) -> None:
    project.write(program(BODY, emulator.url))
    emulator.faults.on(Delay(0.9), mutating=True, times=2)
    first = project.start("apply", "--auto-approve")
    wait_until(world, 1)
    assert "provisional" in project.plan().out.lower()
    first.communicate(timeout=60)
