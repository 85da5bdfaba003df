"""Input that is merely wrong is an error that names it, never a bug of ours, and nothing is done before."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.command_line import PROGRAM, CommandLine, Ended
from support.project import Project, program

from wlinfra.values import Path as Place

BODY = """
yield wl.Artifact("server", containers=[wl.Container(image="acme/chat:1", port=8080)])
"""


def refused(ended: Ended, *words: str) -> None:
    assert ended.code == 1, ended.err
    for word in words:
        assert word in ended.err
    assert "bug" not in ended.err


@pytest.mark.parametrize("port", ["99999", "-1", "1e3", "\u0663", "9" * 30, ""])
def test_a_port_out_of_range_is_an_error_of_the_command_line(wlinfra: CommandLine, port: str) -> None:
    refused(wlinfra.run("emulator", "datarobot", f"--port={port}"), "--port", "a number from 0 to 65535")


@pytest.mark.parametrize("number", ["0", "-1", "\u00b2", "9" * 30, "1.5"])
def test_a_parallelism_out_of_range_too(wlinfra: CommandLine, number: str) -> None:
    refused(wlinfra.run("apply", f"--parallelism={number}"), "--parallelism")


DEEP = "[" * 3000 + "]" * 3000
LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("deep.json", f'{{"replicas": {DEEP}}}'),
        ("deep.yaml", f"replicas: {DEEP}\n"),
        ("deep.toml", f"replicas = {DEEP}\n"),
        ("laughs.yaml", LAUGHS),
    ],
)
def test_settings_that_nothing_can_read_are_refused(wlinfra: CommandLine, name: str, text: str) -> None:
    (wlinfra.folder / name).write_text(text)
    refused(wlinfra.run("plan", "--settings", name), "Settings nested too deep", name)
    assert wlinfra.provider.world.objects == {}


def test_a_setting_on_the_command_line_is_measured_too(wlinfra: CommandLine) -> None:
    refused(wlinfra.run("plan", "--set", f"replicas={DEEP}"), "Settings nested too deep")
    refused(wlinfra.run("plan", "--set", f"replicas={'[' * 3000}"))
    wlinfra.write(
        PROGRAM.replace("replicas: int", "replicas: object").replace(
            'provider="memory"', 'provider="memory", settings={"replicas": eval("[" * 90 + "]" * 90)}'
        )
    )
    refused(wlinfra.run("plan"))
    text = PROGRAM.replace('provider="memory"', 'provider="memory", settings={"replicas": deep}')
    wlinfra.write(
        "deep = []\nfor _ in range(3000):\n    deep = [deep]\n" + text.replace("replicas: int", "replicas: object")
    )
    refused(wlinfra.run("plan"), "Settings nested too deep")


# ---------------------------------------------------------------- options of a provider

OPTIONS = {
    'endpoint="http://a:99999/api/v2"': "endpoint",
    'endpoint="http://[/api/v2"': "endpoint",
    'endpoint="https://app.example.com"': "https://app.example.com/api/v2",
    'endpoint="http://a/api/v3"': "Use http://a/api/v2.",
    "endpoint=5": "endpoint",
    'endpoint="emulator", retires=1': "Did you mean retries?",
    'endpoint="emulator", read_timeout=float("inf")': "read_timeout",
    'endpoint="emulator", read_timeout=1e300': "read_timeout",
    'endpoint="emulator", retries=2**70': "retries",
    'endpoint="http://a/api/v2", proxy="http://["': "proxy",
    'endpoint="http://a/api/v2", proxy="a:99999999"': "proxy",
}


@pytest.mark.parametrize("options", OPTIONS)
def test_a_wrong_option_is_named_by_validate_with_the_line_of_its_environment(tmp_path: Path, options: str) -> None:
    project = Project(folder=tmp_path)
    project.write(
        program(BODY).partition("stack.environment")[0]
        + f'stack.environment("test", provider="datarobot", {options})\n'
    )
    for command in ("validate", "plan"):
        ended = project.run(command, code=1)
        assert OPTIONS[options] in ended.err
        assert "infra.py line 10" in ended.err


# ---------------------------------------------------------------- an emulator's world


@pytest.fixture
def world(tmp_path: Path) -> tuple[Project, Path]:
    project = Project(folder=tmp_path)
    project.write(program(BODY))
    project.apply()
    (found,) = tmp_path.rglob("world.journal")
    return project, found.parent


def test_a_damaged_world_of_an_emulator_is_named(world: tuple[Project, Path]) -> None:
    project, folder = world
    journal = folder / "world.journal"
    journal.write_bytes(b"#" + journal.read_bytes()[1:])
    for words in (
        ["plan"],
        ["apply", "--auto-approve"],
        ["emulator", "datarobot", "--port", "0", "--data", str(folder)],
    ):
        ended = project.run(*words, code=1)
        assert "Emulator's world is damaged" in ended.err
        assert f"mv {folder}" in ended.err


@pytest.mark.parametrize("text", ["", "no port", "99999", "-1", "9" * 30, "\u00b2"])
def test_a_damaged_port_of_an_emulator_is_chosen_again(world: tuple[Project, Path], text: str) -> None:
    project, folder = world
    (folder / "port").write_bytes(text.encode())
    assert project.run("plan", "--detailed-exitcode").code == 0
    assert (folder / "port").read_text().isdigit()


# ---------------------------------------------------------------- a state that is pushed

WRONG: list[Any] = ["x", -1, 2**70, 1.5, None, True, [], {}, [[]], {"a": []}, "\ud800"]


def places(value: Any, path: Place = ()) -> Iterator[Place]:
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*path, key)
        yield from places(item, (*path, key))


@pytest.mark.parametrize("step", [pytest.param(1, marks=pytest.mark.nightly, id="all"), pytest.param(16, id="some")])
def test_a_pushed_state_with_wrong_parts_is_refused_or_works(applied: CommandLine, step: int) -> None:
    pulled = applied.run("state", "pull").json
    tries = [(path, value) for path in places(pulled) for value in WRONG][::step]
    refusals = 0
    for path, value in tries:
        document = copy.deepcopy(pulled)
        holder: Any = document
        for part in path[:-1]:
            holder = holder[part]
        holder[path[-1]] = value
        (applied.folder / "state.json").write_text(json.dumps(document))
        ended = applied.run("state", "push", "state.json", "--force")
        assert ended.code in (0, 1, 12), (path, value, ended.err)
        refusals += ended.code != 0
        if ended.code == 0:
            assert applied.run("state", "list").code == 0, (path, value)
            assert applied.run("plan").code in (0, 1, 12), (path, value)
    print(f"{len(tries)} documents: {refusals} refused, none a bug")
    assert refusals > len(tries) / 2


@pytest.mark.parametrize("text", [b"", b"[]", b"null", b"5", b"\xff", b"{", b"[" * 5000, b'{"format_version": 1e999}'])
def test_what_is_no_state_is_refused(applied: CommandLine, text: bytes) -> None:
    (applied.folder / "state.json").write_bytes(text)
    before = applied.run("state", "pull").out
    ended = applied.run("state", "push", "state.json", "--force")
    assert (ended.code, "Not a state" in ended.err) == (1, True)
    assert applied.run("state", "pull").out == before


def test_a_key_that_cannot_be_kept_stops_no_plan(wlinfra: CommandLine) -> None:
    blocked = wlinfra.folder / "blocked"
    blocked.write_text("a file, so that nothing can be made below it")
    wlinfra.environ["XDG_DATA_HOME"] = str(blocked)
    ended = wlinfra.run("plan")
    assert (ended.code, "2 created" in ended.out) == (0, True)
    assert "WLINFRA_STATE_KEY" in ended.err
    assert "XDG_DATA_HOME" in ended.err
    refused_ = wlinfra.run("apply", "--auto-approve")
    assert (refused_.code, "WLINFRA_STATE_KEY" in refused_.err) == (12, True)
    assert wlinfra.provider.world.objects == {}
    assert wlinfra.run("state", "list").code == 0
    wlinfra.environ["WLINFRA_STATE_KEY"] = os.urandom(32).hex()
    assert wlinfra.run("apply", "--auto-approve").code == 0
