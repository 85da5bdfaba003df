"""How to reach a platform and how patiently: what a client gives its sender and its transport."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Protocol, Self

from wlinfra.clock import Clock, SystemClock

from .wire import Timeouts

__all__ = ["HttpOptions", "SendOptions", "TokenSource"]


class TokenSource(Protocol):
    """Where a transport gets its bearer token."""

    def __call__(self, *, refresh: bool) -> str | None:
        """Return the token; with ``refresh`` a new one, because the last one was refused."""
        ...


def _no_guard() -> None:
    return None


def _silent(text: str) -> None:
    del text


@dataclass(frozen=True, slots=True, kw_only=True)
class SendOptions:
    """How requests are sent to any platform; times are in seconds.

    ``guard`` is called right before each mutating request and raises when this run may not call any more. ``stop`` ends
    every pause within a second. ``retries`` bounds repeats after a failure, four times as many after "too many
    requests"; ``patience`` bounds both.
    """

    connect_timeout: float = 10.0
    read_timeout: float = 60.0
    retries: int = 5
    patience: float = 180.0
    user_agent: str = "wlinfra"
    clock: Clock = field(default_factory=SystemClock)
    jitter: Callable[[], float] = random.random
    guard: Callable[[], None] = _no_guard
    stop: threading.Event | None = None
    report: Callable[[str], None] = _silent
    """Called from any thread with what users should know while a request takes long."""

    @property
    def timeouts(self) -> Timeouts:
        """The limits of one request."""
        return Timeouts(connect=self.connect_timeout, read=self.read_timeout)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpOptions(SendOptions):
    """How to reach a platform with a JSON API and bearer tokens.

    ``verify`` is True, False or the path of a file with authorities. ``proxy`` is a URL (see `wlinfra.http.proxy`).
    """

    base_url: str
    token: TokenSource | None = field(default=None, repr=False)
    verify: bool | str = True
    proxy: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    pool_size: int = 32
    platform: str = "the platform"
    sources: str = ""
    """A sentence that says where the endpoint and the token are from, for users."""

    @classmethod
    def of(cls, sending: SendOptions, **more: Any) -> Self:
        """Return the options of a platform, sent to as ``sending`` says."""
        return cls(**{item.name: getattr(sending, item.name) for item in fields(SendOptions)}, **more)
