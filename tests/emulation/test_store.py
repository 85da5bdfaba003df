"""The world survives: torn tails, other processes, compaction, refused requests."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from wlinfra.emulation import Store, WorldDamagedError
from wlinfra.emulation.store import ForeignFolderError
from wlinfra.errors import ConfigurationError


def _put(store: Store, **documents: Any) -> None:
    with store.transaction() as tx:
        for key, value in documents.items():
            tx.put("things", key, {"value": value})


def _read(store: Store) -> dict[str, Any]:
    with store.transaction() as tx:
        return {key: row["value"] for key, row in tx.all("things").items()}


def _reopened(folder: Path) -> dict[str, Any]:
    store = Store(folder)
    try:
        return _read(store)
    finally:
        store.close()


def test_world_without_a_folder_lives_in_memory() -> None:
    store = Store()
    _put(store, a=1)

    assert _read(store) == {"a": 1}


def test_world_is_there_after_reopening(tmp_path: Path) -> None:
    store = Store(tmp_path)
    _put(store, a=1, b=2)
    with store.transaction() as tx:
        tx.delete("things", "a")
    store.close()

    assert _reopened(tmp_path) == {"b": 2}


def test_one_request_is_one_line(tmp_path: Path) -> None:
    store = Store(tmp_path)
    _put(store, a=1, b=2)
    _read(store)
    _put(store, c=3)
    store.close()

    assert (tmp_path / "world.journal").read_bytes().count(b"\n") == 2


def test_cost_of_a_change_does_not_grow_with_the_world(tmp_path: Path) -> None:
    store = Store(tmp_path)
    sizes = []
    for many in (1, 500):
        _put(store, **{f"k{n:04}": n for n in range(many)})
        before = (tmp_path / "world.journal").stat().st_size
        _put(store, k0000=9)
        sizes.append((tmp_path / "world.journal").stat().st_size - before)
    store.close()

    assert sizes[0] == sizes[1]


def test_raised_error_undoes_the_request(tmp_path: Path) -> None:
    store = Store(tmp_path, indexes={"things": ["value"]})
    _put(store, a="old")

    with pytest.raises(TypeError, match="not JSON serializable"):
        _put(store, a="new", b=object())

    with store.transaction() as tx:
        assert (tx.where("things", "value", "old"), tx.where("things", "value", "new")) == ([{"value": "old"}], [])
    store.close()
    assert _reopened(tmp_path) == {"a": "old"}


@pytest.mark.parametrize("torn", [b"0", b'12345678 [["things","b",{"va', b'00000000 [["things","b",{"value":2}]]\n'])
def test_torn_tail_is_dropped_and_writing_goes_on(tmp_path: Path, torn: bytes) -> None:
    store = Store(tmp_path)
    _put(store, a=1)
    store.close()
    with (tmp_path / "world.journal").open("ab") as file:
        file.write(torn)

    store = Store(tmp_path)
    _put(store, c=3)
    store.close()

    assert _reopened(tmp_path) == {"a": 1, "c": 3}


def test_damage_before_the_end_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path)
    _put(store, a=1)
    _put(store, b=2)
    store.close()
    journal = tmp_path / "world.journal"
    journal.write_bytes(journal.read_bytes().replace(b'"a"', b'"x"'))

    with pytest.raises(WorldDamagedError, match="Move the folder away"):
        _reopened(tmp_path)


def test_two_stores_on_one_folder_see_each_other(tmp_path: Path) -> None:
    one, two = Store(tmp_path), Store(tmp_path)
    _put(one, a=1)
    _put(two, b=2)

    assert _read(one) == _read(two) == {"a": 1, "b": 2}
    one.clear()
    assert _read(two) == {}
    one.close()
    two.close()


def test_compaction_keeps_the_world_and_the_other_process(tmp_path: Path) -> None:
    one, two = Store(tmp_path, compact_after=1000), Store(tmp_path, compact_after=1000)
    _put(two, kept=True)
    inode = (tmp_path / "world.journal").stat().st_ino
    for number in range(100):
        _put(one, a=number)

    assert (tmp_path / "world.journal").stat().st_ino != inode
    assert (tmp_path / "world.journal").stat().st_size < 2500
    assert _read(two) == {"kept": True, "a": 99}
    one.close()
    two.close()


def test_index_follows_changes_in_order() -> None:
    store = Store(indexes={"things": ["value"]})
    _put(store, a="x", b="x", c="y")
    _put(store, a="y")

    with store.transaction() as tx:
        assert [len(tx.where("things", "value", value)) for value in ("x", "y", "z")] == [1, 2, 0]


def test_the_files_of_a_world_are_private_to_their_user(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        folder = tmp_path / "world"
        store = Store(folder, compact_after=1)
        for number in range(3):
            with store.transaction() as transaction:
                transaction.put("things", str(number), {"value": "x" * 50})
        store.close()
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert modes == {"world.journal": 0o600, "world.lock": 0o600}
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_world_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    (tmp_path / "world.journal").touch(mode=0o644)
    Store(tmp_path).close()
    store = Store(tmp_path)
    with store.transaction() as transaction:
        transaction.put("things", "1", {})
    store.close()
    assert (tmp_path / "world.journal").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["world.journal", "world.new", "world.lock"])
@pytest.mark.parametrize("text", [b"mine", b"mine\n", b"1234567\n", b"12345678\n", b'{"a": 1}\n'])
def test_a_file_of_somebody_else_is_not_touched(tmp_path: Path, name: str, text: bytes) -> None:
    (tmp_path / name).write_bytes(text)
    (tmp_path / name).chmod(0o644)
    with pytest.raises(ForeignFolderError, match="was not written by an emulator"):
        Store(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert ((tmp_path / name).read_bytes(), (tmp_path / name).stat().st_mode & 0o777) == (text, 0o644)


@pytest.mark.parametrize("name", ["world.journal", "world.new", "world.lock"])
def test_neither_is_a_folder_nor_a_link_to_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / name).mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / name).symlink_to("nowhere")
    for folder in ("a", "b"):
        with pytest.raises(ForeignFolderError):
            Store(tmp_path / folder)


def test_other_files_of_the_folder_stay_next_to_the_world(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    store = Store(tmp_path)
    _put(store, a=1)
    store.clear()
    store.close()
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_what_is_no_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ConfigurationError, match="Folder cannot be used"):
        Store(tmp_path / "file")
