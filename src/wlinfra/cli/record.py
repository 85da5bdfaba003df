"""Finds the record that a command works on, also where the program cannot be run or is gone.

`state`, `show`, `output` and `history` need the name of a stack and of an environment, and nothing else of the
program. They call `find_record`.
"""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wlinfra.cli.console import Console
from wlinfra.cli.workspace import find_site, state_root
from wlinfra.errors import ConfigurationError, DeclarationError, Diagnostic
from wlinfra.render.style import clean
from wlinfra.stack.stack import Stack
from wlinfra.state.store import LocalStateStore

__all__ = ["RecordSite", "find_record"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSite:
    """Whose record, and where it lies."""

    name: str
    """The stack's."""
    environment: str
    root: Path
    """The directory of all states."""
    stack: Stack[Any] | None = None
    """What the program says; None where it was not needed or cannot be run."""

    def store(self) -> LocalStateStore:
        """Return the state's store; nothing is read yet."""
        return LocalStateStore(self.root, self.name, self.environment)


def find_record(arguments: Namespace, console: Console) -> RecordSite:
    """Return the record that the arguments name; raises DeclarationError where the program is needed to tell which.

    A program that cannot be run is in the way of nobody who only wants its record: what the state directory holds
    is asked instead, and that is told.
    """
    if arguments.stack:
        return _named(arguments.stack, arguments, console)
    try:
        site = find_site(arguments, console)
    except DeclarationError as error:
        found = _recorded_instead(arguments, console)
        if found is None:
            raise DeclarationError(*error.diagnostics, *_choices(arguments, console)) from None
        first = error.diagnostics[0]
        why = f"{first.summary}{f' at {first.location}' if first.location else ''}"
        console.tell(
            f"Read from the record of stack {found.name}, environment {found.environment}; the program was not asked ({clean(why)})."
        )
        return found
    return RecordSite(name=site.stack.name, environment=site.environment, root=site.root, stack=site.stack)


def _asked(arguments: Namespace, console: Console) -> str:
    return str(arguments.environment or console.environ.get("WLINFRA_ENVIRONMENT") or "")


def _named(stack: str, arguments: Namespace, console: Console) -> RecordSite:
    root = state_root(arguments, console, arguments.file)
    known = [environment for name, environment in _records(root) if name == stack]
    asked = _asked(arguments, console)
    if asked in known or (not asked and len(known) == 1):
        return RecordSite(name=stack, environment=asked or known[0], root=root)
    listed = _listed(root) or "    nothing"
    what = f"the stack {stack}" + (f", environment {asked}" if asked else "")
    if known and not asked:
        raise ConfigurationError.of(
            "No environment named",
            f"{root} records several environments of {what}, and none was named.",
            f"Name one with -e; recorded are\n{listed}",
        )
    raise ConfigurationError.of("No such record", f"{root} records nothing of {what}.", f"Recorded are\n{listed}")


def _recorded_instead(arguments: Namespace, console: Console) -> RecordSite | None:
    """Return the one record that can be meant; None where there is none, or several that the program would tell apart."""
    root = state_root(arguments, console, arguments.file)
    asked = _asked(arguments, console)
    found = [record for record in _records(root) if asked in ("", record[1])]
    if len({name for name, _ in found}) > 1:
        named = _names_in(console.path(arguments.file))
        found = [record for record in found if record[0] in named]
    if len(found) != 1:
        return None
    ((name, environment),) = found
    return RecordSite(name=name, environment=environment, root=root)


def _choices(arguments: Namespace, console: Console) -> Iterator[Diagnostic]:
    """Yield how to name the record without the program; nothing where there is no record."""
    if known := _listed(state_root(arguments, console, arguments.file)):
        yield Diagnostic(
            summary="Record not clear",
            detail="Without the program it is not known which record is meant.",
            fix=f"Correct the program, or name one of those recorded:\n{known}",
        )


def _listed(root: Path) -> str:
    return "\n".join(f"    --stack {name} -e {environment}" for name, environment in _records(root))


def _names_in(program: Path) -> frozenset[str]:
    """Return the names that the program gives to stacks, read without running it."""
    try:
        text = program.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return frozenset()
    return frozenset(re.findall(r"""Stack\(\s*["']([\w-]+)["']""", text))


def _records(root: Path) -> Iterator[tuple[str, str]]:
    """Yield stack and environment of every record below the directory."""
    for stack in sorted(root.iterdir()) if root.is_dir() else ():
        for environment in sorted(stack.iterdir()) if stack.is_dir() else ():
            store = LocalStateStore(root, stack.name, environment.name)
            if store.paths.directory == environment and (store.paths.snapshot.exists() or store.paths.journal.exists()):
                yield stack.name, environment.name
