"""Variables that nobody declares may be secrets: no output shows them, and no file of the state has them."""

from __future__ import annotations

from typing import Any

import pytest
from support.project import Project, program
from support.world import World

from wlinfra_datarobot.emulator import DataRobotEmulator

BODY = """
server = wl.Artifact("server", status="draft", containers=[wl.Container(image="acme/chat:1", port=8080, env=ENV)])
yield server
yield wl.Workload("chat", artifact=server, bundles=["cpu.small"], replicas=1)
"""
DECLARED = '{"TOKEN": wl.secret_env("TOKEN"), "LOG": "info"}'
FORMATS = ("text", "json", "markdown", "html", "terraform-json")
CANARIES = ("hunter2", "canary-4711")


@pytest.fixture
def edited(project: Project, emulator: DataRobotEmulator, world: World) -> Project:
    """A project to whose container somebody added a password by hand."""
    project.environ["TOKEN"] = "canary-4711"
    project.write(program(BODY.replace("ENV", DECLARED), emulator.url))
    project.apply()
    artifact = world.one("artifacts", "server")
    spec: dict[str, Any] = artifact["spec"]
    variables = spec["containerGroups"][0]["containers"][0]["environmentVars"]
    variables.append({"source": "string", "name": "DB_PASSWORD", "value": "hunter2"})
    next(item for item in variables if item["name"] == "LOG")["value"] = "debug"
    world.api.ok("PATCH", f"/artifacts/{artifact['id']}", {"spec": spec})
    return project


def outputs(project: Project) -> str:
    found = [project.run(command, "--format", format_) for command in ("plan", "drift") for format_ in FORMATS]
    project.run("plan", "--out", "plan.json")
    found += [project.run("show", *words) for words in ((), ("--json",), ("plan.json",), ("plan.json", "--json"))]
    return "".join(done.out + done.err for done in found) + (project.folder / "plan.json").read_text()


def test_what_somebody_added_is_shown_by_name_alone(edited: Project) -> None:
    shown = outputs(edited)
    assert "DB_PASSWORD" in shown
    assert '"debug"' in shown  # a declared plain value is no secret
    assert [canary for canary in CANARIES if canary in shown] == []


@pytest.mark.parametrize("arguments", [("--refresh-only",), ()])
def test_no_file_of_the_state_has_it(edited: Project, arguments: tuple[str, ...]) -> None:
    done = edited.apply(*arguments)
    assert [canary for canary in CANARIES if canary in edited.everything_written() + done.out + done.err] == []
    if arguments:
        assert edited.run("drift", "--detailed-exitcode").code == 0


@pytest.mark.parametrize("declared", ["{}", '{"TOKEN": "plain"}'])
def test_a_lost_state_tells_no_secret_of_before(edited: Project, emulator: DataRobotEmulator, declared: str) -> None:
    for path in sorted((edited.folder / ".wlinfra").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    edited.write(program(BODY.replace("ENV", declared), emulator.url))
    shown = outputs(edited)
    done = edited.apply("--adopt")
    everything = shown + done.out + done.err + edited.everything_written()
    assert [canary for canary in CANARIES if canary in everything] == []


def test_ignored_variables_are_recorded_as_secrets(edited: Project, emulator: DataRobotEmulator, world: World) -> None:
    ignoring = BODY.replace(
        'status="draft",',
        'status="draft", ignore_changes=["spec.containerGroups.default.containers.main.environmentVars"],',
    )
    edited.write(program(ignoring.replace("ENV", DECLARED), emulator.url))
    edited.apply()
    assert "hunter2" not in edited.everything_written()
    (container,) = world.one("artifacts", "server")["spec"]["containerGroups"][0]["containers"]
    assert {item["name"]: item["value"] for item in container["environmentVars"]}["DB_PASSWORD"] == "hunter2"


COMMANDS = (
    "nice\n::error file=infra.py,line=1::Approve this\n \t::stop-commands::x\n##[error]y\n a ##vso[task.setvariable]z"
)


def test_live_values_give_no_commands_to_a_pipeline(edited: Project, world: World) -> None:
    chat = world.one("workloads", "chat")
    world.api.ok("PATCH", f"/workloads/{chat['id']}", {"description": COMMANDS})
    said = [edited.run(command, "--format", format_).out for command in ("plan", "drift") for format_ in FORMATS]
    said.append(edited.run("apply", "--refresh-only", "--auto-approve").out)
    said.append(edited.run("show").out)
    lines = [line for text in said for line in text.splitlines()]
    assert [line for line in lines if line.lstrip().startswith("::") or "##[" in line or "##vso[" in line] == []


def test_the_page_loads_and_runs_nothing(edited: Project) -> None:
    page = edited.run("plan", "--format", "html").out
    assert "default-src 'none'" in page
    assert page.index("Content-Security-Policy") < page.index("<style>")
