"""What an apply reports while it runs and at the end.

The applier hands events to one listener; `render` turns them into a table, lines or JSON lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from wlinfra.changes.change import Change
from wlinfra.changes.model import Step
from wlinfra.errors import Diagnostic
from wlinfra.values import Address, Json

__all__ = [
    "ApplyEvent",
    "ApplyOptions",
    "ApplyResult",
    "ChangeFailed",
    "Progress",
    "Skipped",
    "Started",
    "StepDone",
    "Stopping",
    "Succeeded",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyOptions:
    """How a plan is applied."""

    parallelism: int = 32
    wait: bool = True
    """False: do not wait until objects are ready."""
    poll_interval: float = 2.0
    """Seconds between two questions whether objects are ready; short at first, growing to this."""
    command: str = "apply"
    """For the history."""
    who: str = ""
    """For the history."""
    plan_digest: str = ""
    """For the history."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """Work on one object begins."""

    change: Change


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDone:
    """One call was made and recorded."""

    change: Change
    step: Step
    id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """An object is being waited for."""

    change: Change
    waiting_for: str
    reason: str
    """The platform's own words."""
    elapsed: float
    """Seconds since the wait began."""
    lasts: float = 0.0
    """Seconds that it continues at least, where that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Succeeded:
    """Work on one object ended as planned."""

    change: Change
    id: str | None
    elapsed: float
    awaited: bool = True
    """False when all its calls are made and what they lead to was not awaited: the next run continues to wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeFailed:
    """Work on one object ended otherwise."""

    change: Change
    error: Diagnostic
    recorded: bool
    """True when the object exists and is recorded, so that the next run continues from there."""
    elapsed: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """Work on one object was not begun or not finished, because of another or because of a stop.

    One that is only left waiting is recorded, and the next run continues from there.
    """

    change: Change
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopping:
    """A person asked to stop; running steps end and are recorded."""

    running: int


ApplyEvent: TypeAlias = Started | StepDone | Progress | Succeeded | ChangeFailed | Skipped | Stopping


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyResult:
    """What an apply did."""

    done: tuple[Change, ...] = ()
    started: tuple[Change, ...] = ()
    """Of done, those whose calls are made and whose goals were not awaited."""
    failed: tuple[tuple[Change, Diagnostic], ...] = ()
    skipped: tuple[tuple[Change, str], ...] = ()
    removed: tuple[Change, ...] = ()
    """Of failed and skipped, the replacements whose old object is deleted and whose new one is not made yet."""
    outputs: Mapping[str, Json] = field(default_factory=dict)
    """Resolved outputs of the stack; a Secret where it is sensitive."""
    interrupted: bool = False
    ids: Mapping[Address, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """True when everything planned was done."""
        return not self.failed and not self.skipped and not self.interrupted
