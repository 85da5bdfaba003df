"""Planning the end of an object that is recorded but not declared any more."""

from __future__ import annotations

from dataclasses import replace

from wlinfra.changes.model import Action, ActionReason, Change
from wlinfra.errors import ProviderError
from wlinfra.plan.check import check_change
from wlinfra.plan.engine import Engine
from wlinfra.plan.revision import revision_of
from wlinfra.plan.seen import seen_of
from wlinfra.provider.base import Absent, Ambiguous, Live, PlanRequest, Reading, Unreadable
from wlinfra.resources.lifecycle import Lifecycle
from wlinfra.state.model import Health, ObjectState

__all__ = ["plan_end"]


def plan_end(engine: Engine, record: ObjectState, reading: Reading, *, destroying: bool) -> Change:
    """Return how the object ends: deleted, or forgotten when it is retained, virtual or gone already."""
    reason = ActionReason.DESTROYING if destroying else ActionReason.NOT_IN_STACK
    lifecycle = Lifecycle(protect=record.protect, retain=record.retain)
    base = Change(
        address=record.address,
        kind=record.kind,
        provider=record.provider,
        name=record.name,
        action=Action.FORGET,
        reason=reason,
        id=record.id,
        depends_on=(),
        lifecycle=lifecycle,
        virtual=record.virtual,
    )
    is_gone = isinstance(reading, Absent) and not record.deposed
    if record.retain and not is_gone:
        return replace(base, reason=ActionReason.RETAINED)
    if record.virtual:
        return base
    match reading:
        case Absent() if record.deposed == ():
            # Not ready as recorded: its end was begun and not waited for, so nobody else need have done it.
            gone = replace(base, id=None)
            return gone if record.health is Health.UNREADY else replace(gone, reason=ActionReason.GONE)
        case Live() | Absent():
            record = record.unpacked()
            request = PlanRequest(desired=None, prior=record, reading=reading, dependencies={}, digest=engine.digest)
            change = engine.connections[record.provider].plan(request)
            check_change(change, request)
            return replace(
                change,
                reason=_reason(change, reason),
                lifecycle=lifecycle,
                depends_on=(),
                revision=revision_of(reading, None, record, engine.digest),
                seen=seen_of(change, reading, None, record),
            )
        case Unreadable(error=error):
            raise ProviderError(error)
        case Ambiguous(candidates=candidates):
            raise ProviderError.of(
                "Several objects match",
                f"{len(candidates)} objects could be {record.address} ({', '.join(candidates)}), so none is deleted.",
                f"Say which one it is with\n    wlinfra import {record.address} ID",
                address=record.address,
            )


def _reason(change: Change, wanted: ActionReason) -> ActionReason | None:
    """Return why the object ends; the provider knows better only where it forgets for a reason of its own."""
    keeps = change.action is Action.FORGET and change.reason is not ActionReason.NOT_IN_STACK
    return change.reason if keeps else wanted
