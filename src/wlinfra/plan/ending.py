"""Planning the end of an object that is recorded but not declared any more."""

from __future__ import annotations

from collections.abc import Iterator

from wlinfra.changes.change import Change
from wlinfra.changes.model import Action, ActionReason, Decision
from wlinfra.errors import ProviderError
from wlinfra.plan.check import check_decision
from wlinfra.plan.inputs import Inputs
from wlinfra.plan.revision import revision_of
from wlinfra.plan.seen import seen_of
from wlinfra.provider.base import Absent, Ambiguous, Live, PlanRequest, Reading, Unreadable
from wlinfra.state.model import Health, ObjectState

__all__ = ["plan_end", "plan_leftovers"]


def plan_end(inputs: Inputs, record: ObjectState, reading: Reading, *, destroying: bool) -> Change:
    """Return how the object ends: deleted, or forgotten when it is retained, virtual or gone already."""
    reason = ActionReason.DESTROYING if destroying else ActionReason.NOT_IN_STACK
    is_gone = isinstance(reading, Absent) and not record.deposed
    if record.retain and not is_gone:
        return _forgotten(record, ActionReason.RETAINED)
    if record.virtual:
        return _forgotten(record, reason)
    match reading:
        case Absent() if record.deposed == ():
            # Not ready as recorded: its end was begun and not waited for, so no other user need have done it.
            why = reason if record.health is Health.UNREADY else ActionReason.GONE
            return Change(subject=record, decision=Decision(action=Action.FORGET, reason=why))
        case Live() | Absent():
            record = record.unpacked()
            request = PlanRequest(
                desired=None,
                prior=record,
                reading=reading,
                dependencies={},
                digest=inputs.digest,
                destroying=destroying,
            )
            decision = inputs.connections[record.provider].plan(request)
            check_decision(decision, request)
            return Change(
                subject=record,
                decision=decision,
                revision=revision_of(reading, None, record, inputs.digest),
                seen=seen_of(decision, reading, None, record),
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


def _forgotten(record: ObjectState, reason: ActionReason) -> Change:
    return Change(subject=record, decision=Decision(action=Action.FORGET, reason=reason, id=record.id))


def plan_leftovers(inputs: Inputs, record: ObjectState) -> Iterator[Change]:
    """Yield the deletion of every old id that a replacement of the object left behind."""
    connection = inputs.connections.get(record.provider)
    if connection is None:  # that is an error already
        return
    for deposed in record.deposed:
        request = PlanRequest(
            desired=None,
            prior=record,
            reading=Absent(),
            dependencies={},
            digest=inputs.digest,
            deposed_id=deposed.id,
        )
        yield Change(subject=record, decision=connection.plan(request), deposed_id=deposed.id)
