"""Whatever command is printed works as typed, with the options it needs.

A run of mistakes: each prints advice, every command in it is typed, and none may fail for want of a program, an
environment, a state directory or a setting.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from support.advice import UNTYPED, advised_commands
from support.command_line import PROGRAM, CommandLine, Ended

from wlinfra.changes.model import Step
from wlinfra.errors import Diagnostic
from wlinfra.provider.base import Refused, StepResult
from wlinfra.state.lease import LockRequest
from wlinfra.state.store import LocalStateStore

MANY = PROGRAM.replace("replicas: int = 1", "replicas: int").replace(
    'provider="memory")', 'provider="memory", settings={"replicas": 1})'
)
TWO = MANY + 'stack.environment("other", provider="memory", settings={"replicas": 1})\n'


class Typist:
    """Types commands in one of the ways in which a stack may be named."""

    def __init__(self, line: CommandLine, file: str, options: list[str]) -> None:
        self.line = line
        self.file = file
        self.options = options

    def run(self, name: str, *words: str, answer: str | None = None) -> Ended:
        """Run a command of ours with all that this way needs."""
        by_argument = name in ("plan", "apply", "destroy", "drift", "validate")
        named = [self.file] if by_argument and self.file != "infra.py" else []
        named += ["-f", self.file] if not by_argument and self.file != "infra.py" else []
        given = [option for option in self.options if by_argument or name == "import" or "=" not in option]
        return self.line.run(name, *words, *named, *given, answer=answer)

    @property
    def store(self) -> LocalStateStore:
        root = "states" if any("states" in option for option in self.options) else ".wlinfra"
        folder = self.line.folder / Path(self.file).parent if root == ".wlinfra" else self.line.folder
        return LocalStateStore(folder / root, "shop", "test")

    def write(self, text: str) -> None:
        path = self.line.folder / self.file
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


def type_all(typist: Typist, ended: Ended, *, least: int = 1) -> list[list[str]]:
    """Type every command of an output and return them; a person answers yes, and fills in an id."""
    commands = advised_commands(ended.out + ended.err)
    assert len(commands) >= least, ended.out + ended.err
    for words in commands:
        filled = ["obj-2" if word == "ID" else "workload.chat" if word == "ADDRESS" else word for word in words]
        done = typist.line.run(*filled, answer="yes\n")
        said = done.out + done.err
        assert not [summary for summary in UNTYPED if summary in said], (shlex.join(words), said)
    return commands


WAYS: dict[str, tuple[str, str, list[str]]] = {
    "the only environment of infra.py": (MANY, "infra.py", []),
    "another file, one of several environments": (TWO, "a folder/infra.py", ["-e", "test"]),
    "a state directory and settings": (TWO, "two.py", ["-e", "test", "--state-dir", "states", "--set=replicas=2"]),
}


@pytest.fixture(params=WAYS)
def typist(request: pytest.FixtureRequest, wlinfra: CommandLine) -> Typist:
    text, file, options = WAYS[request.param]
    found = Typist(wlinfra, file, options)
    if file != "infra.py":
        (wlinfra.folder / "infra.py").unlink()
    found.write(text)
    return found


def applied(typist: Typist) -> None:
    assert typist.run("apply", "--auto-approve").code == 0


# ---------------------------------------------------------------- the mistakes


def first_plan(typist: Typist) -> Ended:
    return typist.run("plan")


def saved_plan(typist: Typist) -> Ended:
    return typist.run("plan", "--out", "saved plan.json")


def destroying_plan(typist: Typist) -> Ended:
    applied(typist)
    return typist.run("plan", "--destroy")


def nobody_to_ask(typist: Typist) -> Ended:
    return typist.run("apply")


def json_without_approval(typist: Typist) -> Ended:
    return typist.run("apply", "--json")


def failing_apply(typist: Typist) -> Ended:
    def on_run(step: Step, proceed: Callable[[], StepResult]) -> StepResult:
        if "chat" in repr(step):
            return Refused(error=Diagnostic(summary="No room", detail="There is none."))
        return proceed()

    typist.line.provider.on_run = on_run
    ended = typist.run("apply", "--auto-approve")
    typist.line.provider.on_run = None
    assert ended.code == 1
    return ended


def lost_state(typist: Typist) -> Ended:
    applied(typist)
    typist.store.paths.directory.rename(typist.line.folder / "elsewhere")
    return typist.run("apply", "--auto-approve")


def drifted(typist: Typist) -> Ended:
    applied(typist)
    world = typist.line.provider.world
    world.update("obj-2", {"replicas": 9})
    return typist.run("drift")


def address_taken(typist: Typist) -> Ended:
    applied(typist)
    return typist.run("import", "workload.chat", "obj-7")


def managed_already(typist: Typist) -> Ended:
    applied(typist)
    assert typist.run("state", "mv", "workload.chat", "workload.old").code == 0
    return typist.run("import", "workload.chat", "obj-2")


def imported(typist: Typist) -> Ended:
    applied(typist)
    assert typist.run("state", "rm", "workload.chat").code == 0
    return typist.run("import", "workload.chat", "obj-2")


def locked(typist: Typist) -> Ended:
    applied(typist)
    with typist.store.acquire(LockRequest(owner="bob")):
        return typist.run("apply", "--auto-approve", "--set", "replicas=3")


def damaged(typist: Typist) -> Ended:
    applied(typist)
    journal = typist.store.paths.journal
    journal.write_bytes(journal.read_bytes().replace(b"chat", b"caht"))
    return typist.run("state", "list")


def older_push(typist: Typist) -> Ended:
    applied(typist)
    (typist.line.folder / "old.json").write_text(typist.run("state", "pull").out)
    assert typist.run("state", "rm", "workload.chat").code == 0
    return typist.run("state", "push", "old.json")


def no_such_address(typist: Typist) -> Ended:
    applied(typist)
    return typist.run("state", "rm", "workload.caht")


def move_onto_another(typist: Typist) -> Ended:
    applied(typist)
    typist.write(
        (typist.line.folder / typist.file)
        .read_text()
        .replace("yield server", "yield server\n    yield wl.Workload('two', artifact=server, replicas=1)")
    )
    applied(typist)
    return typist.run("state", "mv", "workload.two", "workload.chat")


def nothing_declared(typist: Typist) -> Ended:
    applied(typist)
    text = (typist.line.folder / typist.file).read_text()
    typist.write(text.partition("    server =")[0] + "    return []\n" + text[text.index("\n\nstack.env") :])
    return typist.run("plan")


def provider_gone(typist: Typist) -> Ended:
    applied(typist)
    text = (typist.line.folder / typist.file).read_text()
    typist.write(
        text.replace('"test", provider="memory"', '"test", providers={"memory": {}}')
        .replace("artifact=server,", "artifact=server, provider='memory',")
        .replace('"server", cont', '"server", provider="memory", cont')
    )
    return typist.run("plan")


def stale_plan(typist: Typist) -> Ended:
    assert typist.run("plan", "--out", "plan.json").code == 0
    text = (typist.line.folder / typist.file).read_text()
    typist.write(text.replace("shop:1", "shop:2"))
    options = [option for option in typist.options if "=" not in option]
    return typist.line.run("apply", "plan.json", *options)


MISTAKES = [
    first_plan,
    saved_plan,
    destroying_plan,
    nobody_to_ask,
    json_without_approval,
    failing_apply,
    lost_state,
    drifted,
    address_taken,
    managed_already,
    imported,
    locked,
    damaged,
    older_push,
    no_such_address,
    move_onto_another,
    nothing_declared,
    provider_gone,
    stale_plan,
]


@pytest.mark.parametrize("mistake", MISTAKES)
def test_every_command_that_is_printed_works_as_typed(
    typist: Typist, mistake: Callable[[Typist], Ended], record_property: Callable[[str, object], None]
) -> None:
    commands = type_all(typist, mistake(typist))
    record_property("commands", json.dumps(commands))


# ---------------------------------------------------------------- without a stack


@pytest.mark.parametrize("name", ["infra.py", "with space.py", "a folder/it's.py"])
def test_the_commands_that_init_prints_work(wlinfra: CommandLine, name: str) -> None:
    (wlinfra.folder / "infra.py").unlink()
    (wlinfra.folder / name).parent.mkdir(exist_ok=True)
    ended = wlinfra.run("init", name)
    commands = advised_commands(ended.out)
    assert [words[0] for words in commands] == ["plan", "apply"]
    assert wlinfra.run(*commands[0]).code == 0
    again = wlinfra.run("init", name)
    (other,) = advised_commands(again.err)
    assert wlinfra.run(*other).code == 0


def test_the_line_that_init_comments_out_is_right_but_for_the_token(wlinfra: CommandLine) -> None:
    assert wlinfra.run("init", "new.py").code == 0
    path = wlinfra.folder / "new.py"
    path.write_text(path.read_text().replace("# stack.environment", "stack.environment"))
    assert wlinfra.run("validate", "new.py", "-e", "prod").code == 0
    ended = wlinfra.run("plan", "new.py", "-e", "prod")
    assert ended.code == 1
    assert "No DataRobot token" in ended.err + ended.out


@pytest.mark.parametrize(
    "words",
    [["pln"], ["plan", "--otu", "x"], ["state"], ["state", "lst"], ["emulator", "memory"], ["output", "a", "b"]],
)
def test_mistakes_of_the_command_line_name_a_help_that_exists(wlinfra: CommandLine, words: list[str]) -> None:
    ended = wlinfra.run(*words)
    assert ended.code == 1
    (command,) = advised_commands(ended.err)
    assert wlinfra.run(*command).code == 0
