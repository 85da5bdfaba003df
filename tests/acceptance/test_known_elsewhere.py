"""What users of other tools suffered from, once each, on the command line."""

from __future__ import annotations

import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.project import Project, program
from support.world import World

from wlinfra_datarobot.emulator import DataRobotEmulator

CHAT = """
server = wl.Artifact("server", containers=[wl.Container(image="acme/chat:TAG", port=8080, env=ENV)])
yield server
yield wl.Workload("chat", artifact=server, bundles=["cpu.small"], replicas=1)
"""


def declare(project: Project, emulator: DataRobotEmulator, *, tag: str = "1", env: str = "{}") -> None:
    project.write(program(CHAT.replace("TAG", tag).replace("ENV", env), emulator.url))


def test_carriage_returns_of_a_file_never_reach_the_platform(
    project: Project, emulator: DataRobotEmulator, world: World
) -> None:
    declare(project, emulator, env='{"KEY": wl.secret_file("key.txt")}')
    text = (project.folder / "infra.py").read_text()
    project.write(text.replace('token="test-token"', 'token_file="token.txt"'))
    (project.folder / "token.txt").write_bytes(b"test-token\r\n")
    (project.folder / "key.txt").write_bytes(b"value-1\r\n")
    project.apply()
    (container,) = world.one("artifacts", "server")["spec"]["containerGroups"][0]["containers"]
    assert [item["value"] for item in container["environmentVars"]] == ["value-1"]
    assert project.actions() == {}


@pytest.mark.parametrize(("value", "fix"), [("8080", '"8080"'), ("True", '"true"'), ("0.5", '"0.5"'), ("None", "")])
def test_a_variable_that_is_no_string_is_refused_by_name_before_any_call(
    project: Project, emulator: DataRobotEmulator, value: str, fix: str
) -> None:
    declare(project, emulator, env=f'{{"VALUE": {value}}}')
    done = project.run("validate", code=1)
    assert "VALUE" in done.err
    assert fix in done.err
    assert len(emulator.requests) == 0


def test_a_saved_plan_holds_no_folder_and_is_applied_from_another_one(
    project: Project, emulator: DataRobotEmulator, world: World, tmp_path: Path
) -> None:
    declare(project, emulator)
    project.run("plan", "--out", "plan.json")
    assert str(tmp_path) not in (project.folder / "plan.json").read_text()
    elsewhere = tmp_path / "elsewhere" / "checkout"
    elsewhere.mkdir(parents=True)
    for name in ("infra.py", "plan.json"):
        shutil.copy(project.folder / name, elsewhere / name)
    environ = {**project.environ, "WLINFRA_STATE_DIR": str(project.folder / ".wlinfra")}
    Project(folder=elsewhere, environ=environ).run("apply", "plan.json")
    assert set(world.names()) == {"server", "chat"}
    assert project.actions() == {}


def test_a_full_disk_ends_the_run_before_any_call_and_the_next_one_has_one_workload(
    project: Project, emulator: DataRobotEmulator, world: World
) -> None:
    declare(project, emulator)
    project.apply()
    declare(project, emulator, tag="2")
    world.forget_requests()
    full = subprocess.run(
        [sys.executable, "-c", "from wlinfra.cli.app import entry; entry()", "apply", "--auto-approve"],
        cwd=project.folder,
        env={**project.environ, "PYTHONDONTWRITEBYTECODE": "1"},  # for a file cut short would be read by others
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        preexec_fn=small_files,
    )
    assert (full.returncode, world.calls()) == (12, [])
    assert "Traceback" not in full.stdout + full.stderr
    assert project.actions() != {}
    project.apply()
    assert world.names() == {"server": 2, "chat": 1}
    assert project.actions() == {}


def small_files() -> None:
    """Let no file of the process grow beyond a few pages, as on a disk that is full."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
