"""Waiting for a cluster to get somewhere; tests and fixtures call it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

__all__ = ["eventually"]

T = TypeVar("T")


def eventually(ask: Callable[[], T], *, seconds: float = 60.0) -> T:
    """Return the first true answer; raises AssertionError with the last one when none came in time."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:.0f} s; the last answer was {answer!r}")
        time.sleep(0.1)
    return answer
