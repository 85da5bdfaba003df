"""What a program may ask for while it runs: its folder, the environment variables, other stacks' outputs.

`stack.program` sets it; secrets and `Stack.outputs_of` read it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from wlinfra.values import Json

__all__ = ["OutputsReader", "Surroundings", "surrounded", "surroundings"]

OutputsReader: TypeAlias = Callable[[str, str], Mapping[str, Json] | None]
"""Returns the recorded outputs of a stack and environment, None when nothing is recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Where a program runs."""

    folder: Path | None = None
    """The program's folder; relative paths in the program are meant from here."""
    environ: Mapping[str, str] | None = None
    """None: those of the process, read when a secret is needed."""
    outputs_reader: OutputsReader | None = None

    def variables(self) -> Mapping[str, str]:
        """Return the environment variables."""
        return os.environ if self.environ is None else self.environ

    def path(self, path: str | Path) -> Path:
        """Return the path, a relative one from the program's folder."""
        return (self.folder or Path()) / path


_surroundings: ContextVar[Surroundings] = ContextVar("wlinfra_surroundings")


def surroundings() -> Surroundings:
    """Return where the program runs; the bare process when none does."""
    return _surroundings.get(Surroundings())


@contextmanager
def surrounded(value: Surroundings) -> Iterator[None]:
    """Run a program in these surroundings."""
    token = _surroundings.set(value)
    try:
        yield
    finally:
        _surroundings.reset(token)
