"""Kill the run at every request boundary, run it again: exactly the declared objects, nothing twice, nothing lost."""

from __future__ import annotations

import os
import re
import signal
import time
from collections import Counter
from concurrent.futures import Future
from pathlib import Path

import pytest
from support.project import IMPATIENT, Project, program
from support.world import World

from wlinfra.emulation import Delay, Drop, Invoke, Phase, Reply, Request, Truncate
from wlinfra_datarobot.emulator import DataRobotEmulator

SIX = """
for name in ("ants", "bees", "cats"):
    server = wl.Artifact(f"{name}-server", containers=[wl.Container(image=f"ghcr.io/acme/{name}:1", port=8080, env={"LOG": "info"})])
    yield server
    yield wl.Workload(name, artifact=server, bundles=["cpu.small"], replicas=1)
"""
REQUESTS = 9
"""Three artifacts are made and locked, three workloads are made."""
IN_GATE = (1, 5, 9)
"""The first and the last request and one in between; the nightly tier takes all."""
SAMPLED = [
    number if number in IN_GATE else pytest.param(number, marks=pytest.mark.nightly)
    for number in range(1, REQUESTS + 1)
]
POINTS = [(number, phase) for number in range(1, REQUESTS + 1) for phase in Phase]


EXPECTED = Counter(f"{name}{suffix}" for name in ("ants", "bees", "cats") for suffix in ("", "-server"))


@pytest.mark.parametrize(
    ("number", "phase"), POINTS, ids=[f"request-{number}-{phase.value}" for number, phase in POINTS]
)
def test_a_killed_apply_is_finished_by_the_next(
    project: Project, emulator: DataRobotEmulator, world: World, number: int, phase: Phase
) -> None:
    project.write(program(SIX, emulator.url, IMPATIENT))
    victim: Future[int] = Future()

    def strike(_: Request) -> None:
        os.kill(victim.result(60), signal.SIGKILL)

    emulator.faults.on(Invoke(strike), at=number, mutating=True, phase=phase)
    child = project.fork("apply", "--auto-approve", "--parallelism", "2")
    victim.set_result(child.pid)
    _, err = child.communicate(timeout=60)
    assert child.returncode == -signal.SIGKILL, err
    done = project.apply()
    assert world.names() == EXPECTED, done.out
    assert project.actions() == {}


@pytest.mark.parametrize("number", SAMPLED)
@pytest.mark.parametrize(
    ("action", "phase"),
    [
        (Drop(), Phase.BEFORE),
        (Drop(), Phase.AFTER),
        (Reply(502), Phase.AFTER),
        (Reply(504), Phase.AFTER),
        (Truncate(keep=10), Phase.AFTER),
        (Delay(3), Phase.AFTER),
        (Reply(401), Phase.BEFORE),
        (Reply(401), Phase.AFTER),
        (Reply(409), Phase.AFTER),
        (Reply(400), Phase.AFTER),
        (Reply(429, headers={"Retry-After": "1"}), Phase.BEFORE),
        (Reply(503), Phase.BEFORE),
    ],
    ids=[
        "cut-before",
        "reply-lost",
        "502-after-success",
        "504-after-success",
        "body-cut",
        "stall",
        "401-midway",
        "401-after-success",
        "409-after-success",
        "400-after-success",
        "429-retry-after",
        "503-before",
    ],
)
def test_a_faulty_network_leaves_no_orphan_and_no_duplicate(
    project: Project,
    emulator: DataRobotEmulator,
    world: World,
    number: int,
    action: Drop | Reply | Truncate | Delay,
    phase: Phase,
) -> None:
    project.write(program(SIX, emulator.url, IMPATIENT))
    emulator.faults.on(action, at=number, mutating=True, phase=phase)
    project.apply("--parallelism", "2", code=None)
    emulator.faults.clear()
    project.apply()
    assert world.names() == EXPECTED
    assert project.actions() == {}


SKEWED = """
import time

real = time.time
time.time = lambda: real() + {offset}
"""
CLOCKS = {"10 minutes behind": -600, "1 day ahead": 86400}
TIMEOUT = 4
"""Seconds in which a call can take effect, with the timeouts of these programs."""


@pytest.mark.parametrize("number", SAMPLED)
@pytest.mark.parametrize("clock", CLOCKS)
def test_a_request_that_arrives_after_the_kill_is_met_whatever_the_clock_said(
    project: Project, emulator: DataRobotEmulator, world: World, number: int, clock: str, tmp_path: Path
) -> None:
    project.write(program(SIX, emulator.url, IMPATIENT))
    victim: Future[int] = Future()

    def strike(_: Request) -> None:
        os.kill(victim.result(60), signal.SIGKILL)
        time.sleep(1.0)  # and only now it is carried out

    emulator.faults.on(Invoke(strike), at=number, mutating=True, phase=Phase.BEFORE)
    (tmp_path / "sitecustomize.py").write_text(SKEWED.format(offset=CLOCKS[clock]))
    project.environ["PYTHONPATH"] = str(tmp_path)
    child = project.start("apply", "--auto-approve", "--parallelism", "2")
    victim.set_result(child.pid)
    _, err = child.communicate(timeout=60)
    assert child.returncode == -signal.SIGKILL, err
    del project.environ["PYTHONPATH"]
    done = project.apply()
    waits = [int(seconds) for seconds in re.findall(r"waiting (\d+) s until that is certain", done.err)]
    assert max(waits, default=0) <= TIMEOUT
    assert world.names() == EXPECTED, done.out
    assert project.actions() == {}


def test_the_matrix_covers_every_request_the_apply_makes(
    project: Project, emulator: DataRobotEmulator, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    project.write(program(SIX, emulator.url, IMPATIENT))
    project.apply()
    assert len(world.calls()) == REQUESTS
    with capsys.disabled():
        print(
            f"\nkill matrix: {len(POINTS)} points = {REQUESTS} mutating requests x {len(Phase)} phases, {REQUESTS * 12} network faults and {REQUESTS * len(CLOCKS)} kills with a wrong clock, a third of these in the gate"
        )
