"""What goes wrong, when: faults planned for the n-th request that fits, and a rate limit.

Tests add faults to the `FaultPlan` of a server, users post them to its admin route; the server asks the plan once per
request and runs what is due before the handler, after it, and after the reply.
"""

from __future__ import annotations

import enum
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .routes import Request, Response, json_response


class Phase(enum.Enum):
    """Where in the life of a request a fault strikes."""

    BEFORE = "before"
    """The handler never runs: nothing happened."""
    AFTER = "after"
    """The handler ran and its effect stays; only the answer suffers."""
    REPLIED = "replied"
    """The answer has left."""


@dataclass(frozen=True, slots=True)
class Drop:
    """Close the connection without an answer."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer with this status in place of the real answer."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    """A JSON value; None gives `{"detail": "Injected fault"}`."""

    def response(self) -> Response:
        """Return the answer to send."""
        body = {"detail": "Injected fault"} if self.body is None else self.body
        return json_response(body, self.status, self.headers)


@dataclass(frozen=True, slots=True)
class Delay:
    """Hold the request back for so many real seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Truncate:
    """Promise the complete body, send only its first bytes, then close the connection."""

    keep: int = 0


@dataclass(frozen=True, slots=True)
class Invoke:
    """Call a function of the test, for example one that kills a client process."""

    function: Callable[[Request], None]


Action = Drop | Reply | Delay | Truncate | Invoke


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong, and the requests it happens to."""

    action: Action
    at: int = 1
    """Strikes at the n-th request that fits, counted from when the fault was added."""
    times: int | None = 1
    """How many fitting requests in a row it strikes; None never ends."""
    mutating: bool = False
    """Fits only POST, PUT, PATCH and DELETE."""
    method: str | None = None
    path: str | None = None
    """A regular expression searched for in the path."""
    phase: Phase = Phase.BEFORE

    def __post_init__(self) -> None:
        if self.at < 1:
            raise ValueError(f"a fault strikes at the first request or later, got at={self.at}")

    def fits(self, request: Request) -> bool:
        """Return whether this request counts."""
        return (
            (not self.mutating or request.mutating)
            and (self.method is None or self.method == request.method)
            and (self.path is None or re.search(self.path, request.path) is not None)
        )


class FaultPlan:
    """The faults a server is to have; safe to change while it serves."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: list[tuple[Fault, list[int]]] = []
        self._limit: _Bucket | None = None

    def add(self, fault: Fault) -> None:
        """Plan one fault; its counting starts with the next request."""
        with self._lock:
            self._planned.append((fault, [0]))

    def on(self, action: Action, **where: Any) -> None:
        """Plan a fault from its action and the attributes of `Fault`."""
        self.add(Fault(action=action, **where))

    def limit_rate(self, per_second: float | None, *, burst: int | None = None) -> None:
        """Answer 429 with Retry-After beyond so many requests a second (None: no limit); `burst` defaults to one second's worth."""
        with self._lock:
            self._limit = None if per_second is None else _Bucket(per_second, burst or max(1, int(per_second)))

    def clear(self) -> None:
        """Forget every fault and the rate limit."""
        with self._lock:
            self._planned.clear()
            self._limit = None

    @property
    def planned(self) -> tuple[Fault, ...]:
        """The faults that can still strike."""
        with self._lock:
            return tuple(fault for fault, seen in self._planned if not _is_over(fault, seen[0]))

    def due(self, request: Request, now: float) -> list[Fault]:
        """Count this request and return the faults that strike it, in the order they were added."""
        with self._lock:
            struck = []
            for fault, seen in self._planned:
                if fault.fits(request):
                    seen[0] += 1
                    if seen[0] >= fault.at and not _is_over(fault, seen[0] - 1):
                        struck.append(fault)
            if self._limit is not None and not self._limit.take(now):
                headers = {"Retry-After": "1"}
                struck.insert(0, Fault(action=Reply(429, headers, {"detail": "Too many requests"})))
            return struck


def fault_from_json(value: Mapping[str, Any]) -> Fault:
    """Return the fault an admin request describes; raises ValueError with what is wrong."""
    known = {"at", "times", "mutating", "method", "path"}
    kind = value.get("action")
    match kind:
        case "drop":
            action: Action = Drop()
        case "reply":
            action = Reply(int(value.get("status", 500)), value.get("headers") or {}, value.get("body"))
        case "delay":
            action = Delay(float(value.get("seconds", 1)))
        case "truncate":
            action = Truncate(int(value.get("keep", 0)))
        case _:
            raise ValueError(f"action must be drop, reply, delay or truncate, got {kind!r}")
    phase = Phase(value.get("phase", "before"))
    return Fault(action=action, phase=phase, **{name: value[name] for name in known if name in value})


def _is_over(fault: Fault, seen: int) -> bool:
    return fault.times is not None and seen >= fault.at - 1 + fault.times


class _Bucket:
    """Tokens that refill with the emulator's clock."""

    def __init__(self, per_second: float, burst: int) -> None:
        self._rate = per_second
        self._size = float(burst)
        self._tokens = float(burst)
        self._seen: float | None = None

    def take(self, now: float) -> bool:
        passed = 0.0 if self._seen is None else max(0.0, now - self._seen)
        self._seen = now
        self._tokens = min(self._size, self._tokens + passed * self._rate)
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
