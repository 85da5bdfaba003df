"""A state and two installations, an embedded world that is another one: nothing is lost, and the command continues."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from support.project import Project, program
from support.world import World

from wlinfra_datarobot.emulator import DataRobotEmulator

from .conftest import QUICK

BODY = """
server = wl.Artifact("server", containers=[wl.Container(image="ghcr.io/acme/chat:1", port=8080)])
yield server
yield wl.Workload("chat", artifact=server, bundles=["cpu.small"], replicas=1)
"""
EVERY = {"server": 1, "chat": 1}


@pytest.fixture
def other() -> Iterator[DataRobotEmulator]:
    with DataRobotEmulator(durations=QUICK) as running:
        yield running


def test_another_installation_is_refused_and_named(
    project: Project, emulator: DataRobotEmulator, other: DataRobotEmulator
) -> None:
    project.write(program(BODY, emulator.url))
    project.apply()
    project.write(program(BODY, other.url))
    here, there = World(emulator), World(other)
    there.forget_requests()
    for command in ("plan", "apply", "destroy"):
        ended = project.run(command, *(["--auto-approve"] if command != "plan" else []), code=14)
        assert emulator.url in ended.err
        assert other.url in ended.err
    assert there.calls() == []
    assert here.names() == EVERY
    project.write(program(BODY, emulator.url))
    assert project.actions() == {}


def test_the_printed_option_makes_all_at_the_new_one_and_leaves_the_old_one(
    project: Project, emulator: DataRobotEmulator, other: DataRobotEmulator
) -> None:
    project.write(program(BODY, emulator.url))
    project.apply()
    project.write(program(BODY, other.url))
    assert "--new-place" in project.plan(code=14).err
    project.apply("--new-place")
    assert World(other).names() == EVERY
    assert World(emulator).names() == EVERY
    assert project.actions() == {}


def test_another_spelling_of_an_endpoint_is_no_other_place(project: Project, emulator: DataRobotEmulator) -> None:
    project.write(program(BODY, emulator.url))
    project.apply()
    project.write(program(BODY, f" {emulator.url.replace('http', 'HTTP', 1)}/"))
    assert project.actions() == {}


def test_an_embedded_world_is_the_same_in_every_run_and_no_other_one(project: Project) -> None:
    project.write(program(BODY))
    project.apply()
    assert project.actions() == {}
    shutil.rmtree(next((project.folder / ".wlinfra").glob("*/*/provider-default")))
    assert "emulated world" in project.plan(code=14).err
    project.apply("--new-place")
    assert project.actions() == {}
