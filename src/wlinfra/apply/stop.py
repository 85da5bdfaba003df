"""How a person stops an apply: once to end in order, twice to end now.

The command line calls `StopSignal.request` from its signal handler and gives `StopSignal.hard` to the providers; the
scheduler subscribes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

__all__ = ["StopSignal"]


class StopSignal:
    """A request to stop; safe to make from a signal handler."""

    def __init__(self) -> None:
        self.hard = threading.Event()
        """Set by the second request: waits and back-offs of providers end, and the run is abandoned."""
        self._requested = False
        self._subscribers: list[Callable[[], None]] = []

    @property
    def requested(self) -> bool:
        """True after the first request: no new step starts."""
        return self._requested

    def request(self) -> None:
        """Ask the run to stop; a second time, to stop now."""
        if self._requested:
            self.hard.set()
        self._requested = True
        for subscriber in tuple(self._subscribers):
            subscriber()

    def reset(self) -> None:
        """Forget the requests of an earlier run, so that the next one of the same workspace runs."""
        self.hard.clear()
        self._requested = False
        self._subscribers.clear()

    def subscribe(self, subscriber: Callable[[], None]) -> None:
        """Call this at every request; it must not block."""
        self._subscribers.append(subscriber)
