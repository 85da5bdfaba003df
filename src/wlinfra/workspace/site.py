"""Which stack and environment are named, and where its state is; nothing is connected.

`opening` opens it; `records` finds it where the program cannot be run or is gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wlinfra.errors import ConfigurationError
from wlinfra.remedies import Advice, Option
from wlinfra.stack.program import load_stack
from wlinfra.stack.stack import Stack
from wlinfra.state.store import LocalStateStore
from wlinfra.workspace.host import Asked, Host

__all__ = ["Site", "find_site", "state_root"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Which stack and environment, and where its state is; nothing is connected."""

    name: str
    """The stack's."""
    environment: str
    root: Path
    """The directory of all states."""
    file: Path
    """The program as it was named."""
    stack: Stack[Any] | None = None
    """What the program declares; None where it was not needed or cannot be run."""

    def store(self) -> LocalStateStore:
        """Return the state's store; nothing is read yet."""
        return LocalStateStore(self.root, self.name, self.environment)


def find_site(asked: Asked, host: Host, stack: Stack[Any] | None = None) -> Site:
    """Return the stack and environment that are named; raises DeclarationError, ConfigurationError."""
    path = host.path(asked.file)
    if stack is None:
        with host.running():
            stack = load_stack(path, environ=host.environ)
    return Site(
        name=stack.name,
        environment=_environment(asked, host, stack),
        root=state_root(asked, host),
        file=path,
        stack=stack,
    )


def state_root(asked: Asked, host: Host) -> Path:
    """Return the directory of all states: the one that was chosen, else the one next to the program."""
    chosen = asked.state_dir or host.environ.get("WLINFRA_STATE_DIR")
    if chosen:
        return host.path(chosen)
    path = host.path(asked.file)
    return (path if path.is_dir() else path.parent) / ".wlinfra"


def _environment(asked: Asked, host: Host, stack: Stack[Any]) -> str:
    name = asked.environment or host.environ.get("WLINFRA_ENVIRONMENT")
    if name:
        return stack.find_environment(name).name
    if len(stack.environments) == 1:
        return next(iter(stack.environments))
    if not stack.environments:
        return stack.find_environment("").name  # raises, and shows how to add one
    raise ConfigurationError.of(
        "No environment named",
        f"The stack {stack.name} has the environments {', '.join(stack.environments)}, and none was named.",
        Advice(
            "Name one:\n    ", Option("environment", next(iter(stack.environments))), "\nor set WLINFRA_ENVIRONMENT."
        ),
    )
