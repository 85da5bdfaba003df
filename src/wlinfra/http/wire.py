"""The seam between deciding what to send and sending it: one request, one answer, no repeats.

`sender` is above it; `pool` is the wire of real connections. Tests and other ways to a platform bring their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol, TypeAlias

__all__ = ["Lost", "Outcome", "Timeouts", "Wire", "WireAnswer", "WireError", "WireRequest", "WireStream"]


class Lost(Enum):
    """Why a request got no usable answer."""

    BAD_ADDRESS = "bad address"
    UNKNOWN_HOST = "unknown host"
    REFUSED = "refused"
    CONNECT_TIMEOUT = "connect timeout"
    PROXY = "proxy"
    CERTIFICATE = "certificate"
    PLAIN_HTTP = "plain http"
    TLS = "tls"
    READ_TIMEOUT = "read timeout"
    ANSWER_TIMEOUT = "answer timeout"
    DAMAGED = "damaged"
    BROKEN = "broken"
    STOPPED = "stopped"
    RENEWED = "credentials renewed"
    """A call that must not be sent twice was refused for credentials that are renewed now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long one request may take, in seconds."""

    connect: float
    read: float
    """Between two parts of the answer."""

    @property
    def answer(self) -> float:
        """Until the complete answer is here, counted from the moment the request starts."""
        return self.connect + self.read


@dataclass(frozen=True, slots=True, kw_only=True)
class WireRequest:
    """One request as it goes out; only the method and the path may be logged."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(default=None, repr=False)
    timeouts: Timeouts
    is_stream: bool = False
    """The body of a successful answer is read while it comes, for as long as it comes."""


class WireStream(Protocol):
    """The body of an answer that stays open; a single thread reads and closes it, any thread may interrupt it."""

    def chunks(self) -> Iterator[bytes]:
        """Yield the body as it comes; raises WireError when it breaks before its end."""
        ...

    def wait_at_most(self, seconds: float) -> None:
        """Count it as broken after so many seconds without a byte."""
        ...

    def interrupt(self) -> None:
        """End it for the thread that waits for its next chunk."""
        ...

    def close(self) -> None:
        """Close its connection."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WireAnswer:
    """One answer, of any status; header names are looked up in any case, repeated headers are joined by commas."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)
    stream: WireStream | None = None


class WireError(Exception):
    """A request without a usable answer; ``reason`` never quotes what can hold a password."""

    def __init__(self, lost: Lost, reason: str, *, was_sent: bool, name: str = "") -> None:
        self.lost = lost
        self.reason = reason
        self.was_sent = was_sent
        """False only where no byte of the request left."""
        self.name = name or lost.value
        """What the log shows."""
        super().__init__(reason)

    @property
    def is_final(self) -> bool:
        """True where a repeat meets the same failure."""
        return self.lost in {Lost.BAD_ADDRESS, Lost.CERTIFICATE, Lost.PLAIN_HTTP}


Outcome: TypeAlias = WireAnswer | WireError
"""An answer, or why there is none."""


class Wire(Protocol):
    """Sends one request at a time for each thread; any number of threads may share it."""

    def send(self, request: WireRequest) -> WireAnswer:
        """Return the answer, whatever its status; raises WireError when there is none."""
        ...

    def close(self) -> None:
        """Close what is open; a later request opens it again."""
        ...
