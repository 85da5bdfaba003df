"""Commands as users type them: whatever wlinfra advises is built here.

`command_line` builds a command out of the arguments of the running one. `advised` puts the remedies in diagnostics of
packages that know nothing of the command line into its words: what was typed now is needed then as well.
"""

from __future__ import annotations

import shlex
from argparse import Namespace
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from wlinfra.cli.options.shared import DEFAULT_PROGRAM
from wlinfra.errors import Diagnostic
from wlinfra.plan.model import Plan
from wlinfra.remedies import Do, Option, Remedy, worded

__all__ = ["advised", "advised_plan", "command_line", "in_shell"]

_BY_ARGUMENT: Final = frozenset({"plan", "apply", "destroy", "drift", "validate", "render"})
"""Commands that take the program as their argument."""
_BY_OPTION: Final = frozenset({"import", "show", "output", "history", "state"})
"""Commands that take the program with ``-f``."""
_OF_RECORDS: Final = frozenset({"destroy", "show", "output", "history", "state"})
_SETTING: Final = _BY_ARGUMENT | {"import"}
_SELECTING: Final = frozenset({"plan", "apply", "destroy", "drift"})
_SHAPING: Final = frozenset({"plan", "apply"})


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


# ---------------------------------------------------------------- remedies

_COMMANDS: Final[Mapping[Do, tuple[str, ...]]] = {
    Do.PLAN: ("plan",),
    Do.APPLY: ("apply",),
    Do.DESTROY: ("destroy",),
    Do.IMPORT: ("import",),
    Do.FORGET: ("state", "rm"),
    Do.MOVE: ("state", "mv"),
    Do.RENAME: ("state", "rename"),
    Do.SHOW_STATE: ("state", "list"),
    Do.PUSH: ("state", "push"),
    Do.REPAIR: ("state", "repair"),
    Do.UNLOCK: ("state", "unlock"),
}
_OPTIONS: Final[Mapping[str, str]] = {
    "environment": "-e",
    "excludes": "--exclude",
    "refresh": "--refresh false",
    "replaces": "--replace",
    "review": "leave out --auto-approve",
    "settings_file": "--settings",
    "settings": "--set",
    "targets": "--target",
}
"""Options whose names are other words than those of `wlinfra.PlanOptions` and `wlinfra.open_workspace`."""


def in_shell(part: Remedy | Option, arguments: Namespace) -> str:
    """Return the command, completed by what was typed now, or the option."""
    if isinstance(part, Option):
        return shlex.join(_flag(part)) if part.value else _OPTIONS.get(part.name, f"--{_option(part.name)}")
    name, *action = _COMMANDS[part.kind]
    given, own = Namespace(**vars(arguments)), [*action, *part.arguments]
    if part.stack:
        own += ["--stack", part.stack]
        given.stack = None
    if part.environment:
        own += ["-e", part.environment]
        given.environment = None
    own += [word for option in part.options for word in _flag(option)]
    # What narrows or shapes the running command belongs to it, not to another one.
    running = getattr(arguments, "command", "")
    ends = name == "plan" and (running == "destroy" or getattr(arguments, "destroy", False))
    again = ends or (name == "plan" and running == "apply")  # a plan of what was to be applied
    for option in ("target", "exclude", "replace", "refresh", "refresh_only", "allow_empty", "new_place"):
        is_own = f"--{_option(option)}" in own
        if hasattr(given, option) and (is_own or (name != running and not again)):
            delattr(given, option)
    more = [*_options(name, given, ""), *(["--destroy"] if ends else [])]  # a plan of the same, not of what is wanted
    return shlex.join(["wlinfra", name, *more, *own] if name in _BY_ARGUMENT else ["wlinfra", name, *own, *more])


def _flag(option: Option) -> list[str]:
    flag = _OPTIONS.get(option.name, f"--{_option(option.name)}")
    return [flag, option.value] if option.value else [flag]


def advised(diagnostics: Iterable[Diagnostic], arguments: Namespace) -> tuple[Diagnostic, ...]:
    """Return the diagnostics with commands that work as typed."""

    def words(part: Remedy | Option) -> str:
        return in_shell(part, arguments)

    return tuple(replace(item, fix=worded(item.fix, words), detail=worded(item.detail, words)) for item in diagnostics)


def advised_plan(plan: Plan, arguments: Namespace) -> Plan:
    """Return the plan, to be shown, with commands that work as typed."""
    if not plan.errors and not plan.warnings:
        return plan
    return replace(plan, errors=advised(plan.errors, arguments), warnings=advised(plan.warnings, arguments))
