"""A canary secret stands in no output, log, plan, state, journal, error or trace."""

from __future__ import annotations

import pytest
from support.project import Project, program
from support.world import World

from wlinfra.emulation import Phase, Reply
from wlinfra_datarobot.emulator import DataRobotEmulator

CANARY = "canary-7f3a9c-do-not-print"
BODY = """
server = wl.Artifact("server", containers=[wl.Container(image="ghcr.io/acme/chat:1", port=8080, env={"TOKEN": wl.secret_env("CHAT_TOKEN")})])
yield server
yield wl.Workload("chat", artifact=server, bundles=["cpu.small"], replicas=1)
yield wl.Output("token", wl.secret_env("CHAT_TOKEN"), sensitive=True)
"""
FORMATS = ("text", "json", "terraform-json", "markdown", "html")


@pytest.fixture
def secretive(project: Project, emulator: DataRobotEmulator) -> Project:
    project.environ["CHAT_TOKEN"] = CANARY
    project.write(program(BODY, emulator.url))
    return project


def silent(text: str) -> None:
    assert CANARY not in text


def test_the_platform_gets_the_secret(secretive: Project, world: World) -> None:
    secretive.apply()
    assert CANARY in str(world.one("artifacts", "server"))


@pytest.mark.parametrize("name", FORMATS)
def test_no_rendering_of_a_plan_shows_it(secretive: Project, name: str) -> None:
    for _ in range(2):
        done = secretive.plan("--format", name, "--debug")
        silent(done.out + done.err)
        secretive.apply()


def test_one_that_is_no_text_is_refused_by_its_name(secretive: Project) -> None:
    secretive.environ["CHAT_TOKEN"] = f"{CANARY}\udcff"  # how a process keeps a byte that is no UTF-8
    done = secretive.run("apply", "--auto-approve", code=1)
    assert "environment variable CHAT_TOKEN is not UTF-8" in done.out + done.err
    silent(done.out + done.err)


def test_no_log_state_journal_or_output_shows_it(secretive: Project) -> None:
    done = [
        secretive.apply("--debug"),
        secretive.apply("--json"),
        secretive.run("output"),
        secretive.run("state", "show", "artifact.server"),
        secretive.run("state", "pull"),
        secretive.run("show", "artifact.server", code=None),
        secretive.run("history"),
    ]
    for command in done:
        silent(command.out + command.err)
    silent(secretive.everything_written())


def test_a_changed_secret_is_planned_without_being_shown(secretive: Project) -> None:
    secretive.apply()
    secretive.environ["CHAT_TOKEN"] = f"{CANARY}-2"
    done = secretive.plan()
    silent(done.out + done.err)
    assert "(sensitive value)" in done.out
    saved = secretive.folder / "plan.json"
    secretive.plan("--out", str(saved))
    silent(saved.read_text())


def test_drift_of_a_secret_is_seen_without_being_shown(secretive: Project, world: World) -> None:
    secretive.apply()
    assert secretive.actions() == {}
    silent(secretive.run("drift").out)


def test_a_refusal_that_echoes_it_is_not_repeated(secretive: Project, emulator: DataRobotEmulator) -> None:
    echo = {
        "detail": [
            {
                "loc": ["body", "spec"],
                "msg": "bad value",
                "type": "value_error",
                "input": CANARY,
                "ctx": {"given": CANARY},
            }
        ]
    }
    emulator.faults.on(Reply(422, body=echo), mutating=True, phase=Phase.BEFORE)
    done = secretive.apply("--debug", code=1)
    silent(done.out + done.err + secretive.everything_written())
    assert "bad value" in done.out + done.err
