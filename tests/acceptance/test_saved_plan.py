"""A saved plan is an approval: bound to what it saw, refused when the world moved, valid when something else did."""

from __future__ import annotations

from argparse import Namespace

import pytest
from support.project import Project, program
from support.world import World

from wlinfra.cli.advice import in_shell
from wlinfra.emulation import Reply
from wlinfra.remedies import Do, Remedy
from wlinfra_datarobot.emulator import DataRobotEmulator

BODY = """
server = wl.Artifact("server", containers=[wl.Container(image="ghcr.io/acme/chat:1", port=8080)])
other = wl.Artifact("other", containers=[wl.Container(image="ghcr.io/acme/other:1", port=8080)])
yield server
yield other
yield wl.Workload("chat", artifact=server, bundles=["cpu.small"], replicas=COUNT)
yield wl.Workload("quiet", artifact=other, description="unchanged", bundles=["cpu.small"], replicas=1)
"""


@pytest.fixture
def saved(project: Project, emulator: DataRobotEmulator) -> Project:
    """A project with a plan on disk that changes the replicas of one workload."""
    project.write(program(BODY.replace("COUNT", "1"), emulator.url))
    project.apply()
    project.write(program(BODY.replace("COUNT", "2"), emulator.url))
    project.plan("--out", "plan.json")
    return project


def test_a_saved_plan_is_applied_as_it_was_approved(saved: Project, world: World) -> None:
    saved.run("apply", "plan.json")
    assert world.one("workloads", "chat")["runtime"]["containerGroups"][0]["replicaCount"] == 2
    assert saved.actions() == {}


def test_a_live_edit_makes_it_stale_before_any_call_on_that_object(saved: Project, world: World) -> None:
    chat = world.one("workloads", "chat")
    group = {"name": "default", "replicaCount": 5, "resourceBundles": ["cpu.small"]}
    world.api.ok("PATCH", f"/workloads/{chat['id']}/settings", {"runtime": {"containerGroups": [group]}})
    settle(world)
    world.forget_requests()
    done = saved.run("apply", "plan.json", code=10)
    shown = done.out + done.err
    assert "replicas: was 1 when planned, live 5, wanted 2" in shown
    assert world.calls() == []


def test_an_edit_of_what_nobody_declares_stops_a_saved_replacement(saved: Project, world: World) -> None:
    saved.run("plan", "--replace", "workload.quiet", "--out", "replacing.json")
    quiet = world.one("workloads", "quiet")
    world.api.ok("PATCH", f"/workloads/{quiet['id']}", {"importance": "high"})
    done = saved.run("apply", "replacing.json", code=10)
    assert "such as a value that is not declared" in " ".join((done.out + done.err).split())
    assert world.one("workloads", "quiet")["id"] == quiet["id"]


def test_a_saved_replacement_of_what_nobody_edited_is_done(saved: Project, world: World) -> None:
    saved.run("plan", "--replace", "workload.quiet", "--out", "replacing.json")
    before = world.one("workloads", "quiet")["id"]
    saved.run("apply", "replacing.json")
    assert world.one("workloads", "quiet")["id"] != before


def test_a_live_edit_of_what_nobody_declares_is_named_as_that(
    saved: Project, emulator: DataRobotEmulator, world: World
) -> None:
    body = BODY.replace(", replicas=COUNT", "").replace("acme/chat:1", "acme/chat:VERSION")
    saved.write(program(body.replace("VERSION", "1"), emulator.url))
    saved.apply()
    saved.write(program(body.replace("VERSION", "2"), emulator.url))
    saved.plan("--out", "plan.json")
    chat = world.one("workloads", "chat")
    group = {"name": "default", "replicaCount": 5, "resourceBundles": ["cpu.small"]}
    world.api.ok("PATCH", f"/workloads/{chat['id']}/settings", {"runtime": {"containerGroups": [group]}})
    settle(world)
    shown = saved.run("apply", "plan.json", code=10).err
    assert "Every declared attribute is as it was" in shown
    assert "artifact:" not in shown


def test_an_unrelated_change_does_not_make_it_stale(saved: Project, world: World) -> None:
    quiet = world.one("workloads", "quiet")
    world.api.ok("GET", f"/workloads/{quiet['id']}")
    world.api.ok(
        "POST",
        "/artifacts",
        {"name": "foreign", "spec": {"containerGroups": [{"containers": [{"imageUri": "a/b:1", "port": 8080}]}]}},
    )
    saved.run("apply", "plan.json")
    assert saved.actions() == {}


def test_a_changed_program_makes_it_stale(saved: Project, emulator: DataRobotEmulator, world: World) -> None:
    saved.write(program(BODY.replace("COUNT", "3"), emulator.url))
    world.forget_requests()
    assert "program changed" in saved.run("apply", "plan.json", code=10).err
    assert world.calls() == []


def test_a_file_that_was_tampered_with_is_not_trusted(saved: Project, world: World) -> None:
    path = saved.folder / "plan.json"
    path.write_text(path.read_text().replace('"action": "roll"', '"action": "delete"'))
    world.forget_requests()
    assert "not trusted" in saved.run("apply", "plan.json", code=1).err
    assert world.calls() == []


def test_a_plan_applied_twice_has_nothing_left_to_do(saved: Project, world: World) -> None:
    saved.run("apply", "plan.json")
    world.forget_requests()
    saved.run("apply", "plan.json")
    assert world.calls() == []


def settle(world: World) -> None:
    """Wait until no replacement is under way."""
    while any(item["replacement"] for item in world.documents("workloads")):
        pass


def test_what_is_left_of_a_saved_plan_is_what_was_approved(project: Project, emulator: DataRobotEmulator) -> None:
    for count in "12":
        project.write(program(BODY.replace("COUNT", count), emulator.url))
        if count == "1":
            project.apply()
    narrowed = ("--target", "workload.chat", "--replace", "workload.chat")
    project.plan(*narrowed, "--out", "plan.json")
    emulator.faults.on(Reply(422), method="POST", path="/workloads$")
    done = project.run("apply", "plan.json", code=1)
    advice = next(line.split() for line in done.out.splitlines() if line.strip().startswith("wlinfra apply"))
    assert set(narrowed) <= set(advice)


def test_planning_again_plans_what_was_to_be_applied() -> None:
    typed = Namespace(command="apply", target=["workload.chat"], replace=["workload.chat"])
    assert in_shell(Remedy(Do.PLAN), typed) == "wlinfra plan --target workload.chat --replace workload.chat"
