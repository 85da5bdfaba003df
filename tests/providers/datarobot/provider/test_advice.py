"""Whatever command is printed about a stack on DataRobot works as typed, on a platform that has what it names."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.advice import UNTYPED, advised_commands
from support.api_client import ApiClient
from support.command_line import CommandLine, Ended

from wlinfra.emulation import Drop, Invoke, Phase, Reply
from wlinfra.state.lease import LockRequest
from wlinfra.state.store import LocalStateStore
from wlinfra_datarobot.emulator import DataRobotEmulator, Durations

PROGRAM = """\
import wlinfra as wl

stack = wl.Stack("shop")


@stack.resources
def resources(env):
    server = wl.Artifact("server", containers=[wl.Container(image="shop:1", port=8080)])
    chat = wl.Workload("chat", artifact=server, replicas=1, bundles=["cpu.small"])
    yield server
    yield chat
    yield wl.Output("endpoint", chat.endpoint)


"""


class Scene:
    """A stack with two environments on one emulator, and whoever else works there."""

    def __init__(self, folder: Path, emulator: DataRobotEmulator, elsewhere: DataRobotEmulator) -> None:
        self.line = CommandLine(folder, environ={"DATAROBOT_API_TOKEN": "test"})
        self.emulator = emulator
        self.elsewhere = elsewhere
        self.api = ApiClient(emulator.url)
        self.file = "my infra.py"
        self.write(PROGRAM)

    def write(self, text: str) -> None:
        environments = "".join(
            f'stack.environment("{name}", provider="datarobot", endpoint="{self.emulator.url}", name_prefix="{prefix}")\n'
            for name, prefix in (("test", ""), ("other", "other-"))
        )
        self.line.write(text + environments, self.file)

    def run(self, name: str, *words: str) -> Ended:
        named = [self.file] if name in ("plan", "apply", "destroy", "drift") else ["-f", self.file]
        return self.line.run(name, *words, *named, "-e", "test")

    def apply(self) -> None:
        ended = self.run("apply", "--auto-approve")
        assert ended.code == 0, ended

    @property
    def store(self) -> LocalStateStore:
        return LocalStateStore(self.line.folder / ".wlinfra", "shop", "test")

    def identity(self, kind: str, name: str) -> str:
        """Return the id of the object of that kind and name that is on the platform."""
        rows = self.api.ok("GET", f"/{kind}s?limit=100")["data"]
        return next(str(row["id"]) for row in rows if row["name"] == name)

    def workload(self, name: str = "chat") -> Any:
        """Create a workload by hand."""
        return self.api.ok("POST", "/workloads", {"name": name, "artifactId": self.identity("artifact", "server")})

    def scale(self) -> None:
        """Scale the workload by hand."""
        runtime = {"containerGroups": [{"replicaCount": 5, "resourceBundles": ["cpu.small"]}]}
        self.api.ok("PATCH", f"/workloads/{self.identity('workload', 'chat')}/settings", {"runtime": runtime})

    def type_all(self, ended: Ended) -> list[list[str]]:
        """Type every command of an output; a person answers yes."""
        commands = advised_commands(ended.out + ended.err)
        assert commands, ended
        for words in commands:
            done = self.line.run(*words, answer="yes\n")
            said = done.out + done.err
            assert not [summary for summary in UNTYPED if summary in said], (shlex.join(words), said)
            assert "No such address" not in said, (shlex.join(words), said)
        return commands


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    instant = Durations.instant()
    with DataRobotEmulator(durations=instant) as emulator, DataRobotEmulator(durations=instant) as elsewhere:
        made = Scene(tmp_path, emulator, elsewhere)
        yield made
        made.api.close()


def first_plan(scene: Scene) -> Ended:
    return scene.run("plan")


def saved_plan(scene: Scene) -> Ended:
    return scene.run("plan", "--out", "a plan.json")


def nobody_to_ask(scene: Scene) -> Ended:
    return scene.run("apply")


def failing_apply(scene: Scene) -> Ended:
    scene.emulator.faults.on(Reply(422), method="POST", path="/workloads")
    return scene.run("apply", "--auto-approve")


def failing_destroy(scene: Scene) -> Ended:
    scene.apply()
    scene.emulator.faults.on(Reply(403), method="DELETE", path="/workloads")
    return scene.run("destroy", "--auto-approve")


def lost_state(scene: Scene) -> Ended:
    scene.apply()
    scene.store.paths.directory.rename(scene.line.folder / "elsewhere")
    return scene.run("apply", "--auto-approve")


def drifted(scene: Scene) -> Ended:
    scene.apply()
    scene.scale()
    return scene.run("drift")


def two_of_one_name(scene: Scene) -> Ended:
    scene.apply()
    scene.workload()
    assert scene.run("state", "rm", "workload.chat").code == 0
    return scene.run("plan")


def lost_answer_and_two_candidates(scene: Scene) -> Ended:
    """Somebody creates a workload of that name while the answer to ours is lost."""
    assert scene.run("apply", "--auto-approve", "--target", "artifact.server").code == 0
    faults = scene.emulator.faults
    faults.on(Invoke(lambda _: scene.workload()), method="POST", path="/workloads/?$")
    faults.on(Drop(), method="POST", path="/workloads/?$", phase=Phase.AFTER)
    return scene.run("apply", "--auto-approve")


def another_installation(scene: Scene) -> Ended:
    scene.apply()
    path = scene.line.folder / scene.file
    path.write_text(path.read_text().replace(scene.emulator.url, scene.elsewhere.url))
    ended = scene.run("plan")
    assert ended.code == 14, ended
    return ended


def stale_plan(scene: Scene) -> Ended:
    scene.apply()
    scene.write(PROGRAM.replace("replicas=1", "replicas=2"))
    assert scene.run("plan", "--out", "a plan.json").code == 0
    scene.scale()
    ended = scene.line.run("apply", "a plan.json")
    assert ended.code == 10, ended
    return ended


def locked(scene: Scene) -> Ended:
    scene.apply()
    with scene.store.acquire(LockRequest(owner="bob")):
        return scene.run("apply", "--auto-approve")


def taken_by_another_environment(scene: Scene) -> Ended:
    scene.apply()
    return scene.line.run(
        "import", "workload.chat", scene.identity("workload", "chat"), "-f", scene.file, "-e", "other"
    )


def another_prefix(scene: Scene) -> Ended:
    scene.apply()
    text = (scene.line.folder / scene.file).read_text()
    (scene.line.folder / scene.file).write_text(text.replace('name_prefix=""', 'name_prefix="new-"'))
    return scene.run("plan")


def broken_program(scene: Scene) -> Ended:
    scene.apply()
    scene.write(PROGRAM + ")")
    return scene.line.run("destroy", scene.file)  # its text does not say of which environment


SCENES = [
    first_plan,
    saved_plan,
    nobody_to_ask,
    failing_apply,
    failing_destroy,
    lost_state,
    drifted,
    two_of_one_name,
    lost_answer_and_two_candidates,
    another_installation,
    stale_plan,
    locked,
    taken_by_another_environment,
    another_prefix,
    broken_program,
]


@pytest.mark.parametrize("happening", SCENES)
def test_every_command_that_is_printed_works_as_typed(
    scene: Scene, happening: Callable[[Scene], Ended], record_property: Callable[[str, object], None]
) -> None:
    commands = scene.type_all(happening(scene))
    record_property("commands", json.dumps(commands))
