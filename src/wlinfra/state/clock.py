"""Time as the lock sees it; tests pass their own."""

from __future__ import annotations

import sys
import time
from typing import Protocol

__all__ = ["Clock", "SystemClock"]


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
