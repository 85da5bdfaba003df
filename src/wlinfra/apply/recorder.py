"""Writing what is recorded of an object: one durable record for each result.

`apply.execute` and `apply.calls` call the `Recorder` from many threads; it looks at single records of the session, so
that no step copies all of the state. What a record becomes is said by `state.records`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TypeVar

from wlinfra.errors import StateError
from wlinfra.state.model import Intent, ObjectState
from wlinfra.state.records import Rewrite
from wlinfra.state.session import StateSession
from wlinfra.values import Address

__all__ = ["Recorder"]

T = TypeVar("T")


class Recorder:
    """Writes records through the session; after one failure nothing more is written."""

    def __init__(self, session: StateSession) -> None:
        self._session = session
        self._locks: dict[Address, threading.Lock] = {}
        self._failure: StateError | None = None

    @property
    def objects(self) -> Mapping[Address, ObjectState]:
        """What is recorded now, and while it changes."""
        return self._session.recorded

    def find(self, address: Address) -> ObjectState | None:
        """Return what is recorded of one object."""
        return self._session.find(address)

    def begin(self, intent: Intent) -> Intent:
        """Return the intent as it is on the disk; raises StateError, LeaseLostError."""
        return self._written(lambda: self._session.begin(intent))

    def drop(self, intent: Intent) -> None:
        """Record that the step left nothing."""
        self._written(lambda: self._session.end(intent))

    def rewrite(self, address: Address, rewrite: Rewrite, *, intent: Intent | None = None) -> ObjectState | None:
        """Record what becomes of an object, together with the end of the step that did it; nothing when nothing changes.

        A deposed object and its successor share an address and may end at the same time, hence the lock.
        """
        with self._locks.setdefault(address, threading.Lock()):
            before = self._session.find(address)
            after = rewrite(before)
            self._write(address, before, after, intent)
            return after

    def _write(
        self, address: Address, before: ObjectState | None, after: ObjectState | None, intent: Intent | None
    ) -> None:
        gone = address if after is None and before is not None else None
        put = after if after != before else None
        if intent is not None:
            self._written(lambda: self._session.end(intent, put=put, remove=gone))
        elif gone is not None:
            self._written(lambda: self._session.remove(gone))
        elif put is not None:
            self._written(lambda: self._session.put(put))

    def _written(self, write: Callable[[], T]) -> T:
        if self._failure is not None:
            raise self._failure
        try:
            return write()
        except StateError as error:
            self._failure = error
            raise
