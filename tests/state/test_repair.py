"""Mending a state: repair, pull and push, forgetting and moving."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from support.state_samples import ME, make_intent, make_item, make_store, write_items

from wlinfra.errors import StateDamagedError, StateError
from wlinfra.state.model import Deposed, HistoryEntry, SecretDigest, State
from wlinfra.state.move import forget_objects, move_objects
from wlinfra.state.repair import RepairReport
from wlinfra.state.snapshot import load_files, write_snapshot
from wlinfra.values import Address


def compact(root: Path) -> None:
    store = make_store(root)
    with store.acquire(ME) as lease:
        ledger = replace(load_files(store.paths, "chat", "prod").ledger, epoch=lease.epoch)
        write_snapshot(store.paths, ledger, store.disk, lease.check)


def repair(root: Path) -> RepairReport:
    store = make_store(root)
    with store.acquire(ME) as lease:
        return store.repair(lease)


def flip(path: Path, position: int) -> bytes:
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(data)
    return bytes(data)


def assert_mended(root: Path, before: State, report: RepairReport) -> None:
    after = make_store(root).load()
    assert after == replace(before, serial=before.serial + 1)
    assert (report.missing_changes, report.objects) == (0, len(after.objects))
    assert repair(root).actions == ()


def test_a_sound_state_is_left_alone(tmp_path: Path) -> None:
    before = write_items(tmp_path, "a")
    assert repair(tmp_path) == RepairReport(actions=(), objects=1)
    assert make_store(tmp_path).load() == before


def test_a_damaged_first_snapshot_is_rebuilt_from_the_journal_before_it(tmp_path: Path) -> None:
    write_items(tmp_path, "a", "b")
    compact(tmp_path)
    before = write_items(tmp_path, "c")
    damaged = flip(make_store(tmp_path).paths.snapshot, 200)
    report = repair(tmp_path)
    assert_mended(tmp_path, before, report)
    assert [path.name for path in report.kept] == ["snapshot.json.damaged-1", "journal.jsonl.damaged-1"]
    assert report.kept[0].read_bytes() == damaged


def test_a_damaged_later_snapshot_is_rebuilt_from_the_previous_one(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        write_items(tmp_path, name)
        compact(tmp_path)
    before = write_items(tmp_path, "d")
    flip(make_store(tmp_path).paths.snapshot, 200)
    report = repair(tmp_path)
    assert "previous snapshot" in report.actions[0]
    assert_mended(tmp_path, before, report)


def test_a_damaged_record_costs_only_itself(tmp_path: Path) -> None:
    write_items(tmp_path, "a", "b", "c")
    journal = make_store(tmp_path).paths.journal
    flip(journal, journal.read_bytes().index(b"workload.b"))
    with pytest.raises(StateDamagedError):
        write_items(tmp_path, "d")
    report = repair(tmp_path)
    assert (report.missing_changes, report.objects) == (1, 2)
    assert list(write_items(tmp_path, "d").objects) == ["workload.a", "workload.c", "workload.d"]


def test_a_damaged_journal_header_is_rebuilt(tmp_path: Path) -> None:
    write_items(tmp_path, "a")
    compact(tmp_path)
    before = write_items(tmp_path, "b")
    flip(make_store(tmp_path).paths.journal, 3)
    report = repair(tmp_path)
    assert make_store(tmp_path).load() == replace(before, serial=before.serial + 1)
    assert report.missing_changes == 1


def test_a_repaired_state_can_be_repaired_again(tmp_path: Path) -> None:
    write_items(tmp_path, "a", "b")
    flip(make_store(tmp_path).paths.journal, 3)
    repair(tmp_path)
    before = write_items(tmp_path, "c")
    flip(make_store(tmp_path).paths.snapshot, 200)
    assert_mended(tmp_path, before, repair(tmp_path))


def test_a_push_that_crashed_half_way_is_repaired_to_what_was_pushed(tmp_path: Path) -> None:
    pushed = write_items(tmp_path / "there", "x")
    write_items(tmp_path, "a", "b")
    journal = make_store(tmp_path).paths.journal
    before_crash = journal.read_bytes()
    push(tmp_path, make_store(tmp_path / "there").pull(), force=True)
    journal.write_bytes(before_crash)
    with pytest.raises(StateDamagedError, match="another lineage"):
        make_store(tmp_path).load()
    repair(tmp_path)
    assert make_store(tmp_path).load().objects == pushed.objects


def test_a_second_damage_keeps_the_copies_of_the_first(tmp_path: Path) -> None:
    write_items(tmp_path, "a")
    for number in (1, 2):
        flip(make_store(tmp_path).paths.journal, -20)
        assert repair(tmp_path).kept[-1].name == f"journal.jsonl.damaged-{number}"


def test_a_damaged_history_is_mended_without_touching_the_state(tmp_path: Path) -> None:
    before = write_items(tmp_path, "a")
    store = make_store(tmp_path)
    entry = HistoryEntry(serial=1, at="t", who="w", host="h", command="c", plan_digest="d", result="done", summary="")
    with store.acquire(ME) as lease, store.open(lease) as session:
        session.add_history(entry)
        session.add_history(replace(entry, at="later"))
    flip(store.paths.history, 30)
    with pytest.raises(StateDamagedError):
        store.history()
    assert repair(tmp_path).actions == ("dropped 1 unreadable entries of the history",)
    assert (store.history(), store.load()) == ([replace(entry, at="later")], before)


def push(root: Path, data: bytes, *, force: bool = False) -> None:
    store = make_store(root)
    with store.acquire(ME) as lease:
        store.push(data, lease, force=force)


def test_a_pulled_state_can_be_pushed_elsewhere_and_is_the_same(tmp_path: Path) -> None:
    store = make_store(tmp_path / "here")
    with store.acquire(ME) as lease, store.open(lease) as session:
        session.put(replace(make_item(), values={"token": SecretDigest("d"), "$wlinfra": {"a": 1}}))
        session.begin(make_intent())
    push(tmp_path / "there", store.pull())
    assert make_store(tmp_path / "there").load() == store.load()
    assert store.pull() == store.pull()


def test_pushing_refuses_what_is_older_or_began_apart(tmp_path: Path) -> None:
    write_items(tmp_path / "here", "a")
    old = make_store(tmp_path / "here").pull()
    current = write_items(tmp_path / "here", "b")
    write_items(tmp_path / "there", "x", "y", "z")
    stranger = make_store(tmp_path / "there").pull()
    edited = orjson.dumps({**orjson.loads(make_store(tmp_path / "here").pull()), "outputs": {"x": 1}})
    for data, why in ((old, "newer"), (stranger, "began apart"), (edited, "content differs"), (b"{}", "Not a state")):
        with pytest.raises(StateError, match=why):
            push(tmp_path / "here", data)
    assert make_store(tmp_path / "here").load() == current


def test_a_forced_push_replaces_everything_and_work_goes_on(tmp_path: Path) -> None:
    write_items(tmp_path, "a")
    old = make_store(tmp_path).pull()
    write_items(tmp_path, "b")
    push(tmp_path, old, force=True)
    after = write_items(tmp_path, "c")
    assert (list(after.objects), after.serial) == (["workload.a", "workload.c"], 4)


def test_a_resource_moves_with_its_objects_and_what_depends_on_it(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    part = replace(make_item(), address=Address("workload.chat/Service"))
    user = replace(make_item("user", after=("workload.chat",)), deposed=(Deposed(id="o", depends_on=(part.address,)),))
    with store.acquire(ME) as lease, store.open(lease) as session:
        session.set_many(put=[make_item(), part, user])
        moved = move_objects(session, Address("workload.chat"), Address("pay.workload.talk"))
    assert moved[part.address] == "pay.workload.talk/Service"
    after = store.load().objects
    assert sorted(after) == ["pay.workload.talk", "pay.workload.talk/Service", "workload.user"]
    assert after[Address("workload.user")].depends_on == ("pay.workload.talk",)
    assert after[Address("workload.user")].deposed[0].depends_on == ("pay.workload.talk/Service",)


def test_moving_and_forgetting_refuse_what_would_lose_something(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    with store.acquire(ME) as lease, store.open(lease) as session:
        session.set_many(put=[make_item("a"), make_item("b", after=("workload.a",)), make_item("chat")])
        session.begin(make_intent("chat"))
        with pytest.raises(StateError, match="already records"):
            move_objects(session, Address("workload.a"), Address("workload.b"))
        with pytest.raises(StateError, match="The state has no"):
            forget_objects(session, Address("workload.z"))
        with pytest.raises(StateError, match="it is not known whether it happened"):
            move_objects(session, Address("workload.chat"), Address("workload.talk"))
        forgotten = forget_objects(session, Address("workload.a"))
    assert ([item.address for item in forgotten.objects], forgotten.steps) == (["workload.a"], ())
    assert store.load().objects[Address("workload.b")].depends_on == ()


def test_forgetting_an_object_settles_its_interrupted_step(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    with store.acquire(ME) as lease, store.open(lease) as session:
        session.put(make_item("chat"))
        session.begin(make_intent("chat"))
        forgotten = forget_objects(session, Address("workload.chat"))
    assert len(forgotten.steps) == 1
    assert (store.load().objects, store.load().intents) == ({}, ())
