"""A process that works on a state, to be killed, paused or raced by a test."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from support.state_samples import make_intent, make_item, make_store
from wlinfra.errors import StateError
from wlinfra.state.lease import LockRequest


def write_forever(root: Path) -> None:
    """Print the number of every object after it is recorded."""
    store = make_store(root)
    with store.acquire(LockRequest(owner="child")) as lease, store.open(lease) as session:
        number = len(session.state.objects)
        while True:
            begun = session.begin(make_intent(f"n{number}"))
            session.end(begun, put=make_item(f"n{number}"))
            print(number, flush=True)
            number += 1


def write_when_told(root: Path) -> None:
    """Hold a short lease; on each line from the test, try to write and print how that went."""
    store = make_store(root)
    with store.acquire(LockRequest(owner="child", lease=4.0)) as lease, store.open(lease) as session:
        session.put(make_item("first"))
        print("held", flush=True)
        for number, _ in enumerate(sys.stdin):
            try:
                session.put(make_item(f"late{number}"))
            except StateError as error:
                print(type(error).__name__, flush=True)
            else:
                print("written", flush=True)


def count_up(root: Path) -> None:
    """Add objects under the lock, several times, as two such processes do at once."""
    store = make_store(root)
    for _ in range(10):
        with store.acquire(LockRequest(owner="child", timeout=60.0)) as lease, store.open(lease) as session:
            number = len(session.state.objects)
            session.put(make_item(f"n{number}"))
            print(number, lease.epoch, flush=True)


def write_as_nobody(root: Path) -> None:
    """Try to write where only the test may; print the error."""
    if os.geteuid() == 0:
        os.setgid(65534)
        os.setuid(65534)
    store = make_store(root)
    try:
        with store.acquire(LockRequest(owner="nobody")) as lease, store.open(lease) as session:
            session.reserve()
    except StateError as error:
        print(type(error).__name__, error, flush=True)


if __name__ == "__main__":
    modes = {"forever": write_forever, "told": write_when_told, "count": count_up, "nobody": write_as_nobody}
    modes[sys.argv[1]](Path(sys.argv[2]))
