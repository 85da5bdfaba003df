"""A state that is open for writing and is kept in memory only: no file, no lock, no key."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self

from wlinfra.state.ledger import Entry, Ledger, Record, encode_entry
from wlinfra.state.model import EnvironmentState, HistoryEntry, Intent, ObjectState, State
from wlinfra.values import Address, Json

__all__ = ["MemorySession"]


def _empty() -> Ledger:
    return Ledger(stack="contract", environment="test", lineage="in-memory")


@dataclass(slots=True, kw_only=True)
class MemorySession:
    """See `wlinfra.state.store.StateSession` for what it promises; what could not be written is refused here too."""

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

    def end(self, intent: Intent, *, put: ObjectState | None = None, remove: Address | None = None) -> None:
        """Record that a step is over and what it left."""
        puts = () if put is None else (put,)
        self._record(Entry(end=intent.sequence, put=puts, remove=() if remove is None else (remove,)))

    def put(self, item: ObjectState) -> None:
        """Record an object."""
        self._record(Entry(put=(item,)))

    def remove(self, address: Address) -> None:
        """Forget an object."""
        self._record(Entry(remove=(address,)))

    def set_many(self, *, put: Iterable[ObjectState] = (), remove: Iterable[Address] = ()) -> None:
        """Forget and record many objects; removals come first."""
        self._record(Entry(put=tuple(put), remove=tuple(remove)))

    def set_outputs(self, outputs: Mapping[str, Json]) -> None:
        """Replace the outputs of the stack."""
        self._record(Entry(outputs=dict(outputs)))

    def set_key_fingerprint(self, fingerprint: str) -> None:
        """Record which key the digests are made with."""
        self._record(Entry(key_fingerprint=fingerprint))

    def set_environment(self, found: EnvironmentState) -> None:
        """Record what holds for all objects of the environment."""
        self._record(
            Entry(
                places=found.places,
                name_prefix=found.name_prefix,
                providers=found.providers,
                protected=found.protected,
            )
        )

    def add_history(self, entry: HistoryEntry) -> None:
        """Add one apply to the history."""
        self.history.append(entry)

    def close(self) -> None:
        """Nothing is open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _record(self, entry: Entry) -> None:
        with self._mutex:
            self._apply(entry)

    def _apply(self, entry: Entry) -> None:
        encode_entry(entry)
        self.ledger.apply(Record(serial=self.ledger.serial + 1, epoch=1, entry=entry))
