"""An emulator's world: collections of JSON documents that survive a killed process.

Every request runs in one `transaction`; what it changed is one line of the journal, written before the reply leaves.
Several processes may serve one folder: each request takes the folder's lock and first reads what others appended.
The page cache holds what was written when a process is killed; a power cut may lose the last requests, never the rest.
"""

from __future__ import annotations

import fcntl
import os
import shlex
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Final

import orjson

from wlinfra.errors import ConfigurationError

Document = Mapping[str, Any]

_NOTHING: Mapping[str, Document] = {}


class WorldDamagedError(ConfigurationError):
    """A line in the middle of the journal does not match its checksum, so the file was changed by something else."""


class ForeignFolderError(ConfigurationError):
    """The folder holds files of others where those of the world would be."""


class Transaction:
    """What one request sees and changes; documents are replaced whole, never changed in place."""

    def __init__(self, tables: _Tables) -> None:
        self._tables = tables
        self._undo: list[tuple[str, str, Document | None]] = []
        self._changed: dict[tuple[str, str], Document | None] = {}

    def get(self, collection: str, key: str) -> Document | None:
        """Return one document, or None."""
        return self._tables.rows.get(collection, _NOTHING).get(key)

    def all(self, collection: str) -> Mapping[str, Document]:
        """Return a collection in the order its documents were first put."""
        return self._tables.rows.get(collection, _NOTHING)

    def where(self, collection: str, attribute: str, value: str) -> list[Document]:
        """Return the documents with this value of an indexed attribute, oldest first."""
        rows = self.all(collection)
        return [rows[key] for key in self._tables.indexes[collection, attribute].get(value, ())]

    def put(self, collection: str, key: str, document: Document) -> None:
        """Store a document in place of what had its key."""
        self._change(collection, key, document)

    def delete(self, collection: str, key: str) -> None:
        """Remove a document; one that is not there is no error."""
        if self.get(collection, key) is not None:
            self._change(collection, key, None)

    @property
    def changes(self) -> list[tuple[str, str, Document | None]]:
        """The last value of everything this transaction changed."""
        return [(collection, key, document) for (collection, key), document in self._changed.items()]

    def undo(self) -> None:
        """Put everything back as it was."""
        for collection, key, before in reversed(self._undo):
            self._tables.set(collection, key, before)
        self._undo.clear()
        self._changed.clear()

    def _change(self, collection: str, key: str, document: Document | None) -> None:
        self._undo.append((collection, key, self.get(collection, key)))
        self._tables.set(collection, key, document)
        self._changed[collection, key] = document


class Store:
    """The documents of one emulator, in memory and, given a folder, in a journal there.

    `indexes` names the attributes `Transaction.where` can look up, by collection. The journal is rewritten once it has
    grown by `compact_after` bytes and to twice its last compact size, so that a change costs the same in any world.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        indexes: Mapping[str, Sequence[str]] | None = None,
        compact_after: int = 4_000_000,
    ) -> None:
        self._mutex = threading.Lock()
        self._tables = _Tables(indexes or {})
        self._journal = None if folder is None else _Journal(folder, self._tables, compact_after)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Run one request: everything it changes becomes durable together, or, when it raises, nothing does."""
        with self._mutex, _locked(self._journal):
            if self._journal is not None:
                self._journal.catch_up()
            transaction = Transaction(self._tables)
            done = False
            try:
                yield transaction
                if self._journal is not None and transaction.changes:
                    self._journal.append(transaction.changes)
                done = True
            finally:
                if not done:
                    transaction.undo()

    def clear(self) -> None:
        """Empty the world, also for every other process on its folder."""
        with self._mutex, _locked(self._journal):
            self._tables.clear()
            if self._journal is not None:
                self._journal.rewrite()

    def close(self) -> None:
        """Close the files; the folder can be served again at once."""
        with self._mutex:
            if self._journal is not None:
                self._journal.close()


class _Tables:
    """The documents and their indexes in memory."""

    def __init__(self, indexed: Mapping[str, Sequence[str]]) -> None:
        self._indexed = {name: tuple(attributes) for name, attributes in indexed.items()}
        self.rows: dict[str, dict[str, Document]] = {}
        self.indexes: dict[tuple[str, str], dict[str, dict[str, None]]] = {}
        self.clear()

    def clear(self) -> None:
        self.rows.clear()
        for name, attributes in self._indexed.items():
            for attribute in attributes:
                self.indexes[name, attribute] = {}

    def set(self, collection: str, key: str, document: Document | None) -> None:
        rows = self.rows.setdefault(collection, {})
        before = rows.get(key)
        for attribute in self._indexed.get(collection, ()):
            self._move(collection, attribute, key, before, document)
        if document is None:
            rows.pop(key, None)
        else:
            rows[key] = document

    def _move(self, collection: str, attribute: str, key: str, before: Document | None, after: Document | None) -> None:
        index = self.indexes[collection, attribute]
        old = None if before is None else before.get(attribute)
        new = None if after is None else after.get(attribute)
        if old == new:
            return
        if old is not None:
            index[old].pop(key, None)
            if not index[old]:
                del index[old]
        if new is not None:
            index.setdefault(new, {})[key] = None


class _Journal:
    """One file of checksummed lines, each a list of changes; replaced by a compact one now and then."""

    def __init__(self, folder: Path, tables: _Tables, compact_after: int) -> None:
        refuse_foreign(folder)
        _make(folder)
        self._path = folder / "world.journal"
        self._tables = tables
        self._compact_after = compact_after
        self._compact_size = 0
        self._read_to = 0
        self.lock = open(folder / "world.lock", "ab", opener=_private)  # noqa: SIM115 - closed by `close`
        self._file: BinaryIO | None = None

    def close(self) -> None:
        self.lock.close()
        if self._file is not None:
            self._file.close()

    def catch_up(self) -> None:
        """Read what other processes wrote since; after a rewrite by one of them, read everything."""
        file = self._current()
        size = os.fstat(file.fileno()).st_size
        if size == self._read_to:
            return
        tail = os.pread(file.fileno(), size - self._read_to, self._read_to)
        good = 0
        while (end := tail.find(b"\n", good)) >= 0:
            changes = _decode(tail[good:end])
            if changes is None:
                break
            for collection, key, document in changes:
                self._tables.set(collection, key, document)
            good = end + 1
        if good < len(tail):
            self._drop_torn(file, tail[good:])
        self._read_to += good

    def append(self, changes: Sequence[tuple[str, str, Document | None]]) -> None:
        """Write one line; it counts once its newline is there."""
        file = self._file or self._open()
        rest = memoryview(_encode(changes))
        while rest:
            rest = rest[file.write(rest) :]
        self._read_to = os.fstat(file.fileno()).st_size
        if self._read_to > self._compact_size + max(self._compact_after, self._compact_size):
            self.rewrite()

    def rewrite(self) -> None:
        """Replace the file by one with a line per document."""
        temporary = self._path.with_suffix(".new")
        with open(temporary, "wb", opener=_private) as out:
            for collection, rows in self._tables.rows.items():
                out.writelines(_encode([(collection, key, document)]) for key, document in rows.items())
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(self._path)
        self._open()
        self._read_to = self._compact_size = self._path.stat().st_size

    def _current(self) -> BinaryIO:
        """Return the file that has the name now; the open one may have been replaced by another process."""
        try:
            named = self._path.stat()
        except FileNotFoundError:
            named = None
        if self._file is not None and named is not None:
            mine = os.fstat(self._file.fileno())
            if (mine.st_ino, mine.st_dev) == (named.st_ino, named.st_dev):
                return self._file
        self._tables.clear()
        self._read_to = self._compact_size = 0
        return self._open()

    def _open(self) -> BinaryIO:
        if self._file is not None:
            self._file.close()
        self._file = open(self._path, "a+b", buffering=0, opener=_private)  # noqa: SIM115 - closed by `close`
        return self._file

    def _drop_torn(self, file: BinaryIO, rest: bytes) -> None:
        """Cut off the line a killed process left unfinished; anything else wrong is not ours to guess."""
        newline = rest.find(b"\n")
        if 0 <= newline < len(rest) - 1:
            raise WorldDamagedError.of(
                "Emulator's world is damaged",
                f"{self._path} was changed by something else: a line before its end does not match its checksum.",
                "Put the file back. Move the folder away to start with an empty world:\n"
                f"    mv {shlex.quote(str(self._path.parent))} {shlex.quote(f'{self._path.parent}.damaged')}",
            )
        os.ftruncate(file.fileno(), os.fstat(file.fileno()).st_size - len(rest))


def refuse_foreign(folder: Path) -> None:
    """Raise ForeignFolderError for files that have a name of ours and are not ours: they would be cut or replaced.

    Next to our lock all of them are ours, damaged perhaps.
    """
    if is_world(folder):
        return
    for name, is_ours in _OURS.items():
        path = folder / name
        if os.path.lexists(path) and not (path.is_file() and is_ours(_beginning(path))):
            raise foreign(path)


def is_world(folder: Path) -> bool:
    """Return whether an emulator has had the folder: its lock is the first file that is made, and stays empty."""
    lock = folder / "world.lock"
    return lock.is_file() and lock.stat().st_size == 0


def foreign(path: Path) -> ForeignFolderError:
    """Return the error for a file that is in the way of a world."""
    return ForeignFolderError.of(
        "Folder has another file",
        f"{path} was not written by an emulator, so it is not touched.",
        "Name another folder with --data, best an empty one; or move that file away.",
    )


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_BEGINNING)


def _begins_world(text: bytes) -> bool:
    """True for the first bytes of a journal, also of one that a killed process left unfinished."""
    return all(byte in allowed for byte, allowed in zip(text, _FIRST_LINE, strict=False))


def _make(folder: Path) -> None:
    """Make the folder for its user alone, as a platform's world holds what it was sent, secrets too."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError.of(
            "Folder cannot be used",
            f"{folder}: {error.strerror}.",
            "Name a folder for the emulator's world that is there or can be created.",
        ) from error


_HEXADECIMAL: Final = b"0123456789abcdef"
_FIRST_LINE: Final = (*[_HEXADECIMAL] * 8, b" ", b"[")
_BEGINNING: Final = len(_FIRST_LINE)
_OURS: Final[Mapping[str, Callable[[bytes], bool]]] = {
    "world.journal": _begins_world,
    "world.new": _begins_world,
    "world.lock": lambda _: False,
}
"""The files of a world, and whether one begins as ours do."""


def _private(name: str, flags: int) -> int:
    """Open a file of the world for its user alone; an earlier version left that to the umask."""
    descriptor = os.open(name, flags, 0o600)
    if os.fstat(descriptor).st_mode & 0o077:
        with suppress(PermissionError):  # another user's file, who lets us write it
            os.fchmod(descriptor, 0o600)
    return descriptor


@contextmanager
def _locked(journal: _Journal | None) -> Iterator[None]:
    if journal is None:
        yield
        return
    fcntl.flock(journal.lock, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(journal.lock, fcntl.LOCK_UN)


def _encode(changes: Sequence[tuple[str, str, Document | None]]) -> bytes:
    body = orjson.dumps(changes)
    return b"%08x %b\n" % (zlib.crc32(body), body)


def _decode(line: bytes) -> list[tuple[str, str, Document | None]] | None:
    body = line[9:]
    if len(line) < 10 or line[:8] != b"%08x" % zlib.crc32(body):
        return None
    changes: list[tuple[str, str, Document | None]] = orjson.loads(body)
    return changes
