"""The store: what was acknowledged is there after any crash, and what is damaged is refused."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from support.state_samples import ME, make_intent, make_item, make_store, write_items

from wlinfra.errors import StateDamagedError, StateError
from wlinfra.state.codec import dump
from wlinfra.state.files import encode_name
from wlinfra.state.journal import encode_record
from wlinfra.state.ledger import Entry, encode_entry, seal_entry
from wlinfra.state.model import Deposed, Health, HistoryEntry, SecretDigest, State
from wlinfra.state.snapshot import load_files, write_snapshot
from wlinfra.state.store import LocalStateStore, StateStore
from wlinfra.values import Address, Secret

FIXTURES = Path(__file__).parent / "fixtures"


def compact(root: Path) -> None:
    store = make_store(root)
    with store.acquire(ME) as lease:
        ledger = replace(load_files(store.paths, "chat", "prod").ledger, epoch=lease.epoch)
        write_snapshot(store.paths, ledger, store.disk, lease.check)


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir() if not path.name.startswith("lock")}


def test_a_state_that_was_never_written_is_empty(tmp_path: Path) -> None:
    assert make_store(tmp_path).load() == State(stack="chat", environment="prod")
    assert list(tmp_path.iterdir()) == []


def test_an_intent_is_on_disk_before_its_result(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    with store.acquire(ME) as lease, store.open(lease) as session:
        begun = session.begin(make_intent())
        assert store.load().intents == (replace(make_intent(), sequence=1, epoch=1),) == (begun,)
        session.end(begun, put=make_item())
        state = store.load()
    assert (state.intents, list(state.objects.values()), state.serial) == ((), [make_item()], 2)


def test_sequences_are_never_used_twice(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    sequences = []
    for _ in range(3):
        with store.acquire(ME) as lease, store.open(lease) as session:
            sequences.append(session.begin(make_intent()).sequence)
        compact(tmp_path)
    assert sequences == [1, 2, 3]
    assert [(intent.sequence, intent.epoch) for intent in store.load().intents] == [(1, 1), (2, 3), (3, 5)]


def test_every_kind_of_change_is_recorded(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    with store.acquire(ME) as lease, store.open(lease) as session:
        session.set_many(put=[make_item("a"), make_item("b")])
        session.remove(Address("workload.a"))
        session.set_outputs({"url": "https://x", "token": SecretDigest("d1")})
        session.set_key_fingerprint("f1")
        session.set_key_fingerprint("f1")
        seen = session.state
    assert store.load() == seen
    assert (list(seen.objects), seen.outputs["token"], seen.key_fingerprint, seen.serial) == (
        ["workload.b"],
        SecretDigest("d1"),
        "f1",
        4,
    )


def test_lineage_and_serial_survive_compaction(tmp_path: Path) -> None:
    before = write_items(tmp_path, "a", "b")
    compact(tmp_path)
    assert make_store(tmp_path).load() == before
    after = write_items(tmp_path, "c")
    assert (after.lineage, after.serial) == (before.lineage, before.serial + 1)


def test_closing_compacts_a_large_journal_and_keeps_the_previous_files(tmp_path: Path) -> None:
    for round in ("a", "b"):
        write_items(tmp_path, *(f"{round}{number}" for number in range(60)), text="x" * 40_000)
    paths = make_store(tmp_path).paths
    assert len(make_store(tmp_path).load().objects) == 120
    assert paths.journal.stat().st_size < 1000
    assert paths.previous_snapshot.exists()
    assert paths.previous_journal.stat().st_size > 1 << 20


def test_a_crash_between_snapshot_and_new_journal_changes_nothing(tmp_path: Path) -> None:
    before = write_items(tmp_path, "a", "b")
    paths = make_store(tmp_path).paths
    journal = paths.journal.read_bytes()
    compact(tmp_path)
    paths.journal.write_bytes(journal)
    assert make_store(tmp_path).load() == before
    assert set(write_items(tmp_path, "c").objects) == {"workload.a", "workload.b", "workload.c"}


@pytest.mark.parametrize("compacted", [False, True])
def test_a_byte_flipped_in_any_file_is_refused_and_nothing_is_overwritten(tmp_path: Path, *, compacted: bool) -> None:
    write_items(tmp_path, "a", "b")
    if compacted:
        compact(tmp_path)
    paths = make_store(tmp_path).paths
    for path in (paths.snapshot, paths.journal) if compacted else (paths.journal,):
        whole = path.read_bytes()
        for position in range(len(whole)):
            path.write_bytes(whole[:position] + bytes([whole[position] ^ 0x04]) + whole[position + 1 :])
            files = contents(paths.directory)
            with pytest.raises(StateDamagedError, match="wlinfra state repair"):
                make_store(tmp_path).load()
            assert contents(paths.directory) == files
        path.write_bytes(whole)


def test_a_journal_torn_at_any_byte_loses_at_most_its_last_record(tmp_path: Path) -> None:
    before = write_items(tmp_path, "a")
    complete = make_store(tmp_path).paths.journal.stat().st_size
    write_items(tmp_path, "b")
    journal = make_store(tmp_path).paths.journal
    whole = journal.read_bytes()
    for length in range(complete, len(whole)):
        journal.write_bytes(whole[:length])
        assert make_store(tmp_path).load() == before
    assert set(write_items(tmp_path, "c").objects) == {"workload.a", "workload.c"}


def test_a_reader_beside_a_writer_that_compacts_sees_whole_states_only(tmp_path: Path) -> None:
    write_items(tmp_path, "a")

    def work() -> None:
        for number in range(40):
            write_items(tmp_path, f"n{number}")
            compact(tmp_path)

    writer = threading.Thread(target=work)
    writer.start()
    serials = []
    while writer.is_alive():
        state = make_store(tmp_path).load()
        serials.append(state.serial)
        assert len(state.objects) == state.serial
    writer.join()
    assert serials == sorted(serials)


def test_the_local_directory_is_a_backend_like_any_other(tmp_path: Path) -> None:
    store: StateStore = make_store(tmp_path)
    with store.acquire(ME) as lease, store.open(lease) as session:
        session.put(make_item())
        held = store.read_lock()
    assert held is not None
    assert (held.owner, store.read_lock(), store.history()) == ("ada", None, [])
    assert store.load().objects == {"workload.chat": make_item()}


def test_a_missing_journal_beside_a_snapshot_is_damage(tmp_path: Path) -> None:
    write_items(tmp_path, "a")
    compact(tmp_path)
    make_store(tmp_path).paths.journal.unlink()
    with pytest.raises(StateDamagedError, match="missing"):
        make_store(tmp_path).load()


def test_what_a_run_wrote_after_it_lost_its_lock_does_not_count(tmp_path: Path) -> None:
    write_items(tmp_path, "a")
    late = encode_record(seal_entry(encode_entry(Entry(put=(make_item("late"),))), serial=2, epoch=1))
    journal = make_store(tmp_path).paths.journal
    with journal.open("ab") as file:
        file.write(late)
    stale = journal.read_bytes()
    journal.write_bytes(stale.removesuffix(late))
    after = write_items(tmp_path, "b")
    with journal.open("ab") as file:
        file.write(late)
    assert make_store(tmp_path).load() == after
    assert set(after.objects) == {"workload.a", "workload.b"}


@pytest.mark.parametrize("number", [100, 2000])
def test_the_bytes_of_a_change_do_not_depend_on_the_size_of_the_state(tmp_path: Path, number: int) -> None:
    store = make_store(tmp_path)
    with store.acquire(ME) as lease, store.open(lease) as session:
        session.set_many(put=[make_item(f"n{index:05}", text="x" * 1000) for index in range(number)])
    with store.acquire(ME) as lease, store.open(lease) as session:
        session.put(make_item("warm", text="y" * 1000))
        before = session.stats.bytes_written
        session.put(make_item("more", text="y" * 1000))
        size = len(dump(make_item("more", text="y" * 1000).values))
        assert session.stats.bytes_written - before < size + 300


def test_a_secret_is_nowhere_on_the_disk(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    canary = "canary-5d1f"
    with store.acquire(ME) as lease, store.open(lease) as session:
        session.put(replace(make_item(), values={"token": SecretDigest("abc")}))
        with pytest.raises(StateError):
            session.put(replace(make_item(), values={"token": Secret(lambda: canary, describe="x")}))
        session.put(make_item("after"))
    compact(tmp_path)
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or canary.encode() not in path.read_bytes()
    assert "workload.after" in store.load().objects


def test_a_version_1_state_is_read_and_rewritten(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    store.paths.directory.mkdir(parents=True)
    for name in ("snapshot.json", "journal.jsonl"):
        (store.paths.directory / name).write_bytes((FIXTURES / "version-1" / name).read_bytes())
    state = store.load()
    assert (state.serial, len(state.intents)) == (9, 1)
    assert [(item.address, item.health) for item in state.objects.values()] == [
        ("artifact.server", Health.READY),
        ("workload.chat", Health.UNREADY),
        ("workload.half", Health.TAINTED),
    ]
    assert state.objects[Address("workload.chat")].deposed == (Deposed(id="w-1"),)
    assert state.objects[Address("artifact.server")].values["token"] == SecretDigest("0123")
    after = write_items(tmp_path, "new")
    assert dict(after.objects) == {**state.objects, Address("workload.new"): make_item("new")}
    assert b'"format_version":2' in store.paths.snapshot.read_bytes()


def test_a_newer_state_is_refused_naming_the_version_that_wrote_it(tmp_path: Path) -> None:
    write_items(tmp_path, "a")
    journal = make_store(tmp_path).paths.journal
    header = b'{"format_version":3,"tool":"7.2.0","shape":"unheard of"}'
    journal.write_bytes(encode_record(header))
    files = contents(journal.parent)
    with pytest.raises(StateError, match=r"wlinfra 7\.2\.0 wrote this state") as caught:
        write_items(tmp_path, "b")
    assert not isinstance(caught.value, StateDamagedError)
    assert contents(journal.parent) == files


def test_history_is_kept_in_order(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    entries = [
        HistoryEntry(
            serial=0, at=f"t{n}", who="ä", host="h", command="apply", plan_digest="d", result="done", summary=""
        )
        for n in range(3)
    ]
    for entry in entries:
        with store.acquire(ME) as lease, store.open(lease) as session:
            session.add_history(entry)
    with store.paths.history.open("ab") as file:
        file.write(b"0000 torn")
    assert store.history() == entries


@pytest.mark.parametrize("name", ["prod/eu", "..", ".", "", "a%2Fb", "größe", "x" * 400, "a\nb", ".hidden", "C:\\x"])
def test_any_name_makes_one_directory_of_its_own(tmp_path: Path, name: str) -> None:
    store = LocalStateStore(tmp_path, "stack", name)
    with store.acquire(ME) as lease, store.open(lease) as session:
        session.put(make_item())
    assert store.paths.directory.parent == tmp_path / "stack"
    assert store.load().environment == name


def test_different_names_stay_different() -> None:
    names = ["a/b", "a%2Fb", "a%252Fb", "", "%00", ".", "%2E", "..", "x" * 400, "x" * 401, "\0"]
    assert len({encode_name(name) for name in names}) == len(names)


def test_a_state_of_another_environment_is_refused(tmp_path: Path) -> None:
    write_items(tmp_path, "a")
    (tmp_path / "chat" / "prod").rename(tmp_path / "chat" / "Prod")
    with pytest.raises(StateError, match="has the state of stack 'chat', environment 'prod'"):
        LocalStateStore(tmp_path, "chat", "Prod").load()


def test_importing_the_package_stays_light() -> None:
    code = "import sys, wlinfra.state, wlinfra.state.store; print(sorted({'pydantic', 'secrets', 'deepdiff', 'importlib.metadata'} & set(sys.modules)))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == "[]\n"
