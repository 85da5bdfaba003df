"""A plan file decides everything and is trusted for nothing until its seal was checked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import chdir, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from support.advice import advised_commands
from support.command_line import PROGRAM, CommandLine

from wlinfra.errors import ConfigurationError
from wlinfra.plan.file import unseal
from wlinfra.plan.revision import canonical
from wlinfra.state.key import Digest

KEY = "00112233445566778899aabbccddeeff"


@pytest.fixture
def line(wlinfra: CommandLine) -> CommandLine:
    """A folder with a program, whose plans are sealed with a key that the tests know."""
    wlinfra.environ["WLINFRA_STATE_KEY"] = KEY
    return wlinfra


def plan(line: CommandLine, *arguments: str, out: str = "plan.json") -> dict[str, Any]:
    ended = line.run("plan", *arguments, "--out", out)
    assert ended.code == 0, ended.err
    line.provider.calls.clear()
    document: dict[str, Any] = json.loads((line.folder / out).read_text())
    return document


def write(line: CommandLine, document: Any, *, sealed: bool = False) -> None:
    if sealed:
        body = {name: value for name, value in document.items() if name != "seal"}
        document = {**body, "seal": Digest(bytes.fromhex(KEY))(canonical(body))}
    (line.folder / "plan.json").write_text(json.dumps(document))


# ---------------------------------------------------------------- the seal comes first


@pytest.mark.parametrize("name", ["evil.py", "../evil.py", "/tmp/evil.py"])
def test_a_program_that_a_changed_file_names_is_not_run(line: CommandLine, name: str) -> None:
    document = plan(line)
    ran = line.folder / "ran"
    (line.folder / "evil.py").write_text(f"open({str(ran)!r}, 'w')\n")
    write(line, {**document, "program": name, "place": name, "files": {}})
    ended = line.run("apply", "plan.json")
    assert (ended.code, ran.exists(), line.provider.calls) == (1, False, [])
    assert "Plan file not trusted" in ended.err


def test_another_key_or_none_runs_nothing(line: CommandLine) -> None:
    plan(line)
    line.write(PROGRAM + "\nopen('ran', 'w')\n")
    for key in ("ff" * 16, ""):
        line.environ["WLINFRA_STATE_KEY"] = key
        assert line.run("apply", "plan.json").code == 1
    assert (line.folder / "ran").exists() is False


def test_a_changed_program_is_not_run(line: CommandLine) -> None:
    plan(line)
    line.write(PROGRAM + "\nopen('ran', 'w')\n")
    ended = line.run("apply", "plan.json")
    assert (ended.code, (line.folder / "ran").exists()) == (10, False)


def test_a_changed_module_of_the_program_is_not_run(line: CommandLine) -> None:
    line.write("IMAGE = 'shop:1'\n", "common.py")
    line.write(PROGRAM.replace("import wlinfra as wl", "import wlinfra as wl\nfrom common import IMAGE"))
    plan(line)
    line.write("IMAGE = 'shop:1'\nopen('ran', 'w')\n", "common.py")
    ended = line.run("apply", "plan.json")
    assert (ended.code, (line.folder / "ran").exists()) == (10, False)


@pytest.mark.parametrize("name", ["/etc/infra.py", "../outside/infra.py"])
def test_a_sealed_plan_names_no_program_outside(line: CommandLine, name: str) -> None:
    document = plan(line)
    outside = line.folder.parent / "outside"
    outside.mkdir(exist_ok=True)
    (outside / "infra.py").write_text(PROGRAM)
    write(line, {**document, "program": name, "place": name}, sealed=True)
    ended = line.run("apply", "plan.json")
    assert ended.code == 1
    assert "Program" in ended.err
    assert line.provider.calls == []


def test_a_changed_text_is_not_shown(line: CommandLine) -> None:
    write(line, {**plan(line), "text": "No changes."})
    ended = line.run("show", "plan.json")
    assert (ended.code, ended.out) == (1, "")


def test_without_a_key_what_is_shown_is_not_verified(line: CommandLine) -> None:
    document = plan(line)
    write(line, {**document, "text": "\x1b[2J\x1b]0;title\x07No changes."})
    line.environ["WLINFRA_STATE_KEY"] = ""
    line.environ["HOME"] = str(line.folder / "other")
    ended = line.run("show", "plan.json")
    assert ended.code == 0
    assert "Not verified" in ended.err
    assert "\x1b" not in ended.out


# ---------------------------------------------------------------- whatever else stands in the file

ODD: tuple[Any, ...] = (None, 5, -1.5, True, "x", [], ["p"], {}, {"a": 1}, 2**63, "\ud7ff\u0000")


def mutations(document: Any) -> Iterator[tuple[str, Callable[[Any], None]]]:
    """Yield, for every member of the document, its path and what replaces it; and what takes it out."""

    def members(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
        pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, item in pairs:
            yield (*path, key)
            if path[:1] != ("document",) or len(path) < 4:
                yield from members(item, (*path, key))

    for path in members(document, ()):
        for odd in ODD:
            yield f"{path} = {odd!r}", partial(_set, path=path, value=odd)
        yield f"without {path}", partial(_drop, path=path)


def _holder(document: Any, path: tuple[Any, ...]) -> Any:
    for key in path[:-1]:
        document = document[key]
    return document


def _drop(document: Any, path: tuple[Any, ...]) -> None:
    _holder(document, path).pop(path[-1])


def _set(document: Any, path: tuple[Any, ...], value: Any) -> None:
    _holder(document, path)[path[-1]] = value


def test_every_malformed_member_is_an_ordinary_error(line: CommandLine) -> None:
    line.run("apply", "--auto-approve")
    document = plan(line, "--set", "replicas=2")
    key = Digest(bytes.fromhex(KEY))
    every = list(mutations({name: value for name, value in document.items() if name != "seal"}))
    tried = 0
    for number, (what, mutate) in enumerate(every):
        copy = json.loads(json.dumps(document))
        mutate(copy)
        if copy == document:
            continue
        tried += 1
        with pytest.raises(ConfigurationError):
            unseal(json.dumps(copy).encode(), key)
        with suppress(ConfigurationError):
            unseal(json.dumps(copy).encode())
        if number % 60 == 0:
            write(line, copy, sealed=True)
            for command in ("apply", "show"):
                ended = line.run(command, "plan.json")
                assert ended.code in (0, 1, 10), (what, command, ended.err)
    print(f"{tried} malformed plan files, each an ordinary error")
    assert tried > 1500


@pytest.mark.parametrize(
    "change",
    [
        {"text": 5},
        {"approvals": []},
        {"environment": ["p"]},
        {"program": None},
        {"document": {"changes": 5}},
        {"options": {}},
    ],
)
def test_a_sealed_file_of_the_wrong_shape_is_an_ordinary_error(line: CommandLine, change: dict[str, Any]) -> None:
    write(line, {**plan(line), **change}, sealed=True)
    for command in ("apply", "show"):
        ended = line.run(command, "plan.json")
        assert ended.code in ((0, 1) if "document" in change else (1,)), ended.err
        assert "bug in wlinfra" not in ended.err


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"format": 5}', b"\xff\xfe{", b'{"format": "wlinfra.plan/9"}'])
def test_what_is_no_plan_is_an_ordinary_error(line: CommandLine, data: bytes) -> None:
    (line.folder / "plan.json").write_bytes(data)
    for command in ("apply", "show"):
        assert line.run(command, "plan.json").code == 1


# ---------------------------------------------------------------- what decides a plan is in the plan


@pytest.mark.parametrize(
    "options",
    [
        ["--set", "replicas=3"],
        ["--settings", "other.toml"],
        ["--replace", "workload.chat"],
        ["--target", "artifact.server"],
        ["--exclude", "workload.chat"],
        ["--refresh", "false"],
        ["--refresh-only"],
        ["--allow-empty"],
        ["-e", "other"],
    ],
)
def test_options_beside_a_saved_plan_are_refused(line: CommandLine, options: list[str]) -> None:
    (line.folder / "other.toml").write_text("replicas = 4\n")
    plan(line, "--set", "replicas=2")
    ended = line.run("apply", "plan.json", *options)
    assert ended.code == 1
    assert "Options with a saved plan" in ended.err
    assert options[0] in ended.err
    assert line.provider.world.objects == {}
    first = advised_commands(ended.err)[0]
    assert line.run(*first).code == 0


def test_options_that_say_what_the_plan_says_are_heard(line: CommandLine) -> None:
    plan(line, "--set", "replicas=2", "-e", "test")
    assert line.run("apply", "plan.json", "--set", "replicas=2", "-e", "test").code == 0
    assert replicas(line) == 2


def replicas(line: CommandLine) -> Any:
    (found,) = [one for one in line.provider.world.objects.values() if one.kind == "workload"]
    return found.values["replicas"]


PLANNED = {
    "set": (["--set", "replicas=2"], "plan.json"),
    "settings": (["--settings", "two.toml"], "plan.json"),
    "environment variable": ([], "plan.json"),
    "a name that needs quotes": (["--set", "replicas=2"], "my plan.json"),
    "a folder of its own": (["--set", "replicas=2"], "out/plan.json"),
    "a state elsewhere": (["--set", "replicas=2", "--state-dir", "kept here"], "plan.json"),
}


@pytest.mark.parametrize("case", PLANNED)
def test_apply_exactly_this_works_as_typed(line: CommandLine, case: str) -> None:
    options, out = PLANNED[case]
    (line.folder / "two.toml").write_text("replicas = 2\n")
    (line.folder / "out").mkdir()
    if case == "environment variable":
        line.environ["WLINFRA_SET_REPLICAS"] = "2"
    ended = line.run("plan", *options, "--out", out)
    line.environ.pop("WLINFRA_SET_REPLICAS", None)
    (line.folder / "two.toml").unlink()
    command = next(words for words in advised_commands(ended.out) if words[0] == "apply")
    done = line.run(*command)
    assert done.code == 0, (command, done.err)
    assert replicas(line) == 2
    assert line.run("plan", *options[:2] * (case == "set"), "--detailed-exitcode").code in (0, 1, 2)


@pytest.mark.parametrize("from_folder", ["elsewhere", "out"])
def test_a_plan_is_applied_from_another_folder(line: CommandLine, tmp_path: Path, from_folder: str) -> None:
    (line.folder / "out").mkdir()
    (line.folder / "elsewhere").mkdir()
    plan(line, "--set", "replicas=2", out="out/plan.json")
    assert str(tmp_path) not in (line.folder / "out/plan.json").read_text()
    with chdir(tmp_path / from_folder):
        away = CommandLine(Path.cwd(), line.provider, {**line.environ, "HOME": str(line.folder / "home")})
        ended = away.run("apply", str(line.folder / "out/plan.json"))
    assert ended.code == 0, ended.err
    assert replicas(line) == 2
    assert (line.folder / ".wlinfra").is_dir()


def test_the_advice_of_a_stale_plan_makes_the_same_plan_again(line: CommandLine) -> None:
    line.run("apply", "--auto-approve")
    plan(line, "--set", "replicas=2")
    (chat,) = [one for one in line.provider.world.objects.values() if one.kind == "workload"]
    line.provider.world.update(chat.id, {"replicas": 9})
    ended = line.run("apply", "plan.json")
    assert ended.code == 10
    again = advised_commands(ended.err)[-1]
    assert line.run(*again).code == 0
    assert line.run("apply", "plan.json").code == 0
    assert replicas(line) == 2


@pytest.mark.parametrize("options", [["--destroy"], ["--target", "artifact.server", "--target", "workload.chat"]])
def test_a_stale_plan_is_made_again_in_its_own_file_and_with_its_options(line: CommandLine, options: list[str]) -> None:
    line.run("apply", "--auto-approve")
    plan(line, "--set", "replicas=2", *options, out="mine.json")
    (chat,) = [one for one in line.provider.world.objects.values() if one.kind == "workload"]
    line.provider.world.update(chat.id, {"replicas": 9})
    again = advised_commands(line.run("apply", "mine.json").err)[-1]
    assert again[again.index("--out") + 1] == "mine.json"
    assert all(again.count(word) == options.count(word) for word in options)
    assert line.run(*again).code == 0
    assert line.run("apply", "mine.json").code == 0


def test_secrets_among_settings_are_not_saved(line: CommandLine) -> None:
    line.write(
        PROGRAM.replace(
            "    replicas: int = 1", "    replicas: int = 1\n    token: SecretStr = SecretStr('a')"
        ).replace("import wlinfra as wl", "import wlinfra as wl\nfrom pydantic import SecretStr", 1)
    )
    ended = line.run("plan", "--set", "token=canary", "--set", "replicas=2", "--out", "plan.json")
    assert (ended.code, "canary" in ended.out + ended.err, (line.folder / "plan.json").exists()) == (1, False, False)
    assert "Apply exactly this" not in ended.out
    line.environ["WLINFRA_SET_TOKEN"] = "canary"
    assert "canary" not in json.dumps(plan(line, "--set", "replicas=2"))
    assert line.run("apply", "plan.json").code == 0


# ---------------------------------------------------------------- what is never overwritten


@pytest.mark.parametrize("name", ["infra.py", "common.py", "settings.toml", "state.json", "notes.txt", "-", "."])
def test_out_overwrites_nothing_that_is_no_plan(line: CommandLine, name: str) -> None:
    for other in ("common.py", "settings.toml", "state.json", "notes.txt"):
        (line.folder / other).write_text('{"a": 1}')
    before = {path.name: path.read_bytes() for path in line.folder.iterdir() if path.is_file()}
    ended = line.run("plan", "--out", name)
    assert ended.code == 1
    assert {path.name: path.read_bytes() for path in line.folder.iterdir() if path.is_file()} == before
    assert "Apply exactly this" not in ended.out


def test_a_plan_is_overwritten_by_another(line: CommandLine) -> None:
    first = plan(line)
    assert plan(line, "--set", "replicas=2")["settings_digest"] != first["settings_digest"]
