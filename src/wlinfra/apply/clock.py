"""Time as an apply sees it: the scheduler waits here, and nowhere else; tests pass their own."""

from __future__ import annotations

import queue
from typing import Protocol, TypeVar

from wlinfra.state import clock

__all__ = ["Clock", "SystemClock"]

T = TypeVar("T")

_LONGEST_WAIT = 0.1


class Clock(clock.Clock, Protocol):
    """The state's clock, and waiting for a message or for time to pass, whichever comes first."""

    def receive(self, inbox: queue.SimpleQueue[T], seconds: float | None, *, idle: bool) -> T | None:
        """Return the next message, or None after so many seconds (never without a number).

        ``idle`` says that no call is under way, so that only time can bring the next message: a clock made for
        tests may then leap.
        """
        ...


class SystemClock(clock.SystemClock):
    """The machine's own clocks."""

    def receive(self, inbox: queue.SimpleQueue[T], seconds: float | None, *, idle: bool) -> T | None:
        """Return the next message, or None after so many seconds."""
        end = None if seconds is None else self.monotonic() + seconds
        while True:
            # A signal that arrives just before a thread blocks wakes nobody, so no single wait is long.
            left = _LONGEST_WAIT if end is None else min(_LONGEST_WAIT, max(end - self.monotonic(), 0.0))
            try:
                return inbox.get(timeout=left)
            except queue.Empty:
                if end is not None and self.monotonic() >= end:
                    return None
