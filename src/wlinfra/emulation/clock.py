"""The time an emulator lives in: the wall clock for users, a clock moved by hand for tests.

Emulators ask it once per request; nothing here waits.
"""

from __future__ import annotations

import threading
import time
from typing import Protocol


class Clock(Protocol):
    """What an emulator asks for the time, and what its admin route moves forward."""

    def now(self) -> float:
        """Return seconds since the epoch."""
        ...

    def advance(self, seconds: float) -> None:
        """Move the time forward; a negative number is a ValueError."""
        ...


class SystemClock:
    """The wall clock, which can be set ahead so that a long lifecycle passes at once."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self._lock = threading.Lock()

    def now(self) -> float:
        """Return the wall time plus what was advanced."""
        return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        """Set this clock further ahead of the wall time."""
        with self._lock:
            self._ahead += _forward(seconds, self.now())


class ManualClock:
    """A clock that stands still until it is advanced."""

    def __init__(self, start: float = 1_780_000_000.0) -> None:
        self._now = start
        self._lock = threading.Lock()

    def now(self) -> float:
        """Return the time it was last moved to."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move the time forward; waiting requests are not woken, they ask again."""
        with self._lock:
            self._now += _forward(seconds, self._now)


_LATEST = 253_370_764_800.0
"""The year 9999, after which a time cannot be written as a date."""


def _forward(seconds: float, now: float) -> float:
    if not seconds >= 0:
        raise ValueError(f"a clock only moves forward, got {seconds} seconds")
    if now + seconds > _LATEST:
        raise ValueError(f"a clock ends with the year 9999, got {seconds} seconds")
    return seconds
