"""The optional part of the contract for providers that ship an emulator of their platform.

`wlinfra emulator NAME` finds it by `isinstance`, so that the core has no word about any platform.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

__all__ = ["EmulatorOptions", "RunningEmulator", "ShipsEmulator"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulatorOptions:
    """How an emulator is run."""

    port: int = 8181
    """On the loopback address; 0 takes a free one."""
    data: Path | None = None
    """The folder that keeps its world; None keeps it in memory."""
    seed_demo: bool = False
    """Begin with a few objects to look at."""
    realistic: bool = False
    """Lifecycles take as long as on the real platform, not a second or two."""
    api: str = ""
    """Which version of the platform's API it speaks; empty for the provider's default."""


class RunningEmulator(Protocol):
    """Serves from ``__enter__`` to ``__exit__``."""

    @property
    def url(self) -> str:
        """Where it listens."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


@runtime_checkable
class ShipsEmulator(Protocol):
    """A provider that ships an emulator."""

    def emulator(self, options: EmulatorOptions) -> RunningEmulator:
        """Return the emulator, not serving yet; raises ConfigurationError for options it does not know."""
        ...
