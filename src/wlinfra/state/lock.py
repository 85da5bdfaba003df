"""The exclusive lock of one state: a lease that its holder renews and that lapses when the holder is gone.

`LocalStateStore.acquire` takes it; the session asks `Lease.check` before every write and the applier before every
call. The record is ``lock.json``; it stays after a release, because its epoch must never go down.
"""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson

from wlinfra.clock import Clock
from wlinfra.errors import LeaseLostError, LockedError, StateDamagedError, StateError
from wlinfra.remedies import Advice, Option, unlock
from wlinfra.state.files import Disk, explain_os_errors, make_directory, open_file
from wlinfra.state.holder import Holder, is_gone
from wlinfra.state.lease import DEFAULT_LEASE, LockInfo, LockRequest

__all__ = ["FileLease", "FileLock"]

_POLL = 0.25
_GUARD_PATIENCE = 5.0


class FileLock:
    """The lock record in a directory, safe between processes."""

    def __init__(self, directory: Path, *, clock: Clock, disk: Disk, heartbeat: bool = True) -> None:
        """Name the directory; nothing is made yet. Without ``heartbeat`` another user calls `FileLease.renew`."""
        self.path = directory / "lock.json"
        self._guard_path = directory / "lock.guard"
        self._clock = clock
        self._disk = disk
        self._heartbeat = heartbeat

    def acquire(self, request: LockRequest) -> FileLease:
        """Return the lease; raises LockedError when someone living still holds it after the timeout.

        A holder is taken for gone when its process has ended on this machine, when its heartbeat did not move for a
        whole lease while we watched, or when it is older than its lease and did not move for half a lease: clocks
        that disagree never rob a living one.
        """
        deadline = self._clock.monotonic() + request.timeout
        watch = _Watch(self._clock)
        reported = ""
        while True:
            lease, info = self._try(request, watch)
            if lease is not None:
                return lease
            if info.token != reported and request.on_wait is not None:
                request.on_wait(info)
            reported = info.token
            if self._clock.monotonic() >= deadline and not watch.is_promising(info):
                raise _locked(info)
            self._clock.sleep(_POLL)

    def read(self) -> LockInfo | None:
        """Return who holds the lock, or None when it is free; raises StateDamagedError."""
        info = self._read()
        return info if info is not None and info.is_held else None

    def break_lock(self, floor: int = 0, *, held_by: str | None = None) -> LockInfo | None:
        """Free the lock whoever holds it, and return who did; the holder then fails its next check.

        ``floor`` is the highest epoch known from elsewhere, for when the record itself is damaged. With ``held_by``
        only the lock with that token is freed; raises LockedError when another user has it by now.
        """
        with explain_os_errors("unlock the state", self.path.parent), self._guard():
            try:
                info = self._read()
            except StateDamagedError:
                info = None
                self._write(_free(floor + 1))
            if info is not None and info.is_held and held_by not in (None, info.token):
                raise _locked(info)
            if info is not None:
                self._write(_free(max(info.epoch, floor) + 1))
            return info if info is not None and info.is_held else None

    def renew(self, mine: LockInfo) -> bool:
        """Write a new heartbeat; False when the record is not ours any more."""
        with explain_os_errors("renew the lock", self.path.parent), self._guard():
            found = self._read()
            if found is None or (found.token, found.epoch) != (mine.token, mine.epoch):
                return False
            self._write(replace(mine, heartbeat=self._clock.now()), durable=False)
            return True

    def replace_record(self, mine: LockInfo, new: LockInfo) -> bool:
        """Replace our own record; False when it is not ours any more."""
        with explain_os_errors("write the lock", self.path.parent), self._guard():
            found = self._read()
            if found is None or found.token != mine.token:
                return False
            self._write(new)
            return True

    def is_mine(self, mine: LockInfo) -> bool:
        """True when the record on the disk is still ours."""
        try:
            found = self._read()
        except StateDamagedError:
            return False
        return found is not None and (found.token, found.epoch) == (mine.token, mine.epoch)

    def _try(self, request: LockRequest, watch: _Watch) -> tuple[FileLease, LockInfo] | tuple[None, LockInfo]:
        directory = self.path.parent
        with explain_os_errors("lock the state", directory):
            make_directory(directory)
            with self._guard():
                found = self._read()
                if found is not None and found.is_held and not watch.has_lapsed(found):
                    return None, found
                epoch = found.epoch if found is not None else 0
                info = self._claim(request, epoch + 1)
                taken = self._clock.monotonic()
                self._write(info)
        gone = found if found is not None and found.is_held else None
        lease = FileLease(self, info, clock=self._clock, renewed=taken, heartbeat=self._heartbeat, predecessor=gone)
        return lease, info

    def _claim(self, request: LockRequest, epoch: int) -> LockInfo:
        now = self._clock.now()
        return LockInfo(
            owner=request.owner,
            operation=request.operation,
            holder=Holder.of_this_process(),
            started=now,
            heartbeat=now,
            lease=request.lease,
            epoch=epoch,
            token=os.urandom(16).hex(),
        )

    def _read(self) -> LockInfo | None:
        with explain_os_errors("read the lock", self.path):
            try:
                text = self.path.read_bytes()
            except FileNotFoundError:
                return None
        try:
            document = orjson.loads(text)
            return LockInfo(**{**document, "holder": Holder(**document["holder"])})
        except (ValueError, KeyError, TypeError) as error:
            raise StateDamagedError.of(
                "Lock file is damaged",
                f"{self.path} is not a lock record, so it is not known whether another run is active.",
                Advice("Make sure that no other run is active, then:", unlock()),
            ) from error

    def _write(self, info: LockInfo, *, durable: bool = True) -> None:
        self._disk.replace(self.path, orjson.dumps(asdict(info), option=orjson.OPT_INDENT_2), durable=durable)

    @contextmanager
    def _guard(self) -> Iterator[None]:
        """Keep other processes out of the record for the few milliseconds of a change."""
        descriptor = open_file(self._guard_path, os.O_RDWR | os.O_CREAT)
        try:
            self._wait_for_guard(descriptor)
            yield
        finally:
            os.close(descriptor)

    def _wait_for_guard(self, descriptor: int) -> None:
        deadline = self._clock.monotonic() + _GUARD_PATIENCE
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.EACCES):
                    raise
            else:
                return
            if self._clock.monotonic() >= deadline:
                raise LockedError.of(
                    "State is locked",
                    f"Another process has been changing the lock record {self.path} for {_GUARD_PATIENCE:.0f} seconds; it may be paused.",
                    "Let that process continue or end it, then run the same command again.",
                )
            self._clock.sleep(0.005)


class _Watch:
    """Watches one record from outside, by our own clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: tuple[str, float] | None = None
        self._since = 0.0
        self._has_moved = False

    def has_lapsed(self, info: LockInfo) -> bool:
        """True when the holder is gone for sure."""
        if (info.token, info.heartbeat) != self._seen:
            self._has_moved = self._seen is not None
            self._seen, self._since = (info.token, info.heartbeat), self._clock.monotonic()
        unmoved = self._clock.monotonic() - self._since
        return is_gone(info.holder) or unmoved >= self._needed(info)

    def is_promising(self, info: LockInfo) -> bool:
        """True when it is worth watching on beyond the timeout: the lease has run out and was not renewed."""
        return self._is_overdue(info) and not self._has_moved

    def _needed(self, info: LockInfo) -> float:
        return info.lease / 2 if self._is_overdue(info) else info.lease

    def _is_overdue(self, info: LockInfo) -> bool:
        return info.heartbeat + info.lease < self._clock.now()


class FileLease:
    """A held `FileLock`, renewed by a thread of its own every third of the lease."""

    def __init__(
        self,
        lock: FileLock,
        info: LockInfo,
        *,
        clock: Clock,
        renewed: float,
        heartbeat: bool,
        predecessor: LockInfo | None = None,
    ) -> None:
        """``predecessor`` held it before and was gone without freeing it."""
        self.predecessor = predecessor
        self._lock = lock
        self._info = info
        self._clock = clock
        self._renewed = renewed
        self._lost = False
        self._released = False
        self._stop = threading.Event()
        self._mutex = threading.Lock()
        if heartbeat:
            threading.Thread(target=self._beat, name="wlinfra-state-lease", daemon=True).start()

    @property
    def epoch(self) -> int:
        """The fencing epoch."""
        return self._info.epoch

    @property
    def info(self) -> LockInfo:
        """What the record says about us."""
        return self._info

    def check(self) -> None:
        """Raise LeaseLostError unless the lock is surely still held: by our own clock and by the record."""
        if not (self._lost or self._released or self._is_overdue()) and self._lock.is_mine(self._info):
            return
        self._lost = True
        raise LeaseLostError.of(
            "Lock was lost",
            f"This run held the lock since {self._info.since} but could not renew it within {self._info.lease:.0f} seconds, "
            "or another user unlocked the state. It no longer writes or calls anything.",
            "Run the same command again: what was begun is looked up first.",
        )

    def renew(self) -> None:
        """Write a new heartbeat; does nothing once the lease has run out, since someone may be taking over."""
        with self._mutex:
            if self._lost or self._released:
                return
            before = self._clock.monotonic()
            if self._is_overdue() or not self._lock.renew(self._info):
                self._lost = True
                return
            self._renewed = before

    def advance(self, epoch: int) -> None:
        """Raise the epoch to at least this one; raises LeaseLostError."""
        with self._mutex:
            if epoch <= self._info.epoch:
                return
            self.check()
            raised = replace(self._info, epoch=epoch, heartbeat=self._clock.now())
            if self._lock.replace_record(self._info, raised):
                self._info = raised
        self.check()

    def release(self) -> None:
        """Free the lock; does nothing when another user has it by now."""
        self._stop.set()
        with self._mutex:
            if self._released:
                return
            self._released = True
            # When this fails, the lock lapses with our process.
            with suppress(StateError):
                self._lock.replace_record(self._info, _free(self._info.epoch))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _is_overdue(self) -> bool:
        return self._clock.monotonic() - self._renewed >= self._info.lease

    def _beat(self) -> None:
        while not self._stop.wait(self._info.lease / 3) and not self._lost:
            try:
                self.renew()
            except StateError:
                continue  # the next beat tries again, and `check` notices when none succeeds in time


def _free(epoch: int) -> LockInfo:
    return LockInfo(
        owner="", operation="", holder=Holder(), started=0.0, heartbeat=0.0, lease=DEFAULT_LEASE, epoch=epoch, token=""
    )


def _locked(info: LockInfo) -> LockedError:
    return LockedError.of(
        "State is locked",
        f"{info.owner} holds the lock on {info.holder.host or 'another machine'} (process {info.holder.pid}) for {info.operation!r} since {info.since}.",
        Advice(
            "Wait for it with ", Option("lock_timeout", "60"), ". If that run is over for certain:", unlock(info.id)
        ),
    )
