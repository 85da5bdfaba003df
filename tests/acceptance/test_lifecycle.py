"""The main job on DataRobot, whole: declare, plan, apply, no changes, change, destroy."""

from __future__ import annotations

from support.project import Project, program, rewritten
from support.world import World

from wlinfra_datarobot.emulator import DataRobotEmulator

CHAT = """
server = wl.Artifact("server", description="ADESC", containers=[wl.Container(image="ghcr.io/acme/chat:IMAGE", port=8080, env={ENV}, readiness=wl.Probe(path="/healthz"))])
chat = wl.Workload("chat", artifact=server, description="DESC", bundles=["cpu.small"], replicas=REPLICAS)
yield server
yield chat
yield wl.Output("endpoint", chat.endpoint)
"""
START = {"IMAGE": "1.0", "ENV": '"A": "1", "B": "2"', "ADESC": "server", "REPLICAS": "2", "DESC": "Answers"}


def chat(emulator: DataRobotEmulator, **changed: str) -> str:
    values = {**START, **changed}
    text = CHAT.replace("ADESC", values.pop("ADESC"))
    return program(rewritten(text, **values), emulator.url)


def applied(project: Project, emulator: DataRobotEmulator) -> tuple[str, str]:
    project.write(chat(emulator))
    project.apply()
    return only(emulator)


def only(emulator: DataRobotEmulator) -> tuple[str, str]:
    workload = World(emulator).one("workloads", "chat")
    return workload["id"], workload["protonId"]


def test_a_second_plan_after_an_apply_says_no_changes(project: Project, emulator: DataRobotEmulator) -> None:
    applied(project, emulator)
    assert "No changes" in project.plan("--detailed-exitcode").out


def test_an_image_change_makes_a_new_version_and_rolls_with_the_same_id_and_endpoint(
    project: Project, emulator: DataRobotEmulator
) -> None:
    workload, proton = applied(project, emulator)
    endpoint = project.run("output", "endpoint").out
    project.write(chat(emulator, IMAGE="2.0"))
    changes = project.changes()
    assert {address: (change["action"], change["label"]) for address, change in changes.items()} == {
        "artifact.server": ("update", "new version"),
        "workload.chat": ("roll", changes["workload.chat"]["label"]),
    }
    project.apply()
    assert only(emulator)[0] == workload
    assert only(emulator)[1] != proton
    assert project.run("output", "endpoint").out == endpoint
    assert project.actions() == {}


def test_a_description_change_of_the_workload_touches_nothing_that_runs(
    project: Project, emulator: DataRobotEmulator
) -> None:
    before = applied(project, emulator)
    project.write(chat(emulator, DESC="Other words"))
    assert project.actions() == {"workload.chat": "update"}
    project.apply()
    assert only(emulator) == before
    assert project.actions() == {}


def test_a_description_change_of_a_locked_artifact_rolls_nothing(project: Project, emulator: DataRobotEmulator) -> None:
    before = applied(project, emulator)
    project.write(chat(emulator, ADESC="Other words"))
    assert "workload.chat" not in project.actions()
    project.apply()
    assert only(emulator) == before
    assert project.actions() == {}


def test_a_replica_change_rolls_by_settings(project: Project, emulator: DataRobotEmulator) -> None:
    applied(project, emulator)
    project.write(chat(emulator, REPLICAS="3"))
    change = project.changes()["workload.chat"]
    assert (change["action"], [step["operation"] for step in change["steps"]]) == ("roll", ["update_settings"])
    project.apply()
    assert project.actions() == {}


def test_variables_in_another_order_plan_nothing(project: Project, emulator: DataRobotEmulator) -> None:
    applied(project, emulator)
    project.write(chat(emulator, ENV='"B": "2", "A": "1"'))
    assert project.actions() == {}


def test_destroy_removes_everything_it_made_and_nothing_else(project: Project, emulator: DataRobotEmulator) -> None:
    foreign = Project(folder=project.folder / "other")
    foreign.write(
        program(
            rewritten(CHAT.replace("ADESC", "x"), **{key: value for key, value in START.items() if key != "ADESC"})
            .replace('"server"', '"foreign-server"')
            .replace('"chat"', '"foreign"'),
            emulator.url,
        )
    )
    foreign.apply()
    project.write(chat(emulator))
    project.apply()
    project.run("destroy", "--auto-approve")
    assert set(World(emulator).names()) == {"foreign", "foreign-server"}
    assert project.run("state", "list").out.strip() == ""
