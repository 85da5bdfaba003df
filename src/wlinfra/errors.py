"""What can go wrong, as values and as exceptions.

Everything above raises or returns these; the command line turns them into messages and an exit code.

The tree::

    WlinfraError
      DeclarationError      the program declares something that cannot be
      ConfigurationError    settings, endpoint, token, flags
      ProviderError         a platform refused, or a provider broke its contract
      StateError            the state cannot be read or written
        StateDamagedError   a file failed its integrity check
        StateRefusedError   what was asked of it is refused
        LockedError         another run holds the lock
        LeaseLostError      this run lost the lock while it worked
      StalePlanError        the world is not what was approved
      OtherPlaceError       what is recorded lies at another place
      InterruptedRun        the user stopped the run
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum
from typing import ClassVar, Self

from wlinfra.printable import escaped

__all__ = [
    "ConfigurationError",
    "DeclarationError",
    "Diagnostic",
    "InterruptedRun",
    "LeaseLostError",
    "Location",
    "LockedError",
    "OtherPlaceError",
    "ProviderError",
    "Severity",
    "StalePlanError",
    "StateDamagedError",
    "StateError",
    "StateRefusedError",
    "WlinfraError",
]


class Severity(Enum):
    """How much a diagnostic matters: an error stops the run, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """The line of the user's program that declared something."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One problem for the user: what is wrong, why, and how to fix it.

    ``summary`` has none of the user's words and at most six in all, so that equal mistakes group together.
    ``detail`` explains it in full sentences; ``fix`` is what to do, commands on lines of their own.
    """

    summary: str
    detail: str
    fix: str = ""
    severity: Severity = Severity.ERROR
    address: str | None = None
    path: str | None = None
    location: Location | None = None
    called_from: tuple[Location, ...] = ()
    """The calls of the user's own code that led to the location, innermost first."""

    @property
    def is_error(self) -> bool:
        """True when this stops the run."""
        return self.severity is Severity.ERROR

    def placed(self, address: str | None, location: Location | None = None) -> Diagnostic:
        """Return it with the address and the location where it has none."""
        return replace(self, address=self.address or address, location=self.location or location)

    def __str__(self) -> str:
        where = " ".join(str(part) for part in (self.location, self.address, self.path) if part)
        head = f"{self.summary} ({where})" if where else self.summary
        lines = "\n".join(part for part in (f"{head}: {self.detail}", self.fix) if part).split("\n")
        return "\n".join(map(escaped, lines))


class WlinfraError(Exception):
    """The root of every error a user can meet; it carries diagnostics, never a secret."""

    exit_code: ClassVar[int] = 1

    def __init__(self, *diagnostics: Diagnostic) -> None:
        self.diagnostics = diagnostics
        super().__init__("\n\n".join(str(diagnostic) for diagnostic in diagnostics))

    @classmethod
    def of(
        cls,
        summary: str,
        detail: str,
        fix: str = "",
        *,
        address: str | None = None,
        path: str | None = None,
        location: Location | None = None,
    ) -> Self:
        """Return this error with the one diagnostic described."""
        return cls(Diagnostic(summary=summary, detail=detail, fix=fix, address=address, path=path, location=location))

    @classmethod
    def raise_for(cls, diagnostics: Iterable[Diagnostic]) -> None:
        """Raise this error when any of the diagnostics is an error, with all errors in it."""
        errors = tuple(diagnostic for diagnostic in diagnostics if diagnostic.is_error)
        if errors:
            raise cls(*errors)


class DeclarationError(WlinfraError):
    """The program declares something that cannot be."""


class ConfigurationError(WlinfraError):
    """A setting, endpoint, token or flag is missing or wrong."""


class ProviderError(WlinfraError):
    """A platform refused, could not be reached, or a provider broke its contract."""


class StateError(WlinfraError):
    """The state cannot be read or written."""

    exit_code = 12


class StateDamagedError(StateError):
    """A state file failed its integrity check; nothing was overwritten."""


class StateRefusedError(StateError):
    """What was asked of the state is refused; the state is as it was, and nothing is wrong with it."""

    exit_code = 1


class LockedError(StateError):
    """Another run holds the lock of this stack and environment."""

    exit_code = 11


class LeaseLostError(StateError):
    """This run lost the lock while it worked; it stopped writing and calling."""

    exit_code = 11


class StalePlanError(WlinfraError):
    """What would be done now is not what was approved."""

    exit_code = 10


class OtherPlaceError(WlinfraError):
    """What is recorded lies at another cluster, installation or account than the one that answers."""

    exit_code = 14


class InterruptedRun(WlinfraError):  # noqa: N818 - an interruption is not an error of the program
    """The user stopped the run; what was done is recorded."""

    exit_code = 13
