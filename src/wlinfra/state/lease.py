"""What a lock is: who holds it, until when, and what its holder may ask of it; `state.lock` keeps it in a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Protocol, Self

from wlinfra.state.holder import Holder, is_gone, is_here

__all__ = ["DEFAULT_LEASE", "Lease", "LockInfo", "LockRequest"]

DEFAULT_LEASE = 30.0
_ID_LENGTH = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class LockInfo:
    """Who holds the lock."""

    owner: str
    operation: str
    holder: Holder
    started: float
    """Seconds since the epoch."""
    heartbeat: float
    """When it was renewed last, seconds since the epoch."""
    lease: float
    """Seconds it stays valid without being renewed."""
    epoch: int
    """Grows with every holder; a record with a lower one than seen before does not count."""
    token: str
    """Tells this holder from all others; empty when the lock is free."""

    @property
    def is_held(self) -> bool:
        """True unless it was released."""
        return bool(self.token)

    @property
    def id(self) -> str:
        """A short name for this hold of the lock, for people to repeat."""
        return self.token[:_ID_LENGTH]

    def may_live(self, now: float) -> bool:
        """True unless the holder is gone for sure: its process here, or its heartbeat from another machine."""
        if is_gone(self.holder):
            return False
        return is_here(self.holder) or self.heartbeat + self.lease >= now

    @property
    def since(self) -> str:
        """When it was taken, RFC 3339, UTC."""
        return datetime.fromtimestamp(self.started, UTC).isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class LockRequest:
    """Who wants the lock, and how long it waits for it."""

    owner: str
    operation: str = "apply"
    lease: float = DEFAULT_LEASE
    """Seconds."""
    timeout: float = 0.0
    """Seconds to wait for a living holder; 0 does not wait."""
    on_wait: Callable[[LockInfo], None] | None = None
    """Called once for each holder that is waited for."""


class Lease(Protocol):
    """The lock while it is held."""

    @property
    def epoch(self) -> int:
        """The fencing epoch."""
        ...

    def check(self) -> None:
        """Raise LeaseLostError unless the lock is surely still held."""
        ...

    def advance(self, epoch: int) -> None:
        """Raise the epoch to at least this one."""
        ...

    def release(self) -> None:
        """Free the lock; does nothing when another user has it by now."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
