"""Commands as users type them: whatever wlinfra advises is built or completed here.

`command_line` builds a command out of the arguments of the running one. `advised` completes the commands in
diagnostics of packages that know nothing of the command line: what was typed now is needed then as well.
"""

from __future__ import annotations

import re
import shlex
from argparse import Namespace
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from wlinfra.cli.options.shared import DEFAULT_PROGRAM
from wlinfra.errors import Diagnostic, WlinfraError
from wlinfra.plan.model import Plan

__all__ = ["advised", "advised_plan", "command_line", "completed"]

_BY_ARGUMENT: Final = frozenset({"plan", "apply", "destroy", "drift", "validate", "render"})
"""Commands that take the program as their argument."""
_BY_OPTION: Final = frozenset({"import", "show", "output", "history", "state"})
"""Commands that take the program with ``-f``."""
_OF_RECORDS: Final = frozenset({"destroy", "show", "output", "history", "state"})
_SETTING: Final = _BY_ARGUMENT | {"import"}
_SELECTING: Final = frozenset({"plan", "apply", "destroy", "drift"})
_SHAPING: Final = frozenset({"plan", "apply"})
_COMMAND: Final = re.compile(r"^(\s+)(wlinfra [^`]*)$")


def command_line(name: str, arguments: Namespace, environment: str = "", words: Sequence[str] = ()) -> str:
    """Return the command ``name`` on what the running command works on, quoted for a shell.

    ``words`` are its own arguments and options; ``environment`` is the one found, by default the one typed.
    """
    options = _options(name, arguments, environment)
    own = [*options, *words] if name in _BY_ARGUMENT else [*words, *options]
    return shlex.join(["wlinfra", name, *own])


def _options(name: str, arguments: Namespace, environment: str) -> Iterator[str]:
    file = getattr(arguments, "file", DEFAULT_PROGRAM)
    if file != DEFAULT_PROGRAM and name in _BY_ARGUMENT:
        yield file
    if file != DEFAULT_PROGRAM and name in _BY_OPTION:
        yield from ("-f", file)
    if name in _OF_RECORDS:
        yield from _valued(arguments, ("stack",))
    named = environment or getattr(arguments, "environment", None)
    if named and name in _BY_ARGUMENT | _BY_OPTION:
        yield from ("-e", named)
    yield from _valued(arguments, ("chdir", "state_dir"))
    if name in _SETTING:
        yield from _valued(arguments, ("settings", "set"))
    if name in _SELECTING:
        yield from _valued(arguments, ("target", "exclude"))
        if getattr(arguments, "refresh", "true") == "false":
            yield from ("--refresh", "false")
    if name in _SHAPING:
        yield from _valued(arguments, ("replace",))
        yield from (
            f"--{_option(flag)}"
            for flag in ("refresh_only", "allow_empty", "new_place")
            if getattr(arguments, flag, False)
        )


def _valued(arguments: Namespace, names: Iterable[str]) -> Iterator[str]:
    for name in names:
        value = getattr(arguments, name, None)
        for text in [value] * bool(value) if isinstance(value, str) else value or ():
            yield from (f"--{_option(name)}", text)


def _option(name: str) -> str:
    return name.replace("_", "-")


# ---------------------------------------------------------------- completing


def completed(text: str, arguments: Namespace) -> str:
    """Return the text with each command that stands on a line of its own completed by what was typed now."""
    return "\n".join(_completed_line(line, arguments) for line in text.split("\n")) if "wlinfra " in text else text


def _completed_line(line: str, arguments: Namespace) -> str:
    found = _COMMAND.match(line)
    if found is None:
        return line
    from wlinfra.cli.arguments import parse_arguments  # only an error with a command in it needs the parser

    try:
        words = shlex.split(found[2])[1:]
        parsed = parse_arguments(words)
    except (ValueError, WlinfraError, SystemExit):
        return line
    name = parsed.command
    if name not in _BY_ARGUMENT | _BY_OPTION:
        return line
    given = Namespace(**vars(arguments))
    if getattr(parsed, "file", DEFAULT_PROGRAM) != DEFAULT_PROGRAM:
        given.file = DEFAULT_PROGRAM
        if str(parsed.file).endswith(".json"):  # a saved plan holds its environment and settings
            given = Namespace(chdir=given.chdir, state_dir=given.state_dir)
    if parsed.environment:
        given.environment = None
    own = set(words)
    for option in ("chdir", "state_dir", "settings", "set", "target", "exclude", "replace", "stack"):
        if f"--{_option(option)}" in own:
            setattr(given, option, None)
    # What narrows or shapes the running command is for it to say again, not for another one.
    running = getattr(arguments, "command", "")
    ends = name == "plan" and (running == "destroy" or getattr(arguments, "destroy", False))
    for option in ("target", "exclude", "replace", "refresh", "refresh_only", "allow_empty", "new_place"):
        if name != running and not ends and hasattr(given, option):
            delattr(given, option)
    more = list(_options(name, given, ""))
    if ends and "--destroy" not in own:  # a plan of the same, and not of what the program wants
        more.append("--destroy")
    place = 1 if name in _BY_ARGUMENT else len(words)
    return found[1] + shlex.join(["wlinfra", *words[:place], *more, *words[place:]])


def advised(diagnostics: Iterable[Diagnostic], arguments: Namespace) -> tuple[Diagnostic, ...]:
    """Return the diagnostics with commands that work as typed."""
    return tuple(
        replace(item, fix=completed(item.fix, arguments), detail=completed(item.detail, arguments))
        for item in diagnostics
    )


def advised_plan(plan: Plan, arguments: Namespace) -> Plan:
    """Return the plan, to be shown, with commands that work as typed."""
    if not plan.errors and not plan.warnings:
        return plan
    return replace(plan, errors=advised(plan.errors, arguments), warnings=advised(plan.warnings, arguments))
