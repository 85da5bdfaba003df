"""Time, as everything that waits sees it; tests pass their own clocks."""

from __future__ import annotations

import queue
import sys
import time
from typing import Protocol, TypeVar

__all__ = ["Clock", "InboxClock", "SystemClock"]

T = TypeVar("T")

_LONGEST_WAIT = 0.1


class Clock(Protocol):
    """Two clocks, both in seconds."""

    def now(self) -> float:
        """Return the seconds since the epoch, which other machines can read."""
        ...

    def monotonic(self) -> float:
        """Return the seconds since some fixed instant; never goes back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Return after so many seconds."""
        ...


class InboxClock(Clock, Protocol):
    """A clock that also waits for a message or for time to pass, whichever comes first: what an apply waits with."""

    def receive(self, inbox: queue.SimpleQueue[T], seconds: float | None, *, idle: bool) -> T | None:
        """Return the next message, or None after so many seconds (never without a number).

        ``idle`` means that no call is under way, so that only time can bring the next message: a clock made for tests
        may then leap.
        """
        ...


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> float:
        """Return the seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Return the seconds since the machine started, those asleep too where the system counts them."""
        if sys.platform == "linux":
            return time.clock_gettime(time.CLOCK_BOOTTIME)
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Return after so many seconds."""
        time.sleep(seconds)

    def receive(self, inbox: queue.SimpleQueue[T], seconds: float | None, *, idle: bool) -> T | None:
        """Return the next message, or None after so many seconds."""
        end = None if seconds is None else self.monotonic() + seconds
        while True:
            # A signal that arrives just before a thread blocks wakes no thread, so no single wait is long.
            left = _LONGEST_WAIT if end is None else min(_LONGEST_WAIT, max(end - self.monotonic(), 0.0))
            try:
                return inbox.get(timeout=left)
            except queue.Empty:
                if end is not None and self.monotonic() >= end:
                    return None
