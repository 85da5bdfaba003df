r"""A file that only grows: one record a line, each with its checksum and length.

A line is ``<crc32, 8 hexadecimal digits> <length in bytes> <JSON>\n``. The session appends to it through
`GroupCommit`, the store reads it with `read_records`. Only an incomplete last line counts as torn: no one was told
that it was recorded. Anything else that does not check out is damage.
"""

from __future__ import annotations

import os
import queue
import threading
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from wlinfra.errors import StateError
from wlinfra.state.files import Disk, open_file

__all__ = [
    "DamagedRecordError",
    "GroupCommit",
    "JournalFile",
    "Records",
    "encode_record",
    "read_records",
    "salvage_records",
]


class DamagedRecordError(ValueError):
    """A record that is not the last fails its checksum; ``offset`` says where it starts."""

    def __init__(self, offset: int) -> None:
        self.offset = offset
        super().__init__(f"the record at byte {offset} fails its checksum")


@dataclass(frozen=True, slots=True)
class Records:
    """What a journal holds."""

    bodies: list[bytes]
    """The JSON of every complete record."""
    length: int
    """Bytes up to the end of the last complete record; what follows is torn."""
    torn: bool


def encode_record(body: bytes) -> bytes:
    """Return the line for one record."""
    return b"%08x %d %s\n" % (zlib.crc32(body), len(body), body)


def read_records(data: bytes) -> Records:
    """Return the records of a journal; raises DamagedRecordError."""
    bodies: list[bytes] = []
    offset = 0
    while offset < len(data):
        end = data.find(b"\n", offset)
        body = _decode_line(data[offset:end]) if end >= 0 else None
        if body is None:
            if end < 0 and _is_torn(data[offset:]):
                return Records(bodies, offset, torn=True)
            raise DamagedRecordError(offset)
        bodies.append(body)
        offset = end + 1
    return Records(bodies, offset, torn=False)


def salvage_records(data: bytes) -> tuple[list[bytes], int]:
    """Return every record that checks out and how many lines do not."""
    decoded = [_decode_line(line) for line in data.split(b"\n") if line.strip(b"\0")]
    return [body for body in decoded if body is not None], decoded.count(None)


def _decode_line(line: bytes) -> bytes | None:
    checksum, _, rest = line.partition(b" ")
    length, _, body = rest.partition(b" ")
    if len(checksum) != 8 or length != b"%d" % len(body) or checksum != b"%08x" % zlib.crc32(body):
        return None
    return body


def _is_torn(tail: bytes) -> bool:
    """Tell a line that was never finished from a finished one whose end was damaged."""
    if tail.endswith(b"\0\0"):
        return True  # a file that grew before its data arrived
    return _decode_line(tail[:-1]) is None


class JournalFile:
    """A journal open for appending; not thread-safe, the session's one writer owns it."""

    def __init__(self, path: Path, disk: Disk, *, length: int) -> None:
        """Open or create the file and cut it to ``length`` bytes, which drops a torn tail; raises OSError."""
        self.path = path
        self.length = length
        self._disk = disk
        existed = path.exists()
        self._descriptor = open_file(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        if os.fstat(self._descriptor).st_size != length:
            os.ftruncate(self._descriptor, length)
            disk.sync(self._descriptor)
        if not existed:
            disk.sync_directory(path.parent)

    def append(self, lines: Iterable[bytes]) -> None:
        """Return when all lines are on the disk; raises OSError or StateError, and then none of them counts."""
        if not self._is_in_place():
            raise StateError.of(
                "Journal was replaced",
                f"{self.path} was removed or replaced by another program while this run was writing to it.",
                "Run the same command again: what this run had begun is looked up first.",
            )
        data = b"".join(lines)
        try:
            self._disk.write(self._descriptor, data)
            self._disk.sync(self._descriptor)
        except OSError:
            os.ftruncate(self._descriptor, self.length)
            raise
        self.length += len(data)

    def _is_in_place(self) -> bool:
        mine = os.fstat(self._descriptor)
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return False
        return (mine.st_dev, mine.st_ino) == (found.st_dev, found.st_ino)

    def close(self) -> None:
        """Close the file; more appending needs a new one."""
        os.close(self._descriptor)


T = TypeVar("T")


@dataclass(slots=True, eq=False)
class _Request(Generic[T]):
    item: T
    done: threading.Event = field(default_factory=threading.Event)
    error: StateError | None = None


class GroupCommit(Generic[T]):
    """Hands what many threads submit to one writer thread, all that is waiting at a time.

    One call of ``commit``, hence one sync, serves every thread that waits. Signals reach the main thread only, so
    an interrupt can end another user's waiting but never a write.
    """

    def __init__(self, commit: Callable[[list[T]], None]) -> None:
        self._commit = commit
        self._queue: queue.SimpleQueue[_Request[T] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._failure: StateError | None = None

    def submit(self, item: T) -> None:
        """Return when the item is committed; raises the StateError that the commit of it raised.

        After a failure nothing more is committed: what is on the disk then is not known well enough to continue.
        """
        request = _Request(item)
        with self._lock:
            if self._failure is not None:
                raise _again(self._failure)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="wlinfra-state-writer", daemon=True)
                self._thread.start()
            self._queue.put(request)
        request.done.wait()
        if request.error is not None:
            raise _again(request.error)

    def close(self) -> None:
        """Return when everything submitted before is committed."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            self._queue.put(None)
            thread.join()

    @property
    def waiting(self) -> int:
        """How many items wait for the next commit."""
        return self._queue.qsize()

    @property
    def failure(self) -> StateError | None:
        """What stopped the writer; None while it works."""
        return self._failure

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            batch, ending = self._gather(first)
            self._settle(batch)
            if ending:
                return

    def _gather(self, first: _Request[T]) -> tuple[list[_Request[T]], bool]:
        batch = [first]
        while True:
            try:
                request = self._queue.get_nowait()
            except queue.Empty:
                return batch, False
            if request is None:
                return batch, True
            batch.append(request)

    def _settle(self, batch: list[_Request[T]]) -> None:
        failure: StateError | None = _ENDED
        try:
            failure = self._failure or self._try(batch)
        finally:
            with self._lock:
                self._failure = failure
                if failure is not None:
                    batch += self._gather_rest()
            for request in batch:
                request.error = failure
                request.done.set()

    def _try(self, batch: list[_Request[T]]) -> StateError | None:
        try:
            self._commit([request.item for request in batch])
        except StateError as error:
            return error
        return None

    def _gather_rest(self) -> list[_Request[T]]:
        rest: list[_Request[T]] = []
        while not self._queue.empty():
            request = self._queue.get_nowait()
            if request is not None:
                rest.append(request)
        return rest


_ENDED = StateError.of(
    "State writer ended",
    "The thread that writes the state ended unexpectedly.",
    "Run the same command again; this is a bug in wlinfra.",
)


def _again(error: StateError) -> StateError:
    """Return the error again, since each waiting thread raises its own."""
    return type(error)(*error.diagnostics)
