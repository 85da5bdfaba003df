"""Which stack and environment the arguments name, and where the state of it lies; nothing is connected.

`workspace` opens it for commands that plan; `record` finds it where the program cannot be run or is gone.
"""

from __future__ import annotations

from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wlinfra.cli.console import Console
from wlinfra.cli.quiet import printing_aside
from wlinfra.errors import ConfigurationError
from wlinfra.stack.program import load_stack
from wlinfra.stack.stack import Stack
from wlinfra.state.store import LocalStateStore

__all__ = ["Site", "find_site", "state_root"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Which stack and environment, and where its state lies; nothing is connected."""

    name: str
    """The stack's."""
    environment: str
    root: Path
    """The directory of all states."""
    file: Path
    """The program as it was named."""
    stack: Stack[Any] | None = None
    """What the program says; None where it was not needed or cannot be run."""

    def store(self) -> LocalStateStore:
        """Return the state's store; nothing is read yet."""
        return LocalStateStore(self.root, self.name, self.environment)


def find_site(arguments: Namespace, console: Console, *, file: str = "", environment: str = "") -> Site:
    """Return the stack and environment the arguments name; raises DeclarationError, ConfigurationError."""
    path = console.path(file or arguments.file)
    with printing_aside(console):
        stack = load_stack(path, environ=console.environ)
    return Site(
        name=stack.name,
        environment=environment or _environment(arguments, console, stack),
        root=state_root(arguments, console, file or arguments.file),
        file=path,
        stack=stack,
    )


def state_root(arguments: Namespace, console: Console, file: str) -> Path:
    """Return the directory of all states: the one that was chosen, else the one beside the program."""
    chosen = arguments.state_dir or console.environ.get("WLINFRA_STATE_DIR")
    if chosen:
        return console.path(chosen)
    path = console.path(file)
    return (path if path.is_dir() else path.parent) / ".wlinfra"


def _environment(arguments: Namespace, console: Console, stack: Stack[Any]) -> str:
    asked = arguments.environment or console.environ.get("WLINFRA_ENVIRONMENT")
    if asked:
        return stack.find_environment(asked).name
    if len(stack.environments) == 1:
        return next(iter(stack.environments))
    if not stack.environments:
        return stack.find_environment("").name  # raises, and says how to add one
    raise ConfigurationError.of(
        "No environment named",
        f"The stack {stack.name} has the environments {', '.join(stack.environments)}, and none was named.",
        f"Name one:\n    -e {next(iter(stack.environments))}\nor set WLINFRA_ENVIRONMENT.",
    )
