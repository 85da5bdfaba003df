"""The files of one state: where they are, what a snapshot and a journal's first record look like, and the replay.

The store loads through `load_files`; the session and the repair write through `write_snapshot`.
"""

from __future__ import annotations

import gc
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from wlinfra.errors import StateDamagedError, StateError
from wlinfra.remedies import Advice, repair
from wlinfra.state.files import Disk, explain_os_errors
from wlinfra.state.journal import DamagedRecordError, Records, encode_record, read_records, salvage_records
from wlinfra.state.ledger import Ledger, Record, encode_ledger, parse_ledger, parse_record
from wlinfra.state.upgrades import FORMAT_VERSION, check_version, upgrade_state
from wlinfra.version import tool_version

__all__ = [
    "Header",
    "Loaded",
    "Paths",
    "as_json",
    "encode_header",
    "keep_records",
    "last_recorded_serial",
    "load_files",
    "overwrite_snapshot",
    "parse_header",
    "read_history_records",
    "read_optional",
    "read_snapshot",
    "write_snapshot",
]

_ENVELOPE = re.compile(rb'(\{"format_version":(\d{1,9}),"tool":"([^"\\]{0,99})"),"sha256":"([0-9a-f]{64})","state":')
_END = b"}\n"
_READ_ATTEMPTS = 20
_TAIL = 1 << 16
"""Bytes in which the last entry of a history stands."""


@dataclass(frozen=True, slots=True)
class Paths:
    """The files in the directory of one state."""

    directory: Path

    @property
    def snapshot(self) -> Path:
        """Everything up to one serial."""
        return self.directory / "snapshot.json"

    @property
    def previous_snapshot(self) -> Path:
        """The snapshot before that; repairs start from it."""
        return self.directory / "snapshot.previous.json"

    @property
    def journal(self) -> Path:
        """What changed since the snapshot."""
        return self.directory / "journal.jsonl"

    @property
    def previous_journal(self) -> Path:
        """What changed between the previous snapshot and the snapshot."""
        return self.directory / "journal.previous.jsonl"

    @property
    def history(self) -> Path:
        """One line for each apply."""
        return self.directory / "history.jsonl"

    @property
    def reserve(self) -> Path:
        """Space held back during an apply."""
        return self.directory / "reserve"


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The first record of a journal."""

    version: int
    tool: str
    lineage: str
    stack: str
    environment: str
    base: int
    """The serial of the state its first change was made to."""
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What the files say."""

    ledger: Ledger
    journal_length: int | None
    """Bytes of the journal that count; None when there is no journal."""
    version: int
    """The lowest format version among the files."""
    snapshot_size: int
    torn: bool


def read_optional(path: Path) -> bytes | None:
    """Return the file's content, or None when there is none; raises StateError."""
    with explain_os_errors("read the state", path):
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None


def load_files(paths: Paths, stack: str, environment: str) -> Loaded:
    """Return what is recorded; raises StateDamagedError when a file does not check out, and changes nothing.

    It takes no lock: when a running apply replaces the snapshot while it is being read, it is read again.
    """
    for _ in range(_READ_ATTEMPTS):
        seen = _identify(paths.snapshot)
        try:
            return _load_once(paths, stack, environment)
        except StateDamagedError:
            if _identify(paths.snapshot) == seen:
                raise
    return _load_once(paths, stack, environment)


def read_snapshot(path: Path) -> tuple[Ledger, int, int] | None:
    """Return the ledger, its format version and the file's size; None without a file; raises StateDamagedError."""
    data = read_optional(path)
    if data is None:
        return None
    with _explain_damage(path), _without_gc():
        match = _ENVELOPE.match(data)
        if match is None or not data.endswith(_END):
            raise ValueError("it is not a complete snapshot")
        body = memoryview(data)[match.end() : -len(_END)]
        if _digest(match[1], body) != match[4]:
            raise ValueError("its content does not match its digest")
        version = int(match[2])
        check_version(version, match[3].decode())
        return parse_ledger(upgrade_state(orjson.loads(body), version)), version, len(data)


def parse_header(body: bytes) -> Header:
    """Return a journal's header; raises KeyError, TypeError or ValueError when the text is something else."""
    document = orjson.loads(body)
    check_version(document["format_version"], document["tool"])
    return Header(version=document.pop("format_version"), **document)


def encode_header(ledger: Ledger, epoch: int) -> bytes:
    """Return the first line of a journal that continues from the ledger."""
    document = {
        "format_version": FORMAT_VERSION,
        "tool": tool_version(),
        "lineage": ledger.lineage,
        "stack": ledger.stack,
        "environment": ledger.environment,
        "base": ledger.serial,
        "epoch": epoch,
    }
    return encode_record(orjson.dumps(document))


def keep_records(records: Iterable[Record], epoch: int) -> list[Record]:
    """Return the records that count, for a journal begun in ``epoch``.

    A run that had lost its lock may have written one more record before it noticed: those are left out, whether
    they stand before or after the record by which the next run took over.
    """
    kept: list[Record] = []
    for record in records:
        if record.epoch < epoch:
            continue
        epoch = record.epoch
        while record.opens and kept and kept[-1].serial > record.serial:
            kept.pop()
        kept.append(record)
    return kept


def read_history_records(path: Path) -> Records:
    """Return the records of a history file; raises StateDamagedError."""
    data = read_optional(path)
    with _explain_damage(path):
        return read_records(data or b"")


def last_recorded_serial(path: Path) -> int:
    """Return the serial of the last entry of a history file that can be read; 0 without one; raises StateError."""
    with explain_os_errors("read the history", path):
        try:
            with path.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
                tail = file.read()
        except FileNotFoundError:
            return 0
    for body in reversed(salvage_records(tail)[0]):
        document = orjson.loads(body)
        if isinstance(document, dict) and isinstance(document.get("serial"), int):
            return int(document["serial"])
    return 0


def as_json(ledger: Ledger) -> dict[str, Any]:
    """Return the ledger as a plain JSON mapping."""
    document: dict[str, Any] = orjson.loads(encode_ledger(ledger))
    return document


def write_snapshot(paths: Paths, ledger: Ledger, disk: Disk, check: Callable[[], None]) -> None:
    """Replace the snapshot by the ledger and begin a new journal; the old ones are kept as the previous ones.

    ``check`` raises when this run may not write any more; it is asked right before each replacement.
    A crash in between leaves the new snapshot with the old journal, whose records up to its serial are skipped.
    """
    snapshot = disk.prepare(paths.snapshot, _seal(encode_ledger(ledger)))
    check()
    if not paths.journal.exists():
        # A snapshot without a journal would count as damaged.
        disk.replace(paths.journal, encode_header(replace(ledger, serial=0), ledger.epoch))
    _keep(paths.snapshot, paths.previous_snapshot, disk)
    disk.publish(snapshot, paths.snapshot)
    _keep(paths.journal, paths.previous_journal, disk)
    _begin_journal(paths, ledger, disk, check)


def overwrite_snapshot(paths: Paths, ledger: Ledger, disk: Disk, check: Callable[[], None]) -> None:
    """Replace a damaged snapshot and journal, and the previous snapshot too, so that it fits the new journal."""
    sealed = _seal(encode_ledger(ledger))
    for path in (paths.snapshot, paths.previous_snapshot):
        prepared = disk.prepare(path, sealed)
        check()
        disk.publish(prepared, path)
    _begin_journal(paths, ledger, disk, check)


def _begin_journal(paths: Paths, ledger: Ledger, disk: Disk, check: Callable[[], None]) -> None:
    journal = disk.prepare(paths.journal, encode_header(ledger, ledger.epoch))
    check()
    disk.publish(journal, paths.journal)


def _keep(path: Path, previous: Path, disk: Disk) -> None:
    link = previous.with_name(f".{previous.name}.{os.getpid()}.tmp")
    link.unlink(missing_ok=True)
    try:
        os.link(path, link)
    except FileNotFoundError:
        return
    except OSError:  # a file system without links
        disk.replace(previous, path.read_bytes())
        return
    link.replace(previous)


def _seal(body: bytes) -> bytes:
    head = b'{"format_version":%d,"tool":"%s"' % (FORMAT_VERSION, tool_version().encode())
    return b'%s,"sha256":"%s","state":%s%s' % (head, _digest(head, body), body, _END)


def _digest(head: bytes, body: bytes | memoryview) -> bytes:
    digest = hashlib.sha256(head)
    digest.update(body)
    return digest.hexdigest().encode()


def _load_once(paths: Paths, stack: str, environment: str) -> Loaded:
    least = last_recorded_serial(paths.history)  # first, for a run may end while this reads
    found = read_snapshot(paths.snapshot)
    ledger, version, size = found or (Ledger(stack=stack, environment=environment), FORMAT_VERSION, 0)
    data = read_optional(paths.journal)
    loaded = Loaded(ledger=ledger, journal_length=None, version=version, snapshot_size=size, torn=False)
    with _explain_damage(paths.journal), _without_gc():
        if data is not None:
            loaded = _replay(loaded, data, has_snapshot=found is not None)
        elif found is not None:
            raise ValueError("it is missing, although there is a snapshot")
        if ledger.serial < least:
            raise ValueError(
                f"it ends at serial {ledger.serial}, but the history reports a run that ended at serial {least}"
            )
    if (ledger.stack, ledger.environment) != (stack, environment):
        raise StateError.of(
            "State belongs to another environment",
            f"{paths.directory} has the state of stack {ledger.stack!r}, environment {ledger.environment!r}, "
            f"not of {stack!r}, {environment!r}: names that differ only in case need a file system that distinguishes them.",
            "Rename one of the two, or use another state directory.",
        )
    return loaded


def _replay(loaded: Loaded, data: bytes, *, has_snapshot: bool) -> Loaded:
    ledger = loaded.ledger
    records = read_records(data)
    if not records.bodies:
        if has_snapshot:
            raise ValueError("its first record is missing")
        return replace(loaded, journal_length=0, torn=records.torn)
    header = parse_header(records.bodies[0])
    if not has_snapshot:
        ledger.stack, ledger.environment, ledger.lineage = header.stack, header.environment, header.lineage
    if header.lineage != ledger.lineage:
        raise ValueError("it belongs to a snapshot of another lineage")
    if header.base > ledger.serial:
        raise ValueError(f"it starts at serial {header.base}, but the snapshot ends at {ledger.serial}")
    serial = header.base
    for record in keep_records((parse_record(body, header.version) for body in records.bodies[1:]), header.epoch):
        serial += not record.opens
        if record.serial != serial:
            raise ValueError(f"serial {serial} is missing")
        if serial > ledger.serial or record.opens:
            ledger.epoch = max(ledger.epoch, record.epoch)
        if serial > ledger.serial:
            ledger.apply(record)
    ledger.epoch = max(ledger.epoch, header.epoch)
    version = min(loaded.version, header.version)
    return replace(loaded, journal_length=records.length, version=version, torn=records.torn)


def _identify(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


@contextmanager
def _explain_damage(path: Path) -> Iterator[None]:
    try:
        yield
    except (DamagedRecordError, ValueError, KeyError, TypeError, AttributeError) as error:
        why = (
            f"{error}"
            if isinstance(error, ValueError) and not isinstance(error, orjson.JSONDecodeError)
            else "its content is not what wlinfra writes"
        )
        raise StateDamagedError.of(
            "State file is damaged",
            f"{path} failed its integrity check: {why}. Nothing was overwritten.",
            Advice("Rebuild the state from the last good files; the damaged ones are kept next to them:", repair()),
        ) from error


@contextmanager
def _without_gc() -> Iterator[None]:
    # Many small objects are made and none dies: collecting meanwhile would take most of the time.
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
