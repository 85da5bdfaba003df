"""Sends a request as often as is harmless: the one place that repeats, paces, stops, signs in and asks the guard.

`transport` and the Kubernetes client stand on it. They say what an outcome means to their platform (`Explain`); what
follows from that, and when, is decided here. Below it is a `Wire`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from wlinfra.errors import ConfigurationError

from .options import SendOptions
from .outage import Outage
from .pace import Pace
from .redaction import Redactor
from .retry import backoff_delay, pause, retry_after_seconds
from .wire import Lost, Outcome, Timeouts, Wire, WireAnswer, WireError, WireRequest

__all__ = ["Explain", "Refusal", "Sender", "Sending", "SignIn"]

_LOG = logging.getLogger("wlinfra.http")

_TOO_MANY = 429
_NOT_SIGNED_IN = 401
_LEAST = 1.0
"""Seconds that any try has."""

_STOPPED = "The run was stopped while the platform limits its requests."
_RENEWED = "It was refused for credentials that had ended, and which are renewed by now."


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What an outcome means: the error to raise, and whether a later try of the same request can succeed."""

    error: Exception
    is_passing: bool


class Explain(Protocol):
    """Says what an outcome means to one platform."""

    def __call__(self, sending: Sending, outcome: Outcome) -> Refusal:
        """Return the refusal; called for every answer without success and every request without an answer."""
        ...


class SignIn(Protocol):
    """Where requests go, and what proves who sends them."""

    @property
    def base_url(self) -> str:
        """What paths are appended to, without a final slash."""
        ...

    @property
    def shown_url(self) -> str:
        """The same for users."""
        ...

    def headers(self) -> Mapping[str, str]:
        """Return the headers that prove it."""
        ...

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Fetch new proof after these headers were refused; True only when it really is another one now."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """One request, and how often it may be sent."""

    method: str
    path: str
    query: str = field(default="", repr=False)
    body: bytes | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    is_mutating: bool
    """It can change something, so that the guard is asked first."""
    is_repeatable: bool
    """Sending it twice equals sending it once."""
    is_pinned: bool = False
    """A second one does no harm after an answer that may hide a success, such as 401 of something in between."""
    is_stream: bool = False
    note: str = ""
    """What the log shows behind the path."""
    timeouts: Timeouts | None = None
    """Its own limits in place of the sender's."""

    def __str__(self) -> str:
        return f"{self.method} {self.path}{self.note}"


class Sender:
    """Sends to one platform; any number of threads may share it, and share its pace."""

    def __init__(self, wire: Wire, sign_in: SignIn, explain: Explain, options: SendOptions) -> None:
        self.options = options
        self._wire = wire
        self._sign_in = sign_in
        self._explain = explain
        self.redactor = Redactor()
        self._pace = Pace(options.clock)
        self._outage = Outage(options.report, lambda: sign_in.shown_url)
        self._lock = threading.Lock()
        self._count = 0

    @property
    def requests(self) -> int:
        """How many requests were sent so far."""
        return self._count

    def send(self, sending: Sending) -> WireAnswer:
        """Send the request until it succeeds or must not be sent again; raises what `Explain` makes of the last one."""
        options = self.options
        deadline = options.clock.monotonic() + options.patience
        tries = _Tries(options, sending)
        while True:
            if not self._pace.wait(options.stop):
                stopped = WireError(Lost.STOPPED, _STOPPED, was_sent=False)
                raise self._explain(sending, stopped).error from stopped
            signed = self._sign_in.headers()
            self._refuse_unsendable(signed)
            for value in signed.values():
                self.redactor.learn(value.partition(" ")[2] or value)
            sent_at = options.clock.monotonic()
            outcome = self._attempt(sending, signed, self._timeouts(sending, tries, deadline))
            if isinstance(outcome, WireAnswer):
                if 200 <= outcome.status < 300:
                    self._pace.speed_up()
                    self._outage.over(options.clock.monotonic() - sent_at)
                    return outcome
                if outcome.status == _NOT_SIGNED_IN and not tries.signed_in_again and self._sign_in.renew(signed):
                    tries.signed_in_again = True
                    if sending.is_repeatable or sending.is_pinned:
                        continue
                    outcome = WireError(Lost.RENEWED, _RENEWED, was_sent=True)
            refusal = self._explain(sending, self._redacted(outcome))
            delay = tries.next_delay(outcome, refusal)
            is_late = delay is not None and options.clock.monotonic() + delay > deadline
            if tries.are_used_up or (is_late and not tries.is_limited):
                self._outage.give_up(outcome)
            elif self._outage.is_given_up and not tries.is_limited:
                self._outage.give_up(outcome)
                delay = None
            cause = outcome if isinstance(outcome, WireError) else None
            if delay is None or is_late:
                raise refusal.error from cause
            _LOG.debug("attempt %d of %s in %.1f s", tries.count + 1, sending, delay)
            self._outage.failed(outcome, tries.count + 1, tries.most, delay)
            if isinstance(outcome, WireAnswer) and outcome.status == _TOO_MANY:
                self._pace.slow_down(delay, sent_at=sent_at)
            elif not pause(options.clock, delay, options.stop):
                raise refusal.error from cause

    def close(self) -> None:
        """Close the connections; a later request opens new ones."""
        self._wire.close()

    def _refuse_unsendable(self, signed: Mapping[str, str]) -> None:
        """Raise ConfigurationError for a token that no header can carry, which is a mistake in its source."""
        if all(value.isascii() and value.isprintable() for value in signed.values()):
            return
        raise ConfigurationError.of(
            "Token cannot be sent",
            f"The token for {self._sign_in.shown_url} has a line break or another character that no HTTP header can carry.",
            "Correct it where it is from: it is one line of letters, digits and punctuation.",
        )

    def _redacted(self, outcome: Outcome) -> Outcome:
        if isinstance(outcome, WireError):
            return outcome
        return replace(outcome, body=self.redactor.body(outcome.body))

    def _timeouts(self, sending: Sending, tries: _Tries, deadline: float) -> Timeouts:
        """Return the limits of the next try: a further one lasts no longer than patience does.

        A silent server that was given up is asked only as long as a connection may take, so that it holds no later
        request for long. Whatever took a success before has twice that time, and what may not be sent twice, or was
        refused because of too many requests, its full time: a slow server is none that is silent.
        """
        whole = sending.timeouts or self.options.timeouts
        if sending.is_stream or not sending.is_repeatable:
            return whole
        if tries.is_limited:
            return whole
        if self._outage.is_given_up and self._outage.is_silent:
            left = whole.connect
        elif tries.count:
            left = max(_LEAST, deadline - self.options.clock.monotonic())
        else:
            return whole
        left = max(left, 2 * self._outage.slowest)
        return Timeouts(connect=min(whole.connect, left), read=min(whole.read, left))

    def _attempt(self, sending: Sending, signed: Mapping[str, str], timeouts: Timeouts) -> Outcome:
        options, started = self.options, self.options.clock.monotonic()
        if sending.is_mutating:
            options.guard()
        with self._lock:
            self._count += 1
        url = f"{self._sign_in.base_url}{sending.path}{'?' if sending.query else ''}{sending.query}"
        request = WireRequest(
            method=sending.method,
            url=url,
            headers={"User-Agent": options.user_agent, **sending.headers, **signed},
            body=sending.body,
            timeouts=timeouts,
            is_stream=sending.is_stream,
        )
        try:
            with self._outage.watch():
                answer = self._wire.send(request)
        except WireError as error:
            self._log(sending, error.name, started)
            return error
        size = f"{len(answer.body)} bytes" if answer.stream is None else "a watch begins"
        self._log(sending, f"{answer.status}, {size}", started)
        return answer

    def _log(self, sending: Sending, result: str, started: float) -> None:
        """Log what was sent: never a query, for it may name anything."""
        _LOG.debug("%s -> %s in %d ms", sending, result, 1000 * (self.options.clock.monotonic() - started))


class _Tries:
    """How often one request was sent so far."""

    def __init__(self, options: SendOptions, sending: Sending) -> None:
        self._options = options
        self._sending = sending
        self._failed = 0
        self._limited = 0
        self.signed_in_again = False
        self.are_used_up = False

    @property
    def is_limited(self) -> bool:
        """True where the platform did answer, that there were too many requests."""
        return self._limited > 0

    @property
    def most(self) -> int:
        """How many tries there can be."""
        return 1 + self._options.retries

    @property
    def count(self) -> int:
        """How many tries failed."""
        return self._failed + self._limited

    def next_delay(self, outcome: Outcome, refusal: Refusal) -> float | None:
        """Return the seconds to wait before the next try, None when there must be none."""
        if self._sending.is_stream:
            return None
        asked = retry_after_seconds(outcome.headers) if isinstance(outcome, WireAnswer) else None
        if isinstance(outcome, WireAnswer) and outcome.status == _TOO_MANY:
            self._limited += 1
            return self._delay(asked, self._limited, 4 * self._options.retries)
        never_left = isinstance(outcome, WireError) and not outcome.was_sent
        if not refusal.is_passing or not (self._sending.is_repeatable or never_left):
            return None
        self._failed += 1
        self.are_used_up = self._failed > self._options.retries
        return self._delay(asked, self._failed, self._options.retries)

    def _delay(self, asked: float | None, count: int, limit: int) -> float | None:
        if count > limit:
            return None
        return backoff_delay(count - 1, self._options.jitter) if asked is None else asked
