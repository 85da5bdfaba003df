"""Files that survive a crash: durable writes, their counts, names made of user text, and errors for people.

The journal, the snapshots, the lock and the key file are all written through here.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from wlinfra.errors import StateError

if sys.platform == "darwin":
    import fcntl

__all__ = [
    "NO_SPACE",
    "Disk",
    "DiskStats",
    "encode_name",
    "explain_os_errors",
    "file_mode",
    "make_directory",
    "number_of_copy",
    "open_file",
]

NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_PRIVATE = 0o600
_SHARED = stat.S_ISGID | stat.S_IWGRP
_LONGEST_NAME = 120
_UNSAFE = frozenset('/\\:*?"<>|%')


@dataclass(slots=True)
class DiskStats:
    """What was asked of the disk; for tests and benchmarks."""

    syncs: int = 0
    """Files made durable."""
    directory_syncs: int = 0
    bytes_written: int = 0
    writes: int = 0


@dataclass(slots=True)
class Disk:
    """Writes bytes and makes them durable; tests pass one that fails or waits."""

    stats: DiskStats = field(default_factory=DiskStats)

    def write(self, descriptor: int, data: bytes) -> None:
        """Write all of the data; raises OSError."""
        view = memoryview(data)
        while view:
            written = os.write(descriptor, view)
            self.stats.bytes_written += written
            view = view[written:]
        self.stats.writes += 1

    def sync(self, descriptor: int) -> None:
        """Return when the file's content is on the disk; raises OSError."""
        self.stats.syncs += 1
        if sys.platform == "darwin":
            # fsync on macOS leaves the data in the drive's cache.
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
        else:
            os.fdatasync(descriptor)

    def sync_directory(self, directory: Path) -> None:
        """Return when the names in the directory are on the disk; raises OSError."""
        self.stats.directory_syncs += 1
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def create(self, path: Path, data: bytes, *, mode: int = _PRIVATE) -> None:
        """Write a new file durably; raises FileExistsError when there is one."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        try:
            self.write(descriptor, data)
            self.sync(descriptor)
        finally:
            os.close(descriptor)

    def replace(self, path: Path, data: bytes, *, durable: bool = True) -> None:
        """Replace a file in one move, so that a reader and a crash see the old or the new one."""
        temporary = self.prepare(path, data, durable=durable)
        self.publish(temporary, path, durable=durable)

    def prepare(self, path: Path, data: bytes, *, durable: bool = True) -> Path:
        """Write what shall replace ``path`` beside it and return where; nothing is replaced yet."""
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        descriptor = open_file(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        try:
            self.write(descriptor, data)
            if durable:
                self.sync(descriptor)
        except OSError:
            with suppress(OSError):
                temporary.unlink()
            raise
        finally:
            os.close(descriptor)
        return temporary

    def publish(self, temporary: Path, path: Path, *, durable: bool = True) -> None:
        """Move a prepared file to its place."""
        try:
            temporary.replace(path)
        except OSError:
            with suppress(OSError):
                temporary.unlink()
            raise
        if durable:
            self.sync_directory(path.parent)


def file_mode(directory: Path) -> int:
    """Return who may read and write the files of a directory, whatever the umask: its owner alone.

    In a directory that is made to be shared by a group (``chmod g+ws``), the group as well.
    """
    try:
        is_shared = directory.stat().st_mode & _SHARED == _SHARED
    except OSError:
        is_shared = False
    return _PRIVATE | 0o060 if is_shared else _PRIVATE


def make_directory(directory: Path) -> None:
    """Make the directory and those above it, for the owner alone unless one above is shared; raises OSError."""
    if directory.is_dir():
        return
    make_directory(directory.parent)
    is_shared = file_mode(directory.parent) != _PRIVATE
    directory.mkdir(mode=0o770 if is_shared else 0o700, exist_ok=True)
    if is_shared:
        directory.chmod(0o2770)  # whatever the umask


def open_file(path: Path, flags: int) -> int:
    """Open a file of the state with the rights that `file_mode` gives, whatever the umask or an earlier version gave."""
    mode = file_mode(path.parent)
    descriptor = os.open(path, flags | os.O_CLOEXEC, mode)
    if stat.S_IMODE(os.fstat(descriptor).st_mode) != mode:
        with suppress(OSError):  # it is another user's
            os.fchmod(descriptor, mode)
    return descriptor


@contextmanager
def explain_os_errors(doing: str, path: Path) -> Iterator[None]:
    """Raise StateError instead of OSError; ``doing`` completes "wlinfra could not ..."."""
    try:
        yield
    except OSError as error:
        raise _explain(error, doing, path) from error


def _explain(error: OSError, doing: str, path: Path) -> StateError:
    reason = os.strerror(error.errno) if error.errno else str(error)
    detail = f"wlinfra could not {doing} in {path}: {reason}."
    match error.errno:
        case errno.EACCES | errno.EPERM:
            fix = f"Give yourself read and write access to it (chmod -R u+rwX '{path}'), or choose another state directory."
            return StateError.of("State directory not accessible", detail, fix)
        case errno.EROFS:
            return StateError.of(
                "State directory is read-only", detail, "Choose a state directory on a file system that can be written."
            )
        case code if code in NO_SPACE:
            fix = "Free some space (or raise the quota), then run the same command again: what was done is recorded."
            return StateError.of("No space for the state", detail, fix)
        case _:
            fix = "Check that the path is a directory on a file system that works, or choose another state directory."
            return StateError.of("State directory not usable", detail, fix)


def encode_name(name: str) -> str:
    """Return the name as one path component that every file system takes; different names stay different.

    >>> encode_name("prod/eu")
    'prod%2Feu'
    """
    name = unicodedata.normalize("NFC", name)
    hidden = name.startswith(".") or not name
    text = "".join(f"%{ord(c):02X}" if c in _UNSAFE or ord(c) < 32 or ord(c) == 127 else c for c in name)
    if hidden:
        text = "%2E" + text[1:] if name else "%"
    if len(text.encode(errors="surrogatepass")) <= _LONGEST_NAME:
        return text
    digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:16]
    return f"{text[:24]}%{digest}"


def number_of_copy(path: Path) -> Path:
    """Return the first free name ``<path>.damaged-N`` beside the path."""
    number = 1
    while (copy := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    return copy
