"""Counting what became of each change, out of what became of its pieces of work, and telling the listener.

`apply.applier` makes a `Tally`; the scheduler reports to it, always from its own thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from wlinfra.apply.calls import STOPPED
from wlinfra.apply.events import ApplyEvent, ApplyResult, ChangeFailed, Skipped, Started, Succeeded
from wlinfra.apply.jobs import Job, Outcome
from wlinfra.apply.recorder import Recorder
from wlinfra.changes.change import Change
from wlinfra.changes.model import Action
from wlinfra.clock import InboxClock
from wlinfra.errors import Diagnostic
from wlinfra.resources.lifecycle import ReplaceOrder
from wlinfra.values import Address, Json

__all__ = ["Tally"]

_REMOVED = "its old object is deleted, the new one not created yet"


@dataclass(slots=True)
class _Account:
    """One change."""

    change: Change
    open: int
    """Pieces of work that have not ended."""
    began: float | None = None
    error: Diagnostic | None = None
    because: str = ""
    """Why a piece of its work was left."""
    started: bool = False
    """Nobody awaited what its calls lead to."""
    id: str | None = None
    removed: bool = False
    """Its old object was deleted first, as a piece of work of its own."""


@dataclass(slots=True, kw_only=True)
class Tally:
    """What was done, failed and was left; unchanged objects that nothing was done to are not counted."""

    recorder: Recorder
    clock: InboxClock
    report: Callable[[ApplyEvent], None]
    _accounts: dict[tuple[Address, str | None], _Account] = field(default_factory=dict)
    _done: list[Change] = field(default_factory=list)
    _started: list[Change] = field(default_factory=list)
    _failed: list[tuple[Change, Diagnostic]] = field(default_factory=list)
    _skipped: list[tuple[Change, str]] = field(default_factory=list)
    _removed: list[Change] = field(default_factory=list)

    def expect(self, change: Change, pieces: int) -> None:
        """Note that a change will be done in so many pieces."""
        self._accounts[change.address, change.deposed_id] = _Account(change, pieces)

    def begun(self, job: Job) -> None:
        """Tell that work on an object begins, once."""
        account = self._account(job)
        if account is not None and account.began is None:
            account.began = self.clock.monotonic()
            self.report(Started(change=account.change))

    def ended(self, job: Job) -> None:
        """Note how a piece of work ended; tell about the object with its last piece."""
        account, outcome = self._account(job), job.outcome
        if account is None or outcome is None:
            return
        account.open -= 1
        if job.change.action is not Action.REPLACE or job.node.phase == "apply":
            account.id = outcome.id or account.id  # the end of a replaced object has the id of the old one
        self._worsen(account, outcome)
        account.removed = account.removed or self._is_removal(job, outcome)
        if account.open == 0:
            self._close(account)

    def result(self, *, outputs: dict[str, Json], interrupted: bool) -> ApplyResult:
        """Return what the apply did, or has done by now."""
        return ApplyResult(
            done=tuple(self._done),
            started=tuple(self._started),
            failed=tuple(self._failed),
            skipped=tuple(self._skipped),
            removed=tuple(self._removed),
            outputs=outputs,
            interrupted=interrupted,
            ids=dict(self._ids(self._done)),
        )

    def ids_so_far(self) -> dict[Address, str]:
        """Return the recorded id of everything on which work began."""
        return dict(self._ids(account.change for account in self._accounts.values() if account.began is not None))

    def _ids(self, changes: Iterable[Change]) -> Iterator[tuple[Address, str]]:
        for change in changes:
            record = self.recorder.find(change.address)
            if record is not None and record.id is not None:
                yield change.address, record.id

    def _account(self, job: Job) -> _Account | None:
        return self._accounts.get((job.change.address, job.change.deposed_id))

    def _is_removal(self, job: Job, outcome: Outcome) -> bool:
        """True when a replacement that deletes first has deleted."""
        if job.node.phase != "delete" or outcome.error is not None or outcome.because:
            return False
        return job.change.replace_order is ReplaceOrder.DELETE_THEN_CREATE and self._is_missing(job.change)

    def _is_missing(self, change: Change) -> bool:
        record = self.recorder.find(change.address)
        return record is None or record.id is None

    def _worsen(self, account: _Account, outcome: Outcome) -> None:
        """A piece left because of another piece of the same change does not hide that one's error."""
        if outcome.error is not None:
            account.error = outcome.error
        account.started = account.started or outcome.started
        if not outcome.started:
            account.because = account.because or outcome.because

    def _close(self, account: _Account) -> None:
        change = account.change
        elapsed = 0.0 if account.began is None else self.clock.monotonic() - account.began
        gone = account.removed and self._is_missing(change)
        if gone and (account.error is not None or account.because):
            self._removed.append(change)
        if account.error is not None:
            self._failed.append((change, account.error))
            recorded = self.recorder.find(change.address) is not None
            self.report(ChangeFailed(change=change, error=account.error, recorded=recorded, elapsed=elapsed))
        elif account.because:
            because = account.because
            half_made = because == STOPPED and change.action is Action.CREATE
            if half_made and self.recorder.find(change.address) is not None:
                because = f"{because}; it exists and is recorded, and the next run continues from there"
            because = f"{because}; {_REMOVED}" if gone else because
            self._skipped.append((change, because))
            self.report(Skipped(change=change, because=because))
        else:
            self._done.append(change)
            if account.started:
                self._started.append(change)
            record = self.recorder.find(change.address)
            identity = account.id or (record.id if record is not None else None)
            self.report(Succeeded(change=change, id=identity, elapsed=elapsed, awaited=not account.started))
