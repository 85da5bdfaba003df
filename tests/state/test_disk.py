"""Disks that are full or cannot be written are found before anything is called."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.state_samples import ME, FullDisk, make_intent, make_item, make_store, start_child, write_items

from wlinfra.errors import Severity, StateError


def test_a_directory_that_cannot_be_written_is_refused_with_what_to_do(tmp_path: Path) -> None:
    root = tmp_path / "states"
    write_items(root, "a")
    for path in (tmp_path, *tmp_path.parents[:2]):
        path.chmod(0o755)
    for path in [root, *root.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    output = start_child("nobody", str(root)).communicate()[0]
    for path in [root, *root.rglob("*")]:
        path.chmod(0o755)
    assert output.startswith("StateError State directory not accessible")
    assert "chmod -R u+rwX" in output


def test_a_file_in_place_of_the_directory_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "chat").write_text("")
    with pytest.raises(StateError, match="Check that the path is a directory"):
        make_store(tmp_path).acquire(ME)


def test_a_full_disk_is_refused_before_the_first_step(tmp_path: Path) -> None:
    disk = FullDisk()
    store = make_store(tmp_path, disk=disk)
    disk.reserve = tmp_path
    with store.acquire(ME) as lease, store.open(lease) as session:
        disk.is_full = True
        with pytest.raises(StateError, match="No space for the state"):
            session.reserve()
        disk.is_full = False
    assert store.load().serial == 0


def test_results_still_land_when_the_disk_becomes_full_and_no_new_step_starts(tmp_path: Path) -> None:
    disk = FullDisk()
    store = make_store(tmp_path, disk=disk)
    disk.reserve = store.paths.reserve
    with store.acquire(ME) as lease, store.open(lease) as session:
        session.reserve()
        assert store.paths.reserve.stat().st_size == 1 << 20
        begun = session.begin(make_intent())
        disk.is_full = True
        session.end(begun, put=make_item())
        with pytest.raises(StateError, match="no new one starts"):
            session.begin(make_intent("b"))
    assert list(store.load().objects.values()) == [make_item()]
    assert store.load().intents == ()


def test_a_write_that_failed_leaves_the_state_as_it_was(tmp_path: Path) -> None:
    disk = FullDisk()
    store = make_store(tmp_path, disk=disk)
    disk.reserve = tmp_path / "elsewhere"
    with store.acquire(ME) as lease, store.open(lease) as session:
        session.put(make_item("a"))
        disk.reserve.write_text("")
        disk.is_full = True
        with pytest.raises(StateError, match="No space"):
            session.put(make_item("b"))
        disk.is_full = False
        with pytest.raises(StateError, match="No space"):
            session.put(make_item("c"))
        assert session.state == store.load()
    assert list(store.load().objects) == ["workload.a"]


def test_space_is_held_back_from_many_threads(tmp_path: Path) -> None:
    write_items(tmp_path, "first")
    store = make_store(tmp_path)
    names = [f"w{number}" for number in range(64)]
    with store.acquire(ME) as lease, store.open(lease) as session, ThreadPoolExecutor(16) as pool:

        def work(name: str) -> None:
            session.reserve()
            session.put(make_item(name))

        list(pool.map(work, names))
    assert set(store.load().objects) == {"workload.first", *(f"workload.{name}" for name in names)}


def test_space_held_back_is_given_back(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    with store.acquire(ME) as lease, store.open(lease) as session:
        session.reserve()
    assert not store.paths.reserve.exists()
    assert store.load().serial == 0


def test_a_compaction_that_failed_is_noted_and_costs_nothing(tmp_path: Path) -> None:
    disk = FullDisk()
    store = make_store(tmp_path, disk=disk)
    disk.reserve = tmp_path
    with store.acquire(ME) as lease:
        session = store.open(lease)
        for number in range(20):
            session.put(make_item(f"n{number}", text="x" * 60_000))
        disk.is_full = True
        session.close()
        disk.is_full = False
    assert [(note.summary, note.severity) for note in session.notes] == [("No space for the state", Severity.WARNING)]
    assert len(store.load().objects) == 20
    assert not list(store.paths.directory.glob(".*.tmp"))


def test_a_lock_that_was_lost_at_the_end_leaves_the_compaction_to_the_next_run(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    with store.acquire(ME) as lease, store.open(lease) as session:
        for number in range(20):
            session.put(make_item(f"n{number}", text="x" * 60_000))
        store.unlock()
    assert not store.paths.snapshot.exists()
    assert len(store.load().objects) == 20
