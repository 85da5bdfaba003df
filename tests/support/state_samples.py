"""States, clocks and disks for the tests of the state."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

from wlinfra.clock import Clock
from wlinfra.state.files import Disk
from wlinfra.state.lease import LockRequest
from wlinfra.state.model import Intent, ObjectState, State
from wlinfra.state.store import LocalStateStore
from wlinfra.values import Address

CHILD = Path(__file__).with_name("state_child.py")
ME = LockRequest(owner="ada", operation="apply")


class StateClock:
    """Both clocks in the test's hands; sleeping moves them."""

    def __init__(self) -> None:
        self.wall = 1_000_000.0
        self.time = 50.0

    def now(self) -> float:
        return self.wall

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.move(seconds)

    def move(self, seconds: float) -> None:
        self.wall += seconds
        self.time += seconds


class FullDisk(Disk):
    """Refuses to write the journal as long as the space held back is not given back."""

    reserve: Path
    is_full = False

    def write(self, descriptor: int, data: bytes) -> None:
        if self.is_full and self.reserve.exists():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        Disk.write(self, descriptor, data)


def make_store(root: Path, *, clock: Clock | None = None, disk: Disk | None = None) -> LocalStateStore:
    return LocalStateStore(root, "chat", "prod", clock=clock, disk=disk)


def make_item(name: str = "chat", *, text: str = "", id: str = "id-1", after: tuple[str, ...] = ()) -> ObjectState:
    return ObjectState(
        address=Address.of("workload", name),
        provider="default",
        kind="workload",
        id=id,
        values={"text": text},
        depends_on=tuple(map(Address, after)),
    )


def make_intent(name: str = "chat") -> Intent:
    return Intent(
        address=Address.of("workload", name),
        provider="default",
        kind="workload",
        operation="create_workload",
        verb="POST",
        target=None,
        lookup={"name": name, "before": ["id-0"]},
        digests={"text": "ab" * 20},
        deadline=12.5,
    )


def write_items(root: Path, *names: str, text: str = "") -> State:
    """Record these objects one after another and return the state."""
    store = make_store(root)
    with store.acquire(ME) as lease, store.open(lease) as session:
        for name in names:
            session.put(make_item(name, text=text))
    return store.load()


def start_child(*arguments: str) -> subprocess.Popen[str]:
    """Start `state_child` in a process of its own, its input and output in pipes."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    return subprocess.Popen(
        [sys.executable, str(CHILD), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
    )
