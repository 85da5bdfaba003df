"""Losing the state never duplicates: what exists by name is imported, once somebody has confirmed it."""

from __future__ import annotations

import shutil

import pytest
from support.project import Project, program
from support.world import World

from wlinfra_datarobot.emulator import DataRobotEmulator

BODY = """
server = wl.Artifact("server", containers=[wl.Container(image="ghcr.io/acme/chat:1", port=8080)])
yield server
yield wl.Workload("chat", artifact=server, bundles=["cpu.small"], replicas=1)
"""


@pytest.fixture
def forgetful(project: Project, emulator: DataRobotEmulator) -> Project:
    project.write(program(BODY, emulator.url))
    project.apply()
    shutil.rmtree(project.folder / ".wlinfra")
    return project


def test_what_exists_by_name_is_planned_as_an_import(forgetful: Project) -> None:
    assert forgetful.actions() == {"artifact.server": "import", "workload.chat": "import"}


def test_nobody_takes_over_by_name_without_being_asked(forgetful: Project, world: World) -> None:
    world.forget_requests()
    done = forgetful.apply(code=1)
    assert "wlinfra import workload.chat" in done.err
    assert world.calls() == []


def test_a_confirmed_import_makes_no_call_and_nothing_twice(forgetful: Project, world: World) -> None:
    world.forget_requests()
    forgetful.apply("--adopt")
    assert world.calls() == []
    assert world.names() == {"server": 1, "chat": 1}
    assert forgetful.actions() == {}


def test_two_objects_of_the_name_are_never_guessed_between(forgetful: Project, world: World) -> None:
    chat = world.one("workloads", "chat")
    body = {
        "name": "chat",
        "artifactId": chat["artifactId"],
        "runtime": {"containerGroups": [{"name": "default", "resourceBundles": ["cpu.small"], "replicaCount": 1}]},
    }
    world.api.ok("POST", "/workloads", body)
    done = forgetful.plan(code=1)
    assert done.out.count("wlinfra import workload.chat") + done.err.count("wlinfra import workload.chat") >= 2
    forgetful.run("import", "workload.chat", chat["id"], "--auto-approve")
    forgetful.apply("--adopt")
    assert forgetful.actions() == {}
    assert world.names() == {"server": 1, "chat": 2}
