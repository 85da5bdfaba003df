"""A draft was edited and the run died before its workload took it up: the next plan still rolls it."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import Future

import pytest
from support.project import IMPATIENT, Project, program
from support.world import World

from wlinfra.emulation import Invoke, Phase, Request
from wlinfra_datarobot.emulator import DataRobotEmulator

BODY = """
server = wl.Artifact("server", status="draft", containers=[wl.Container(image="ghcr.io/acme/chat:IMAGE", port=8080)])
yield server
yield wl.Workload("chat", artifact=server, bundles=["cpu.small"], replicas=1)
"""


def declare(project: Project, emulator: DataRobotEmulator, image: str) -> None:
    project.write(program(BODY.replace("IMAGE", image), emulator.url, IMPATIENT))


def edit_and_kill(project: Project, emulator: DataRobotEmulator, *, at: int, phase: Phase) -> None:
    """Edit the draft and apply; kill the run at a mutating request: the first edits, the second rolls."""
    declare(project, emulator, "2.0")
    victim: Future[int] = Future()

    def strike(_: Request) -> None:
        os.kill(victim.result(60), signal.SIGKILL)

    emulator.faults.on(Invoke(strike), at=at, mutating=True, phase=phase)
    child = project.start("apply", "--auto-approve")
    victim.set_result(child.pid)
    _, err = child.communicate(timeout=60)
    assert child.returncode == -signal.SIGKILL, err


@pytest.mark.parametrize("phase", [Phase.AFTER, Phase.REPLIED])
def test_the_next_plan_still_rolls_what_runs_the_old_draft(
    project: Project, emulator: DataRobotEmulator, world: World, phase: Phase
) -> None:
    declare(project, emulator, "1.0")
    project.apply()
    old = world.one("workloads", "chat")
    edit_and_kill(project, emulator, at=1, phase=phase)
    assert world.one("workloads", "chat")["protonId"] == old["protonId"]
    planned = project.plan("--format", "json", code=None).json["changes"]
    assert {change["address"]: change["action"] for change in planned}["workload.chat"] == "roll"
    project.apply()
    new = world.one("workloads", "chat")
    assert (new["id"], new["status"]) == (old["id"], "running")
    assert new["protonId"] != old["protonId"]
    assert project.actions() == {}


def test_a_roll_that_was_finished_meanwhile_is_not_made_again(
    project: Project, emulator: DataRobotEmulator, world: World
) -> None:
    declare(project, emulator, "1.0")
    project.apply()
    edit_and_kill(project, emulator, at=2, phase=Phase.REPLIED)
    while world.one("workloads", "chat")["replacement"] is not None:
        time.sleep(0.01)
    rolled = len(world.calls())
    project.apply()
    assert len(world.calls()) == rolled
    assert project.actions() == {}


def test_a_roll_that_was_cut_off_converges(project: Project, emulator: DataRobotEmulator, world: World) -> None:
    declare(project, emulator, "1.0")
    project.apply()
    old = world.one("workloads", "chat")
    edit_and_kill(project, emulator, at=2, phase=Phase.BEFORE)
    project.apply()
    new = world.one("workloads", "chat")
    assert (new["id"], new["protonId"] != old["protonId"]) == (old["id"], True)
    assert project.actions() == {}
