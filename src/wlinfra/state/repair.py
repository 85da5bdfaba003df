"""Rebuilding a damaged state from its last good files, for `wlinfra state repair`."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from wlinfra.errors import StateDamagedError
from wlinfra.state.files import Disk, explain_os_errors, number_of_copy
from wlinfra.state.journal import DamagedRecordError, encode_record, read_records, salvage_records
from wlinfra.state.lease import Lease
from wlinfra.state.ledger import Ledger, Record, new_lineage, parse_record
from wlinfra.state.snapshot import (
    Header,
    Paths,
    keep_records,
    last_recorded_serial,
    load_files,
    overwrite_snapshot,
    parse_header,
    read_optional,
    read_snapshot,
)

__all__ = ["RepairReport", "repair_files"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairReport:
    """What a repair found and did."""

    actions: tuple[str, ...]
    """In order, for people; empty when nothing was damaged."""
    kept: tuple[Path, ...] = ()
    """Copies of the damaged files."""
    objects: int = 0
    """How many objects are recorded now."""
    missing_changes: int = 0
    """Changes that could not be read: the objects they were about may be out of date, so plan and look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Salvage:
    header: Header | None
    records: list[Record]
    damaged: int


def repair_files(paths: Paths, empty: Ledger, disk: Disk, lease: Lease) -> RepairReport:
    """Rebuild the state where it is damaged; ``empty`` names the stack and environment."""
    history = _repair_history(paths, disk, lease)
    try:
        ledger = load_files(paths, empty.stack, empty.environment).ledger
    except StateDamagedError:
        return _rebuild(paths, empty, disk, lease, history)
    return RepairReport(actions=tuple(history.actions), kept=history.kept, objects=len(ledger.objects))


def _rebuild(paths: Paths, empty: Ledger, disk: Disk, lease: Lease, history: RepairReport) -> RepairReport:
    base, source = _find_base(paths, empty)
    journals = [_salvage(paths.previous_journal), _salvage(paths.journal)]
    actions = [*history.actions, f"started from {source}, serial {base.serial}"]
    ledger, applied, missing = _replay(base, journals)
    recorded = last_recorded_serial(paths.history)
    missing = max(missing, recorded - ledger.serial)
    actions.append(f"applied {applied} changes from the journals")
    if missing:
        actions.append(f"could not read {missing} changes: what they changed may be out of date")
    with explain_os_errors("repair the state", paths.directory):
        kept = (*history.kept, *_keep_aside(paths.snapshot, paths.journal))
        ledger.serial = max(ledger.serial, recorded) + 1
        ledger.lineage = ledger.lineage or new_lineage()
        lease.advance(ledger.epoch + 1)
        ledger.epoch = lease.epoch
        overwrite_snapshot(paths, ledger, disk, lease.check)
    actions.append(f"wrote a new snapshot with {len(ledger.objects)} objects, serial {ledger.serial}")
    return RepairReport(actions=tuple(actions), kept=kept, objects=len(ledger.objects), missing_changes=missing)


def _find_base(paths: Paths, empty: Ledger) -> tuple[Ledger, str]:
    for path, name in ((paths.snapshot, "the snapshot"), (paths.previous_snapshot, "the previous snapshot")):
        try:
            found = read_snapshot(path)
        except StateDamagedError:
            continue
        if found is not None:
            return found[0], name
    return empty, "an empty state"


def _salvage(path: Path) -> _Salvage:
    bodies, damaged = salvage_records(read_optional(path) or b"")
    header: Header | None = None
    records: list[Record] = []
    for body in bodies:
        try:
            if b'"base":' in body and header is None and not records:
                header = parse_header(body)
            else:
                records.append(parse_record(body) if header is None else parse_record(body, header.version))
        except (ValueError, KeyError, TypeError):
            damaged += 1
    return _Salvage(header=header, records=keep_records(records, header.epoch if header else 0), damaged=damaged)


def _replay(base: Ledger, journals: list[_Salvage]) -> tuple[Ledger, int, int]:
    applied = damaged = 0
    first = base.serial
    for journal in journals:
        lineage = journal.header.lineage if journal.header is not None else base.lineage
        base.lineage = base.lineage or lineage
        if base.lineage != lineage:
            continue  # what was there before a state of another lineage was pushed
        damaged += journal.damaged
        for record in journal.records:
            base.epoch = max(base.epoch, record.epoch)
            if record.serial > base.serial and not record.opens:
                base.apply(record)
                applied += 1
    return base, applied, max(base.serial - first - applied, damaged)


def _keep_aside(*files: Path) -> list[Path]:
    kept: list[Path] = []
    for path in files:
        if path.exists():
            copy = number_of_copy(path)
            shutil.copy2(path, copy)
            kept.append(copy)
    return kept


def _repair_history(paths: Paths, disk: Disk, lease: Lease) -> RepairReport:
    data = read_optional(paths.history) or b""
    try:
        read_records(data)
    except DamagedRecordError:
        pass
    else:
        return RepairReport(actions=())
    bodies, damaged = salvage_records(data)
    lease.check()
    with explain_os_errors("repair the history", paths.directory):
        kept = tuple(_keep_aside(paths.history))
        disk.replace(paths.history, b"".join(map(encode_record, bodies)))
    return RepairReport(actions=(f"dropped {damaged} unreadable entries of the history",), kept=kept)
