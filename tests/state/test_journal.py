"""The journal: what counts as torn, what as damage, and how many syncs many threads need."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from wlinfra.errors import StateError
from wlinfra.state.files import Disk
from wlinfra.state.journal import (
    DamagedRecordError,
    GroupCommit,
    JournalFile,
    encode_record,
    read_records,
    salvage_records,
)

BODIES = [b'{"n":1}', b'{"n":22}', b'{"n":333}']
LINES = [encode_record(body) for body in BODIES]


def test_records_are_read_in_order() -> None:
    records = read_records(b"".join(LINES))
    assert (records.bodies, records.torn) == (BODIES, False)


@pytest.mark.parametrize("kept", range(1, len(LINES[-1])))
def test_a_last_record_cut_anywhere_is_dropped(kept: int) -> None:
    whole = b"".join(LINES[:-1])
    records = read_records(whole + LINES[-1][:kept])
    assert (records.bodies, records.length, records.torn) == (BODIES[:-1], len(whole), True)


def test_a_tail_that_grew_before_its_data_arrived_is_dropped() -> None:
    assert read_records(LINES[0] + b"\0" * 100).bodies == BODIES[:1]


@pytest.mark.parametrize("bit", [0x01, 0x02, 0x08, 0x20, 0x80])
def test_a_bit_flipped_anywhere_is_damage(bit: int) -> None:
    whole = b"".join(LINES)
    for position in range(len(whole)):
        flipped = bytearray(whole)
        flipped[position] ^= bit
        with pytest.raises(DamagedRecordError):
            read_records(bytes(flipped))


def test_records_beside_a_damaged_one_can_be_salvaged() -> None:
    damaged = LINES[0] + LINES[1].replace(b"22", b"23") + LINES[2]
    assert salvage_records(damaged) == ([BODIES[0], BODIES[2]], 1)


def test_opening_a_journal_cuts_its_torn_tail(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(LINES[0] + LINES[1][:4])
    file = JournalFile(path, Disk(), length=len(LINES[0]))
    file.append([LINES[2]])
    file.close()
    assert path.read_bytes() == LINES[0] + LINES[2]


def test_a_journal_that_was_replaced_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    file = JournalFile(path, Disk(), length=0)
    path.unlink()
    path.write_bytes(b"another")
    with pytest.raises(StateError, match="replaced by another program"):
        file.append(LINES)
    file.close()
    assert path.read_bytes() == b"another"


def test_threads_that_wait_together_share_one_commit() -> None:
    batches: list[int] = []
    first_is_writing, go_on = threading.Event(), threading.Event()

    def commit(batch: list[int]) -> None:
        batches.append(len(batch))
        first_is_writing.set()
        go_on.wait()

    group = GroupCommit(commit)
    threads = [threading.Thread(target=group.submit, args=(number,)) for number in range(33)]
    threads[0].start()
    first_is_writing.wait()
    for thread in threads[1:]:
        thread.start()
    while group.waiting < 32:
        go_on.wait(0.001)
    go_on.set()
    for thread in threads:
        thread.join()
    group.close()
    assert batches == [1, 32]


def test_after_a_failed_commit_nothing_more_is_committed() -> None:
    seen: list[list[int]] = []

    def commit(batch: list[int]) -> None:
        seen.append(batch)
        raise StateError.of("Disk failed", "It did.")

    group = GroupCommit(commit)
    for number in (1, 2):
        with pytest.raises(StateError, match="Disk failed"):
            group.submit(number)
    group.close()
    assert seen == [[1]]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_writer_that_dies_leaves_nobody_waiting() -> None:
    def commit(batch: list[int]) -> None:
        raise ZeroDivisionError

    group = GroupCommit(commit)
    for number in (1, 2):
        with pytest.raises(StateError, match="ended unexpectedly"):
            group.submit(number)
    group.close()
