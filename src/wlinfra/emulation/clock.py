"""The time an emulator lives in: the wall clock for users, a clock moved by hand for tests.

Emulators ask it once per request; nothing here waits.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from wlinfra.clock import SystemClock

_WALL: Final = SystemClock()
_LATEST: Final = 253_370_764_800.0
"""The year 9999, after which a time cannot be written as a date."""


class Clock:
    """The wall clock, or another function of seconds since the epoch, that can be set ahead."""

    def __init__(self, beneath: Callable[[], float] = _WALL.now) -> None:
        self._beneath = beneath
        self._ahead = 0.0
        self._lock = threading.Lock()

    def now(self) -> float:
        """Return seconds since the epoch, with what was advanced."""
        return self._beneath() + self._ahead

    def advance(self, seconds: float) -> None:
        """Move the time forward; a negative number is a ValueError. Waiting requests are not woken, they ask again."""
        with self._lock:
            if not seconds >= 0:
                raise ValueError(f"a clock only moves forward, got {seconds} seconds")
            if self.now() + seconds > _LATEST:
                raise ValueError(f"a clock ends with the year 9999, got {seconds} seconds")
            self._ahead += seconds


class ManualClock(Clock):
    """A clock that stands still until it is advanced."""

    def __init__(self, start: float = 1_780_000_000.0) -> None:
        super().__init__(lambda: start)
