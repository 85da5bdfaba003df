"""Writing the state while its lock is held: intents before calls, results after them, one durable record each.

`LocalStateStore.open` makes a session; the applier's threads call it, all at once.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from types import TracebackType
from typing import Self

from wlinfra.errors import Diagnostic, LeaseLostError, Severity, StateError
from wlinfra.state.codec import dump, history_document
from wlinfra.state.files import NO_SPACE, Disk, DiskStats, explain_os_errors, make_directory
from wlinfra.state.journal import GroupCommit, JournalFile, encode_record
from wlinfra.state.lease import Lease
from wlinfra.state.ledger import Entry, Ledger, Record, encode_entry, encode_opening, new_lineage, seal_entry
from wlinfra.state.model import EnvironmentState, HistoryEntry, Intent, ObjectState, State
from wlinfra.state.snapshot import Loaded, Paths, encode_header, read_history_records, write_snapshot
from wlinfra.state.upgrades import FORMAT_VERSION
from wlinfra.values import Address, Json

__all__ = ["LocalSession", "StateSession"]

_RESERVE = 1 << 20
_COMPACT_ABOVE = 1 << 20


class StateSession(ABC):
    """A state open for writing; every method may be called from any thread and returns when it is durable.

    Each raises LeaseLostError, writing nothing, once the lock is lost, and StateError when the disk fails; after
    that nothing more is written.
    """

    __slots__ = ()

    @property
    @abstractmethod
    def state(self) -> State:
        """What is recorded now; what other threads do later leaves it alone."""

    @abstractmethod
    def find(self, address: Address) -> ObjectState | None:
        """Return what is recorded of one object, without copying the others."""

    @property
    def recorded(self) -> Mapping[Address, ObjectState]:
        """What is recorded of all objects, which may change while it is looked at; a copy unless a session has better."""
        return self.state.objects

    @abstractmethod
    def reserve(self) -> None:
        """Make sure, before anything is called, that results can be written."""

    @abstractmethod
    def begin(self, intent: Intent) -> Intent:
        """Record that a step is about to run; return the draft with its sequence and epoch."""

    @abstractmethod
    def record(self, entry: Entry) -> None:
        """Make one record of several changes, all or none."""

    @abstractmethod
    def add_history(self, entry: HistoryEntry) -> None:
        """Add one apply to the history."""

    @abstractmethod
    def close(self) -> None:
        """Finish writing."""

    def end(self, intent: Intent, *, put: ObjectState | None = None, remove: Address | None = None) -> None:
        """Record that a step is over and what it left, in one record."""
        puts = () if put is None else (put,)
        self.record(Entry(end=intent.sequence, put=puts, remove=() if remove is None else (remove,)))

    def put(self, item: ObjectState) -> None:
        """Record an object."""
        self.record(Entry(put=(item,)))

    def remove(self, address: Address) -> None:
        """Forget an object."""
        self.record(Entry(remove=(address,)))

    def set_many(self, *, put: Iterable[ObjectState] = (), remove: Iterable[Address] = ()) -> None:
        """Forget and record many objects in one record; removals come first."""
        self.record(Entry(put=tuple(put), remove=tuple(remove)))

    def set_outputs(self, outputs: Mapping[str, Json]) -> None:
        """Replace the outputs of the stack."""
        self.record(Entry(outputs=dict(outputs)))

    def set_key_fingerprint(self, fingerprint: str) -> None:
        """Record which key the digests are made with, unless it is recorded already."""
        if self.state.key_fingerprint != fingerprint:
            self.record(Entry(key_fingerprint=fingerprint))

    def set_environment(self, found: EnvironmentState) -> None:
        """Record what holds for all objects of the environment, unless that is recorded already."""
        names = [item.name for item in fields(found)]
        if any(getattr(found, name) != getattr(self.state, name) for name in names):
            self.record(Entry(**{name: getattr(found, name) for name in names}))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass(slots=True, eq=False)
class _Write:
    """One record on its way to the disk."""

    entry: Entry
    body: bytes


class LocalSession(StateSession):
    """A state open for writing in a local directory; see `StateSession` for what it promises."""

    def __init__(self, paths: Paths, loaded: Loaded, lease: Lease, disk: Disk) -> None:
        """Take over what was loaded under the lease; nothing is written yet."""
        self.lease = lease
        self.notes: list[Diagnostic] = []
        self._paths = paths
        self._disk = disk
        self._loaded = loaded
        self._ledger: Ledger = loaded.ledger
        self._ledger.lineage = self._ledger.lineage or new_lineage()  # written with the first record
        self._journal: JournalFile | None = None
        self._mutex = threading.Lock()
        self._files = threading.Lock()  # reserving cuts a torn tail of the journal, never what was just written
        self._view: State | None = None
        self._is_short_of_space = False
        self._writer: GroupCommit[_Write] = GroupCommit(self._commit)

    @property
    def state(self) -> State:
        """What is recorded now; what other threads do later leaves it alone."""
        with self._mutex:
            if self._view is None:
                self._view = self._ledger.view()
            return self._view

    @property
    def stats(self) -> DiskStats:
        """How often and how much was written; for tests and benchmarks."""
        return self._disk.stats

    def find(self, address: Address) -> ObjectState | None:
        """Return what is recorded of one object, without copying the others."""
        return self._ledger.objects.get(address)

    @property
    def recorded(self) -> Mapping[Address, ObjectState]:
        """What is recorded of all objects, while other threads change it: copy it before going through it."""
        return self._ledger.objects

    def reserve(self) -> None:
        """Make sure, before anything is called, that results can be written; raises StateError, LeaseLostError.

        Space is held back for the results of the steps that run when the disk becomes full.
        """
        self.lease.check()
        with self._files, explain_os_errors("reserve space for the state", self._paths.directory):
            self._disk.replace(self._paths.reserve, b"\0" * _RESERVE)
            if self._journal is None and self._loaded.journal_length is not None:
                JournalFile(self._paths.journal, self._disk, length=self._loaded.journal_length).close()

    def begin(self, intent: Intent) -> Intent:
        """Return the draft with its sequence and epoch when it is on the disk; raises StateError, LeaseLostError."""
        if self._is_short_of_space:
            raise StateError.of(
                "No space for the state",
                f"The disk of {self._paths.directory} is full. Steps that ran were recorded in the reserved space; no new one starts.",
                "Free some space, then run the same command again.",
            )
        write = _Write(Entry(begin=intent), encode_entry(Entry(begin=replace(intent, sequence=0, epoch=0))))
        self._writer.submit(write)
        begun = write.entry.begin
        return intent if begun is None else begun

    def record(self, entry: Entry) -> None:
        """Make one durable record."""
        self._writer.submit(_Write(entry, encode_entry(entry)))

    def add_history(self, entry: HistoryEntry) -> None:
        """Add one apply to the history, durably."""
        line = encode_record(dump(history_document(entry)))
        self.lease.check()
        with self._mutex, explain_os_errors("write the history", self._paths.directory):
            length = read_history_records(self._paths.history).length
            file = JournalFile(self._paths.history, self._disk, length=length)
            try:
                file.append([line])
            finally:
                file.close()

    def close(self) -> None:
        """Finish writing, give back the space held back, and compact when the journal has grown large."""
        self._writer.close()
        with suppress(OSError):
            self._paths.reserve.unlink(missing_ok=True)
        journal, self._journal = self._journal, None
        if journal is None:
            return
        journal.close()
        self._loaded = replace(self._loaded, ledger=self._ledger, journal_length=journal.length)
        if self._writer.failure is None and journal.length > max(_COMPACT_ABOVE, self._loaded.snapshot_size):
            self._compact()

    def _commit(self, batch: list[_Write]) -> None:
        """Write the records of a batch with one sync, then apply them; the writer thread alone calls this."""
        self.lease.check()
        with self._files, explain_os_errors("write the state", self._paths.directory):
            lines = self._open_journal() if self._journal is None else []
            records = self._number(batch)
            lines += [
                encode_record(
                    seal_entry(write.body, serial=record.serial, epoch=record.epoch, sequence=_sequence(record))
                )
                for write, record in zip(batch, records, strict=True)
            ]
            self._append(lines)
        with self._mutex:
            for write, record in zip(batch, records, strict=True):
                self._ledger.apply(record)
                write.entry = record.entry
            self._view = None

    def _number(self, batch: list[_Write]) -> list[Record]:
        epoch, serial, sequence = self.lease.epoch, self._ledger.serial, self._ledger.sequence
        records: list[Record] = []
        for write in batch:
            serial += 1
            entry = write.entry
            if entry.begin is not None:
                sequence += 1
                entry = replace(entry, begin=replace(entry.begin, sequence=sequence, epoch=epoch))
            records.append(Record(serial=serial, epoch=epoch, entry=entry))
        return records

    def _append(self, lines: list[bytes]) -> None:
        journal = self._journal
        if journal is None:
            raise ValueError("the journal is not open")
        try:
            journal.append(lines)
        except OSError as error:
            if error.errno not in NO_SPACE or not self._paths.reserve.exists():
                raise
            self._is_short_of_space = True
            self._paths.reserve.unlink()
            journal.append(lines)

    def _open_journal(self) -> list[bytes]:
        """Open the journal and return the lines that must stand before our first record."""
        ledger = self._ledger
        if ledger.epoch > self.lease.epoch:
            # The lock record was lost and counts again: our records must not look like those of an older run.
            self.lease.advance(ledger.epoch + 1)
        if self._loaded.version < FORMAT_VERSION:
            write_snapshot(self._paths, ledger, self._disk, self.lease.check)
            self._loaded = replace(
                self._loaded, journal_length=self._paths.journal.stat().st_size, version=FORMAT_VERSION
            )
        length = self._loaded.journal_length or 0
        if length == 0:
            first = encode_header(ledger, self.lease.epoch)
        else:
            first = encode_record(encode_opening(serial=ledger.serial, epoch=self.lease.epoch))
        make_directory(self._paths.directory)
        self._journal = JournalFile(self._paths.journal, self._disk, length=length)
        return [first]

    def _compact(self) -> None:
        try:
            with explain_os_errors("compact the state", self._paths.directory):
                write_snapshot(self._paths, self._ledger, self._disk, self.lease.check)
        except LeaseLostError:
            return  # the next holder compacts
        except StateError as error:
            # Nothing is lost: the journal holds everything, it only stays long.
            self.notes += [replace(diagnostic, severity=Severity.WARNING) for diagnostic in error.diagnostics]
            return
        self._loaded = replace(
            self._loaded,
            journal_length=self._paths.journal.stat().st_size,
            snapshot_size=self._paths.snapshot.stat().st_size,
        )


def _sequence(record: Record) -> int:
    return 0 if record.entry.begin is None else record.entry.begin.sequence
