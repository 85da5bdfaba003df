"""Values are compared by meaning: what is not a difference plans nothing, what is one says whose it is."""

from __future__ import annotations

import pytest
from support.project import Project, program
from support.world import World

from wlinfra_datarobot.emulator import DataRobotEmulator

BODY = """
server = wl.Artifact("server", containers=[wl.Container(image="ghcr.io/acme/chat:1", port=8080)])
yield server
yield wl.Workload("chat", artifact=server, OPTIONS)
"""


def declare(project: Project, emulator: DataRobotEmulator, options: str) -> None:
    project.write(program(BODY.replace("OPTIONS", options), emulator.url))


@pytest.mark.parametrize(
    "spelling",
    ['cpu=1, memory="512MB"', "cpu=1.0, memory=512000000", 'cpu=1, memory="0.512GB"', 'cpu=1, memory="512000KB"'],
)
def test_another_spelling_of_the_same_amount_plans_nothing(
    project: Project, emulator: DataRobotEmulator, spelling: str
) -> None:
    declare(project, emulator, 'cpu=1, memory="512MB", replicas=1')
    project.apply()
    declare(project, emulator, f"{spelling}, replicas=1")
    assert project.actions() == {}


@pytest.mark.parametrize(
    "options",
    [
        'bundles=["cpu.small"]',
        'bundles=["cpu.small"], importance="low"',
        'bundles=["cpu.small"], replicas=1, description=""',
    ],
)
def test_defaults_the_server_fills_in_plan_nothing(project: Project, emulator: DataRobotEmulator, options: str) -> None:
    declare(project, emulator, options)
    project.apply()
    assert project.actions() == {}


def test_an_attribute_removed_from_the_program_is_reset(
    project: Project, emulator: DataRobotEmulator, world: World
) -> None:
    declare(project, emulator, 'bundles=["cpu.small"], replicas=1, importance="high", description="Words"')
    project.apply()
    declare(project, emulator, 'bundles=["cpu.small"], replicas=1')
    assert project.actions() == {"workload.chat": "update"}
    project.apply()
    chat = world.one("workloads", "chat")
    assert (chat["importance"], chat["description"]) == ("low", "")
    assert project.actions() == {}


def test_a_manual_edit_is_shown_as_drift_with_what_was_is_and_will_be(
    project: Project, emulator: DataRobotEmulator, world: World
) -> None:
    declare(project, emulator, 'bundles=["cpu.small"], replicas=1, importance="high"')
    project.apply()
    world.api.ok("PATCH", f"/workloads/{world.one('workloads', 'chat')['id']}", {"importance": "critical"})
    (change,) = project.changes().values()
    (attribute,) = change["attributes"]
    assert (
        attribute["origin"],
        attribute["recorded"]["value"],
        attribute["live"]["value"],
        attribute["planned"]["value"],
    ) == ("drift", "high", "critical", "high")
    text = project.plan().out
    assert all(word in text for word in ("was", "critical", "high"))
    assert "critical" in project.run("drift").out
    project.apply()
    assert world.one("workloads", "chat")["importance"] == "high"


def test_an_attribute_nobody_declared_is_not_ours(project: Project, emulator: DataRobotEmulator, world: World) -> None:
    declare(project, emulator, 'bundles=["cpu.small"], replicas=1')
    project.apply()
    world.api.ok("PATCH", f"/workloads/{world.one('workloads', 'chat')['id']}", {"importance": "critical"})
    assert project.actions() == {}


def test_a_stopped_workload_declared_running_is_started(
    project: Project, emulator: DataRobotEmulator, world: World
) -> None:
    declare(project, emulator, 'bundles=["cpu.small"], replicas=1')
    project.apply()
    world.api.ok("POST", f"/workloads/{world.one('workloads', 'chat')['id']}/stop")
    while world.one("workloads", "chat")["status"] != "stopped":
        pass
    assert set(project.actions()) == {"workload.chat"}
    project.apply()
    assert world.one("workloads", "chat")["status"] == "running"


def test_renaming_with_an_alias_moves_the_record_and_touches_nothing(
    project: Project, emulator: DataRobotEmulator, world: World
) -> None:
    declare(project, emulator, 'bundles=["cpu.small"], replicas=1')
    project.apply()
    renamed = BODY.replace('"chat"', '"talk", platform_name="chat", aliases=["workload.chat"]').replace(
        "OPTIONS", 'bundles=["cpu.small"], replicas=1'
    )
    project.write(program(renamed, emulator.url))
    world.forget_requests()
    assert "moved" in project.plan().out
    project.apply()
    assert world.calls() == []
    assert "workload.talk" in project.run("state", "list").out
    assert project.actions() == {}
