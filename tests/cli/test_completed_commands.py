"""Every command that plan, apply, import and saved plans advise works as typed, whatever was typed before."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import pytest
from support.advice import advised_commands
from support.command_line import PROGRAM, CommandLine

from wlinfra import remedies
from wlinfra.changes.model import Step
from wlinfra.cli.advice import command_line, in_shell
from wlinfra.provider.base import StepResult
from wlinfra.testing import refuse

TWO = PROGRAM + 'stack.environment("other", provider="memory")\n'
FILE = "my infra.py"
TYPED = ["-e", "other", "--state-dir", "kept here", "--set", "replicas=2"]


class Elsewhere(CommandLine):
    """A command line whose program is not the default one, with two environments, and a state elsewhere."""

    def apply(self, *arguments: str, answer: str | None = None) -> str:
        ended = self.run("apply", FILE, *TYPED, *arguments, answer=answer)
        return ended.out + ended.err


@pytest.fixture
def line(tmp_path: Path) -> Elsewhere:
    line = Elsewhere(tmp_path)
    line.write(TWO, FILE)
    return line


def typed(line: CommandLine, words: list[str]) -> int:
    more = ["--auto-approve"] if words[0] in ("apply", "destroy", "import") and not words[1].endswith(".json") else []
    ended = line.run(*words, *more)
    assert "Wrong arguments" not in ended.err, words
    assert "No environment named" not in ended.err, words
    assert "Program not found" not in ended.err, words
    return ended.code


def test_what_a_plan_advises_is_done(line: Elsewhere) -> None:
    ended = line.run("plan", FILE, *TYPED)
    (command,) = advised_commands(ended.out)
    assert typed(line, command) == 0
    assert len(line.provider.world.objects) == 2
    assert line.run("plan", FILE, *TYPED, "--detailed-exitcode").code == 0


def test_what_is_advised_where_nobody_can_be_asked_is_done(line: Elsewhere) -> None:
    for command in advised_commands(line.apply()):
        assert typed(line, command) == 0
    assert len(line.provider.world.objects) == 2


@pytest.mark.parametrize("arguments", [["--json"], []])
def test_the_saved_plan_that_is_advised_is_applied(line: Elsewhere, arguments: list[str]) -> None:
    commands = advised_commands(line.apply(*arguments))
    assert [command[0] for command in commands] == ["plan", "apply"] * (len(commands) // 2)
    assert [typed(line, command) for command in commands] == [0] * len(commands)
    assert len(line.provider.world.objects) == 2


def lost(line: Elsewhere) -> None:
    """Lose the state of what was made."""
    line.apply("--auto-approve")
    for path in sorted((line.folder / "kept here").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()


def test_imports_that_must_be_confirmed_are_typed(line: Elsewhere) -> None:
    lost(line)
    commands = [words for words in advised_commands(line.apply("--auto-approve")) if words[0] == "import"]
    assert [typed(line, command) for command in commands] == [0, 0]
    assert "2 added" not in line.apply("--auto-approve")
    assert len(line.provider.world.objects) == 2


def test_one_of_several_candidates_is_imported_as_advised(line: Elsewhere) -> None:
    lost(line)
    (one,) = [item for item in line.provider.world.objects.values() if item.kind == "workload"]
    line.provider.world.create(one.kind, one.name, one.values)
    shown = line.run("plan", FILE, *TYPED)
    commands = [words for words in advised_commands(shown.out + shown.err) if words[0] == "import"]
    assert len(commands) == 2
    assert typed(line, commands[0]) == 0


def test_after_an_import_the_plan_that_is_advised_is_made(line: Elsewhere) -> None:
    lost(line)
    ended = line.run("import", "workload.chat", "obj-2", "-f", FILE, *TYPED, "--auto-approve")
    (command,) = advised_commands(ended.out)
    assert typed(line, command) == 0
    taken = line.run("import", "workload.chat", "obj-1", "-f", FILE, *TYPED, "--auto-approve")
    assert [typed(line, command) for command in advised_commands(taken.err)] == [0]


def test_the_rest_of_a_failed_apply_is_done_as_advised(line: Elsewhere) -> None:

    def refusing(step: Step, proceed: Callable[[], StepResult]) -> StepResult:
        makes_workload = step.operation == "create" and step.payload["kind"] == "workload"
        return refuse("no") if makes_workload else proceed()

    line.provider.on_run = refusing
    shown = line.apply("--auto-approve")
    line.provider.on_run = None
    command = next(words for words in advised_commands(shown) if words[0] == "apply")
    assert typed(line, command) == 0
    assert len(line.provider.world.objects) == 2


# ---------------------------------------------------------------- the parts

GIVEN = Namespace(
    command="plan", file=FILE, environment="other", chdir="a b", state_dir=None, set=["n=1 2"], settings=None,
    target=["x"], exclude=[], replace=[], refresh="true", refresh_only=False, allow_empty=False,
)  # fmt: skip


@pytest.mark.parametrize(
    ("remedy", "expected"),
    [
        (remedies.import_("a.b", None), f"wlinfra import a.b ID -f '{FILE}' -e other --chdir 'a b' --set 'n=1 2'"),
        (remedies.unlock(), f"wlinfra state unlock -f '{FILE}' -e other --chdir 'a b'"),
        (remedies.plan(out="p.json"), f"wlinfra plan '{FILE}' -e other --chdir 'a b' --set 'n=1 2' --target x --out p.json"),
        (remedies.plan("prod"), f"wlinfra plan '{FILE}' --chdir 'a b' --set 'n=1 2' --target x -e prod"),
        (remedies.apply(replaces="a.b"), f"wlinfra apply '{FILE}' -e other --chdir 'a b' --set 'n=1 2' --replace a.b"),
        (remedies.forget("a.b", "prod", stack="two"), f"wlinfra state rm a.b --stack two -e prod -f '{FILE}' --chdir 'a b'"),
        (remedies.push("a b.json", force=True), f"wlinfra state push 'a b.json' --force -f '{FILE}' -e other --chdir 'a b'"),
    ],
)  # fmt: skip
def test_a_command_is_completed_by_what_was_typed(remedy: remedies.Remedy, expected: str) -> None:
    assert in_shell(remedy, GIVEN) == expected


def test_a_plan_that_a_destroy_advises_is_one_of_the_destruction() -> None:
    given = Namespace(
        command="destroy", file="infra.py", environment=None, chdir=None, state_dir=None, set=[], settings=None,
        target=["x"], exclude=[], refresh="false",
    )  # fmt: skip
    wanted = "wlinfra plan --target x --refresh false --destroy -e prod --new-place"
    assert in_shell(remedies.plan("prod", new_place=True), given) == wanted
    ending = Namespace(**{**vars(given), "command": "plan", "destroy": True, "target": [], "refresh": "true"})
    assert in_shell(remedies.plan(out="p.json"), ending) == "wlinfra plan --destroy --out p.json"
    assert in_shell(remedies.plan("prod"), ending) == "wlinfra plan --destroy -e prod"


def test_nothing_typed_adds_nothing() -> None:
    plain = Namespace(
        command="plan", file="infra.py", environment=None, chdir=None, state_dir=None, set=[], settings=None
    )
    assert in_shell(remedies.import_("a.b", None), plain) == "wlinfra import a.b ID"
    assert command_line("plan", plain, "prod") == "wlinfra plan -e prod"
