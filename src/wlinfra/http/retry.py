"""When a request may be sent again, and how long to wait before it is.

Used by `sender` and `pace`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from wlinfra.clock import Clock

__all__ = ["backoff_delay", "describe_wait", "pause", "retry_after_seconds"]

_FIRST_DELAY = 0.5
_LONGEST_DELAY = 30.0
_SLICE = 0.2
_MOST_DIGITS = 9


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


def describe_wait(seconds: float) -> str:
    """Return how long a platform asks to wait, for users.

    >>> describe_wait(600)
    '10 minutes'
    """
    whole = round(seconds)
    if whole >= 120 and whole % 60 == 0:
        return f"{whole // 60} minutes"
    return f"{whole} seconds"


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Return what the ``Retry-After`` header asks for, in seconds; None when there is none or it says nothing.

    A date is measured against the answer's own ``Date``, so that the two machines' clocks need not agree. Whatever a
    server writes there, this raises nothing.
    """
    value = (headers.get("Retry-After") or "").strip()
    if value.isascii() and value.isdigit():
        return float(value) if len(value) <= _MOST_DIGITS else None
    until, now = _http_date(value), _http_date(headers.get("Date") or "")
    if until is None or now is None:
        return None
    return max(0.0, (until - now).total_seconds())


def _http_date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
