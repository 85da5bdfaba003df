"""What a scenario is given: how large to be, how often to run, where to write, and the peers at hand."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

from benchmarks.support.installed import Installed
from benchmarks.support.report import Report

__all__ = ["ROOT", "Bench", "Scenario", "Size"]

ROOT = Path(__file__).resolve().parents[2]


class Size(Enum):
    """How large the scenarios are."""

    SMALL = "small"
    """Every scenario completes and counts; the ratios mean little."""
    FULL = "full"
    """The sizes that the targets are about."""


@dataclass(kw_only=True)
class Bench:
    """One run of the benchmarks."""

    size: Size
    runs: int
    directory: Path
    """Emptied and removed at the end."""
    _made: int = field(default=0, init=False)

    @property
    def is_full(self) -> bool:
        """True when the targets are about this size."""
        return self.size is Size.FULL

    def choose(self, *, small: int, full: int) -> int:
        """Return the number for this size."""
        return full if self.is_full else small

    def folder(self, name: str) -> Path:
        """Return a new empty directory."""
        self._made += 1
        path = self.directory / f"{self._made:03}-{name}"
        path.mkdir(parents=True)
        return path

    @cached_property
    def installed(self) -> Installed:
        """The project as users have it: in an environment of its own, compiled to bytecode."""
        return Installed(ROOT, self.folder("venv"))

    def find_tool(self, name: str) -> str | None:
        """Return the path of a peer's command; None when it is not installed."""
        return shutil.which(name)


Scenario: TypeAlias = Callable[[Bench], Report]
