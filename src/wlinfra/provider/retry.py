"""When a request may be sent again, and how long to wait before it is.

Used by `wlinfra.provider.http`: `Clock` is what tests replace, `Pace` is shared by all threads of one transport.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Protocol

__all__ = ["Clock", "Pace", "SystemClock", "backoff_delay", "pause", "retry_after_seconds"]

_FIRST_DELAY = 0.5
_LONGEST_DELAY = 30.0
_SLICE = 0.2
_FIRST_INTERVAL = 0.02
_LONGEST_INTERVAL = 2.0
_EASING = 0.98


class Clock(Protocol):
    """Time as the transport sees it, in seconds."""

    def monotonic(self) -> float:
        """Return the seconds since some fixed instant."""
        ...

    def sleep(self, seconds: float) -> None:
        """Return after so many seconds."""
        ...


class SystemClock:
    """The machine's own clock."""

    def monotonic(self) -> float:
        """Return the seconds since some fixed instant."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Return after so many seconds."""
        time.sleep(seconds)


def pause(clock: Clock, seconds: float, stop: threading.Event | None) -> bool:
    """Sleep, in slices where a stop can come in between; False when it came."""
    if stop is None:
        if seconds > 0:
            clock.sleep(seconds)
        return True
    end = clock.monotonic() + seconds
    while not stop.is_set():
        left = end - clock.monotonic()
        if left <= 0:
            return True
        clock.sleep(min(left, _SLICE))
    return False


def backoff_delay(attempt: int, jitter: Callable[[], float]) -> float:
    """Return the seconds before attempt ``attempt`` + 1: doubled each time, at most 30, between half and all of it."""
    delay: float = min(_LONGEST_DELAY, _FIRST_DELAY * 2**attempt)
    return delay * (0.5 + jitter() / 2)


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Return what the ``Retry-After`` header asks for, in seconds; None when there is none or it says nothing.

    A date is measured against the answer's own ``Date``, so that the two machines' clocks need not agree.
    """
    value = (headers.get("Retry-After") or "").strip()
    if value.isdigit():
        return float(value)
    until, now = _http_date(value), _http_date(headers.get("Date") or "")
    if until is None or now is None:
        return None
    return max(0.0, (until - now).total_seconds())


def _http_date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text)
    except ValueError:
        return None


class Pace:
    """How fast the threads of one transport may send together.

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
        """Let nobody send for so many seconds; slower from then on, once for all requests refused together."""
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
