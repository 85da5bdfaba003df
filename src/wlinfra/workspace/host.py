"""Who opens a workspace, and what is named: nothing here knows of a command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wlinfra.errors import Diagnostic
from wlinfra.stack.program import External

__all__ = ["Asked", "Host"]


def _log(text: str) -> None:
    import logging  # only a program without a command line needs it

    logging.getLogger("wlinfra").warning(text)


def _log_diagnostics(diagnostics: Sequence[Diagnostic]) -> None:
    for item in diagnostics:
        _log(f"{item.summary}: {item.detail}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """The program that opens workspaces: its environment variables, its folder, and whom to report to."""

    environ: Mapping[str, str]
    directory: Path
    """Where relative paths begin."""
    providers: Mapping[str, Any] = field(default_factory=dict)
    """Providers in addition to the installed ones, by name."""
    report: Callable[[str], None] = _log
    """Called with one sentence about the run, such as who holds the lock."""
    warn: Callable[[Sequence[Diagnostic]], None] = _log_diagnostics
    """Called with warnings that belong to no plan."""
    running: Callable[[], AbstractContextManager[None]] = nullcontext
    """Entered while the user's program runs."""

    def path(self, name: str | Path) -> Path:
        """Return the path that was named, relative to ``directory``."""
        return self.directory / Path(name).expanduser()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was named; an empty string is what was not."""

    file: str
    """The program, or the folder it is in."""
    environment: str = ""
    stack: str | None = None
    """The stack whose record is meant; None where none can be named."""
    state_dir: str = ""
    settings: str = ""
    """The file with settings."""
    overrides: Sequence[str] = ()
    """Each ``name=value``."""
    externals: Sequence[External] = ()
    """Resources that are declared elsewhere."""
    partial: bool = False
    """The program declares some of the resources of the environment."""
