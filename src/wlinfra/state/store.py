"""Where the state is kept: the interface of every backend, and the local directory.

The command line makes a store and hands it to the planner (`load`) and to the applier (`acquire`, `open`).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import orjson

from wlinfra.clock import Clock, SystemClock
from wlinfra.errors import StateDamagedError, StateRefusedError
from wlinfra.remedies import Advice, push
from wlinfra.state.codec import parse_history
from wlinfra.state.files import Disk, encode_name, explain_os_errors, make_directory
from wlinfra.state.lease import Lease, LockInfo, LockRequest
from wlinfra.state.ledger import Ledger, parse_ledger
from wlinfra.state.lock import FileLease, FileLock
from wlinfra.state.model import HistoryEntry, State
from wlinfra.state.session import LocalSession, StateSession
from wlinfra.state.shape import check_document, check_ledger
from wlinfra.state.snapshot import Paths, as_json, load_files, read_history_records, write_snapshot
from wlinfra.state.upgrades import FORMAT_VERSION, check_version, upgrade_state
from wlinfra.version import tool_version

if TYPE_CHECKING:
    from wlinfra.state.repair import RepairReport

__all__ = ["LocalStateStore", "StateStore"]


class StateStore(Protocol):
    """One state, wherever it is kept."""

    def load(self) -> State:
        """Return what is recorded, without a lock; raises StateDamagedError."""
        ...

    def acquire(self, request: LockRequest) -> Lease:
        """Return the lock; raises LockedError."""
        ...

    def open(self, lease: Lease) -> StateSession:
        """Return the state open for writing, under a held lock."""
        ...

    def read_lock(self) -> LockInfo | None:
        """Return who holds the lock; None when it is free."""
        ...

    def unlock(self) -> LockInfo | None:
        """Free the lock whoever holds it; return who did."""
        ...

    def history(self) -> list[HistoryEntry]:
        """Return every apply, oldest first."""
        ...


class LocalStateStore:
    """A state in a local directory, ``<root>/<stack>/<environment>``."""

    def __init__(
        self, root: Path, stack: str, environment: str, *, clock: Clock | None = None, disk: Disk | None = None
    ) -> None:
        """Name the state; nothing is made or read yet."""
        self.stack = stack
        self.environment = environment
        self.paths = Paths(root / encode_name(stack) / encode_name(environment))
        self.disk = disk or Disk()
        self.lock = FileLock(self.paths.directory, clock=clock or SystemClock(), disk=self.disk)

    def load(self) -> State:
        """Return what is recorded, without a lock; raises StateDamagedError and changes nothing then."""
        return load_files(self.paths, self.stack, self.environment).ledger.view()

    def acquire(self, request: LockRequest) -> FileLease:
        """Return the lock; raises LockedError when someone living holds it after ``request.timeout``."""
        return self.lock.acquire(request)

    def open(self, lease: Lease) -> LocalSession:
        """Return the state open for writing; raises StateDamagedError, LeaseLostError."""
        lease.check()
        return LocalSession(self.paths, load_files(self.paths, self.stack, self.environment), lease, self.disk)

    def read_lock(self) -> LockInfo | None:
        """Return who holds the lock, so that a plan beside an apply can say that it is provisional."""
        return self.lock.read()

    def unlock(self, *, held_by: str | None = None) -> LockInfo | None:
        """Free the lock whoever holds it, and return who did; that run then stops before its next write or call.

        With ``held_by`` only the lock with that token; raises LockedError when it is another one by now.
        """
        if not self.paths.directory.exists():
            return None
        try:
            floor = load_files(self.paths, self.stack, self.environment).ledger.epoch
        except StateDamagedError:
            floor = 0
        return self.lock.break_lock(floor, held_by=held_by)

    def history(self) -> list[HistoryEntry]:
        """Return every apply, oldest first; raises StateDamagedError."""
        return [parse_history(orjson.loads(body)) for body in read_history_records(self.paths.history).bodies]

    def pull(self) -> bytes:
        """Return the complete state as JSON for people and for `push`; equal states give equal bytes."""
        document = as_json(load_files(self.paths, self.stack, self.environment).ledger)
        document |= {"format_version": FORMAT_VERSION, "tool": tool_version()}
        return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"

    def push(self, data: bytes, lease: Lease, *, force: bool = False, source: str = "state.json") -> None:
        """Replace the state by a pulled one; raises StateError for another lineage or a lower serial unless forced.

        ``source`` is the file it comes from, for the command that is advised then.
        A forced push of a lower serial becomes the next serial of the state it replaces.
        """
        pushed = _parse_pulled(data)
        current = load_files(self.paths, self.stack, self.environment).ledger
        if not force:
            _refuse_push(pushed, current, source)
        elif pushed.serial < current.serial:
            # The serial never goes down: a crash on the way must not let the old journal go on from the new snapshot.
            pushed.serial = current.serial + 1
        pushed.stack, pushed.environment = self.stack, self.environment
        pushed.epoch = max(pushed.epoch, current.epoch)
        if lease.epoch < pushed.epoch:
            lease.advance(pushed.epoch + 1)
        with explain_os_errors("replace the state", self.paths.directory):
            make_directory(self.paths.directory)
            write_snapshot(self.paths, replace(pushed, epoch=lease.epoch), self.disk, lease.check)

    def repair(self, lease: Lease) -> RepairReport:
        """Rebuild damaged files from the last good ones, keeping the damaged beside; raises StateError."""
        from wlinfra.state.repair import repair_files

        return repair_files(self.paths, Ledger(stack=self.stack, environment=self.environment), self.disk, lease)


def _parse_pulled(data: bytes) -> Ledger:
    try:
        document = orjson.loads(data)
        version = document.pop("format_version")
        check_version(version, document.pop("tool", "?"))
        document = upgrade_state(document, version)
        check_document(document)
        ledger = parse_ledger(document)
        check_ledger(ledger)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        why = f" ({error})" if type(error) is ValueError else ""
        raise StateRefusedError.of(
            "Not a state",
            f"What was given is not a state as a pull writes it{why}. Nothing was written.",
            "Pull the state, change that file, and push it.",
        ) from error
    return ledger


def _refuse_push(pushed: Ledger, current: Ledger, source: str) -> None:
    if not current.lineage:
        return
    if pushed.lineage != current.lineage:
        why = (
            f"The state given has lineage {pushed.lineage}, the one recorded here {current.lineage}: they began apart."
        )
    elif pushed.serial < current.serial:
        why = f"The state given has serial {pushed.serial}, the one recorded here {current.serial}, which is newer."
    elif pushed.serial == current.serial and as_json(pushed) != as_json(current):
        why = f"Both states have serial {current.serial} but their content differs."
    else:
        return
    raise StateRefusedError.of(
        "State was not replaced",
        f"{why} Nothing was written.",
        Advice("Pull the recorded state and change that, or replace it all the same:", push(source, force=True)),
    )
