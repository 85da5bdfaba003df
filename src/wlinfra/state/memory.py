"""A state that is open for writing and is kept in memory only: no file, no lock, no key."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace

from wlinfra.state.ledger import Entry, Ledger, Record, encode_entry
from wlinfra.state.model import HistoryEntry, Intent, ObjectState, State
from wlinfra.state.session import StateSession
from wlinfra.values import Address

__all__ = ["MemorySession"]


def _empty() -> Ledger:
    return Ledger(stack="contract", environment="test", lineage="in-memory")


@dataclass(slots=True, kw_only=True)
class MemorySession(StateSession):
    """See `wlinfra.state.session.StateSession` for what it promises; what could not be written is refused here too."""

    ledger: Ledger = field(default_factory=_empty)
    history: list[HistoryEntry] = field(default_factory=list)
    _mutex: threading.Lock = field(default_factory=threading.Lock)

    @property
    def state(self) -> State:
        """What is recorded now."""
        with self._mutex:
            return self.ledger.view()

    def find(self, address: Address) -> ObjectState | None:
        """Return what is recorded of one object."""
        return self.ledger.objects.get(address)

    def reserve(self) -> None:
        """Memory needs none."""

    def begin(self, intent: Intent) -> Intent:
        """Record that a step is about to run."""
        with self._mutex:
            begun = replace(intent, sequence=self.ledger.sequence + 1, epoch=1)
            self._apply(Entry(begin=begun))
            return begun

    def record(self, entry: Entry) -> None:
        """Apply the changes, unless they could not be written."""
        with self._mutex:
            self._apply(entry)

    def add_history(self, entry: HistoryEntry) -> None:
        """Add one apply to the history."""
        self.history.append(entry)

    def close(self) -> None:
        """Nothing is open."""

    def _apply(self, entry: Entry) -> None:
        encode_entry(entry)
        self.ledger.apply(Record(serial=self.ledger.serial + 1, epoch=1, entry=entry))
