"""Reports that a platform does not answer, while requests to it are tried again.

One sender has one `Outage`: what its threads meet together is reported once, and again when it has got worse.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from .wire import Lost, Outcome, WireAnswer, WireError

__all__ = ["Outage"]

_PATIENCE: Final = 2.0
"""Seconds without any answer after which the first request is reported."""
_WORTH_TELLING: Final = 2.0
"""Seconds of a pause that the platform asks for, from which on it is reported."""
_TOO_MANY: Final = 429
_SILENCE: Final = frozenset({Lost.READ_TIMEOUT, Lost.ANSWER_TIMEOUT})


class Outage:
    """What users are to know of a platform that does not answer; any number of threads may share it."""

    def __init__(self, report: Callable[[str], None], where: Callable[[], str]) -> None:
        """``where`` names the platform's address, for users."""
        self._report = report
        self._where = where
        self._lock = threading.Lock()
        self._has_answered = False
        self._is_watched = False
        self._reported = 0
        self.is_given_up = False
        """A request was sent as often or as long as it may be, and nothing was answered since: others are sent once only."""
        self.is_silent = False
        """It was given up because the server takes connections and does not answer, so that each request takes all its time."""
        self.slowest = 0.0
        """Seconds that the slowest success took: a server that needs so long is slow, not silent."""

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Report a request that gets no answer for two seconds, unless the platform has answered before."""
        with self._lock:
            watches = not (self._has_answered or self._is_watched)
            self._is_watched = self._is_watched or watches
        if not watches:
            yield
            return
        timer = threading.Timer(_PATIENCE, lambda: self._report(f"No answer from {self._where()} yet: waiting."))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            with self._lock:
                self._is_watched = False

    def failed(self, outcome: Outcome, attempt: int, most: int, delay: float) -> None:
        """Report that a request is about to be sent for the ``attempt``-th time, once for all threads."""
        if isinstance(outcome, WireAnswer) and outcome.status == _TOO_MANY:
            if delay >= _WORTH_TELLING:
                self._report(f"Waiting: {self._where()} answered 429 and asks to come back in {delay:.0f} s.")
            return
        with self._lock:
            self._has_answered = False
            if attempt <= self._reported:
                return
            self._reported = attempt
        if isinstance(outcome, WireAnswer):
            what = f"{self._where()} answered {outcome.status}"
        else:
            what = f"No answer from {self._where()} ({outcome.reason.rstrip('.')})"
        self._report(f"{what}: trying again ({attempt} of {most}).")

    def over(self, seconds: float) -> None:
        """Take note of a success that took so many seconds."""
        if seconds > self.slowest:
            with self._lock:
                self.slowest = max(self.slowest, seconds)
        if self._has_answered and not self._reported:
            return
        with self._lock:
            self._has_answered, self._reported, self.is_given_up = True, 0, False

    def give_up(self, outcome: Outcome) -> None:
        """Take note of a request that was sent as often or as long as it may be, and of how it ended."""
        with self._lock:
            self._has_answered, self.is_given_up = False, True
            self.is_silent = isinstance(outcome, WireError) and outcome.lost in _SILENCE
