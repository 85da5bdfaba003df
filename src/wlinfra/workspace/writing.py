"""Opens a state for writing, and adds to its history what a command did to it.

`workspace` and the commands that change the record by hand use it: every change of a state is in the history,
and so does a run that was killed.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from wlinfra.errors import Diagnostic
from wlinfra.state.lease import LockInfo, LockRequest
from wlinfra.state.lock import FileLease
from wlinfra.state.model import HistoryEntry
from wlinfra.state.session import LocalSession, StateSession
from wlinfra.state.store import LocalStateStore
from wlinfra.workspace.host import Host

__all__ = ["add_history", "writing"]


@contextmanager
def writing(store: LocalStateStore, request: LockRequest, host: Host) -> Iterator[tuple[FileLease, LocalSession]]:
    """Hold the lock and open the state; raises LockedError when it is not free in time.

    The notes of the session are shown at its end.
    """
    notes: list[Diagnostic] = []
    with store.acquire(request) as lease:
        try:
            with store.open(lease) as session:
                notes = session.notes
                if lease.predecessor is not None:
                    session.add_history(_killed(lease.predecessor, session))
                yield lease, session
        finally:
            if notes:
                host.warn(notes)


def add_history(session: StateSession, request: LockRequest, summary: str) -> None:
    """Put into the history what the command did."""
    session.add_history(
        HistoryEntry(
            serial=session.state.serial,
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            who=request.owner,
            host=platform.node(),
            command=request.operation,
            plan_digest="",
            result="done",
            summary=summary,
        )
    )


def _killed(predecessor: LockInfo, session: LocalSession) -> HistoryEntry:
    """Return the entry of a run whose process ended while it held the lock; it could not write one itself."""
    state = session.state
    calls = len(state.intents)
    return HistoryEntry(
        serial=state.serial,
        at=predecessor.since,
        who=predecessor.owner,
        host=predecessor.holder.host,
        command=predecessor.operation,
        plan_digest="",
        result="killed",
        summary=f"ended without a result, {calls} call{'' if calls == 1 else 's'} to look up",
    )
