"""Every command that stands in a text of ours, of the engine and of all providers, is one that the parser takes.

The texts are read from the sources: what they fill in is replaced by a word of its kind. Whether the commands also do
what they are printed for is typed out in `test_advice` and in the providers' own tests of that name.
"""

from __future__ import annotations

import ast
import re
import shlex
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import pytest

import wlinfra
import wlinfra_datarobot
import wlinfra_kubernetes
from wlinfra import remedies
from wlinfra.cli.advice import in_shell
from wlinfra.cli.arguments import COMMANDS as COMMANDS_OF_OURS
from wlinfra.cli.arguments import parse_arguments
from wlinfra.cli.options.shared import Parser, common_options

PACKAGES = (wlinfra, wlinfra_datarobot, wlinfra_kubernetes)
FILLED = {"_where": "-e test", "command": "plan"}
"""What stands for several words, or for a word that is no address, by the name of what fills it in."""
PRINTED = re.compile(r"(?:^ +wlinfra (.+)$)|(?:`wlinfra ([a-z][^`]*)`)|(?:\Awlinfra ([a-z]+ -.+)\Z)", re.MULTILINE)
NO_COMMANDS = ("NAME", "--help")


def texts(tree: ast.AST) -> Iterator[str]:
    """Yield every string of a module but its docstrings, with words for what is filled in."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    ignored = {id(node.body[0].value) for node in ast.walk(tree) if isinstance(node, documented) and _has_doc(node)}  # type: ignore[attr-defined]
    ignored |= {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if id(node) in ignored:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(_filled(part) for part in node.values)


def _has_doc(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return bool(node.body) and isinstance(node.body[0], ast.Expr) and isinstance(node.body[0].value, ast.Constant)


def _filled(part: ast.expr) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value)
    assert isinstance(part, ast.FormattedValue)
    value = part.value.func if isinstance(part.value, ast.Call) else part.value
    name = value.id if isinstance(value, ast.Name) else getattr(value, "attr", "")
    return FILLED.get(name, "workload.chat")


def printed(package: object) -> Iterator[tuple[str, str]]:
    """Yield file and command of every command in the package's texts."""
    (folder,) = map(Path, package.__path__)  # type: ignore[attr-defined]
    for file in sorted(folder.rglob("*.py")):
        for text in texts(ast.parse(file.read_text(encoding="utf-8"))):
            for found in PRINTED.finditer(text):
                yield str(file.relative_to(folder)), found[1] or found[2] or found[3]


COMMANDS = sorted({(package.__name__, *found) for package in PACKAGES for found in printed(package)})


@pytest.mark.parametrize(
    ("package", "file", "command"), COMMANDS, ids=[f"{file}: {text}" for _, file, text in COMMANDS]
)
def test_every_command_in_a_text_of_ours_is_one_that_the_parser_takes(package: str, file: str, command: str) -> None:
    if command.split()[-1] in NO_COMMANDS:
        return
    parsed = parse_arguments(shlex.split(command))
    assert parsed.command, (package, file)


def test_texts_of_the_engine_and_of_providers_have_remedies_instead_of_commands() -> None:
    """A command in a text would be wrong in every tool but this one."""
    commands = [(file, command) for package, file, command in COMMANDS if not file.startswith("cli/")]
    lines = [(file, command) for file, command in commands if command.split()[0] not in ("emulator", "render")]
    assert lines == []


REMEDIES = [
    remedies.plan("test", new_place=True),
    remedies.plan(out="plan.json"),
    remedies.apply("test", replaces="workload.chat"),
    remedies.destroy("test", stack="shop"),
    remedies.import_("workload.chat", "65f0"),
    remedies.forget("workload.chat", "test", stack="shop"),
    remedies.move("workload.chat", "workload.talk"),
    remedies.rename("shop", "test"),
    remedies.show_state(),
    remedies.push("state.json", force=True),
    remedies.repair(),
    remedies.unlock("5b1c"),
]


def test_every_remedy_is_a_command_that_the_parser_takes_and_python_that_compiles() -> None:
    assert {remedy.kind for remedy in REMEDIES} == set(remedies.Do)
    for remedy in REMEDIES:
        words = shlex.split(in_shell(remedy, Namespace(command="plan")))
        assert parse_arguments(words[1:]).command == words[1]
        in_words = remedies.in_python(remedy)
        if in_words.startswith("workspace"):
            compile(in_words, "advice", "eval")
            method = in_words.removeprefix("workspace.").partition("(")[0].partition(".")[0]
            assert hasattr(wlinfra.Workspace, method)


def test_every_option_in_a_text_is_one_of_the_parser() -> None:
    known = {word for name in ("plan", "apply", "import") for word in options_of(name)}
    for package in PACKAGES:
        (folder,) = map(Path, package.__path__)
        for file in folder.rglob("*.py"):
            for name in re.findall(r"\bOption\(\"(\w+)\"", file.read_text(encoding="utf-8")):
                assert in_shell(remedies.Option(name), Namespace()).split()[-2 if name == "refresh" else -1] in known


def options_of(name: str) -> list[str]:
    (command,) = (command for command in COMMANDS_OF_OURS if command.name == name)
    parser = Parser()
    command.configure(parser)
    common_options(parser, hidden=True)
    return [*parser._option_string_actions, "--force", "--out"]
