"""A clock that moves only when someone sleeps."""

from __future__ import annotations

import threading


class ManualClock:
    """Sleeping returns at once and moves the time; every sleep is remembered."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.sleeps: list[float] = []
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        """Return the time so far."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Move the time."""
        with self._lock:
            self.sleeps.append(round(seconds, 6))
            self.now += seconds
