"""How fast the threads of one sender may send together, after the platform said that it was too fast."""

from __future__ import annotations

import threading
from typing import Final

from wlinfra.clock import Clock

from .retry import pause

__all__ = ["Pace"]

_FIRST_INTERVAL: Final = 0.02
_LONGEST_INTERVAL: Final = 2.0
_EASING: Final = 0.98


class Pace:
    """How fast the threads of one sender may send together.

    At first there is no limit. A 429 holds everyone back until the instant the platform named, and from then on
    requests leave one by one with an interval that grows with every further hold and shrinks with every success.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._next = 0.0
        self._interval = 0.0
        self._held_until = 0.0
        self._holds = 0

    def wait(self, stop: threading.Event | None) -> bool:
        """Return when it is this thread's turn to send; False when a stop came first."""
        while True:
            delay, holds = self._reserve()
            if delay <= 0:
                return True
            if not pause(self._clock, delay, stop):
                return False
            if holds == self._holds:
                return True  # Nobody was refused meanwhile; otherwise the place in the queue is void.

    def slow_down(self, seconds: float, *, sent_at: float) -> None:
        """Let no request be sent for so many seconds; slower from then on, once for all requests refused together."""
        with self._lock:
            now = self._clock.monotonic()
            if sent_at >= self._held_until:
                self._interval = min(_LONGEST_INTERVAL, max(_FIRST_INTERVAL, self._interval * 2))
                self._next = 0.0
            self._held_until = max(self._held_until, now + seconds)
            self._holds += 1

    def speed_up(self) -> None:
        """Shrink the interval: the platform took a request."""
        if self._interval == 0:
            return
        with self._lock:
            eased = self._interval * _EASING
            self._interval = eased if eased >= _FIRST_INTERVAL / 2 else 0.0

    def _reserve(self) -> tuple[float, int]:
        """Take the next place in the queue; return the seconds until it comes, and which holds were known then."""
        if self._interval == 0 and self._holds == 0:
            return 0.0, 0
        with self._lock:
            now = self._clock.monotonic()
            at = max(now, self._next, self._held_until)
            self._next = at + self._interval
            return at - now, self._holds
