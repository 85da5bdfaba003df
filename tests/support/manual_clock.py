"""A clock that moves only when someone sleeps."""

from __future__ import annotations

import queue
import threading
from typing import TypeVar

T = TypeVar("T")


class ManualClock:
    """Sleeping returns at once and moves the time; every sleep is remembered."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.sleeps: list[float] = []
        self._lock = threading.Lock()

    def now(self) -> float:
        """Return the time so far."""
        return self.time

    def monotonic(self) -> float:
        """Return the time so far."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Move the time."""
        with self._lock:
            self.sleeps.append(round(seconds, 6))
            self.time += seconds

    def receive(self, inbox: queue.SimpleQueue[T], seconds: float | None, *, idle: bool) -> T | None:
        """Return the next message, or move the time where nothing else can bring one."""
        if idle and seconds is not None and inbox.empty():
            self.sleep(max(seconds, 0.0))
            return None
        try:
            return inbox.get(timeout=seconds)
        except queue.Empty:
            return None
