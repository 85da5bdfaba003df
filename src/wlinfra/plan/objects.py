"""Planning one object: builds the request for its provider, and a change from the decision.

Called by `plan.planner` for each object of a plan, and by `apply.recheck` while an apply runs, when the object's
values are known or its live object moved.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from wlinfra.changes.change import Change
from wlinfra.changes.known import resolve_known
from wlinfra.changes.model import Action, ActionReason, Decision, PlatformObject
from wlinfra.errors import DeclarationError, ProviderError
from wlinfra.plan.check import blaming, check_decision, location_of
from wlinfra.plan.externals import external_changes
from wlinfra.plan.incomplete import as_unknown
from wlinfra.plan.inputs import Inputs
from wlinfra.plan.model import Plan
from wlinfra.plan.owners import own_reading, without_others
from wlinfra.plan.reading import read_object
from wlinfra.plan.refresh import is_another, record_only, what_runs
from wlinfra.plan.revision import looked_at, revision_of, seen_of
from wlinfra.plan.select import is_selected
from wlinfra.provider.base import Absent, Ambiguous, Connection, Live, PlanRequest, Reading, Unreadable
from wlinfra.provider.others import Others
from wlinfra.remedies import Advice, import_
from wlinfra.state.model import Health, ObjectState
from wlinfra.values import Address, Json, Path

__all__ = ["plan_deposed", "plan_end", "plan_object", "replan_object"]

_MAKING = (Action.CREATE, Action.REPLACE)


def plan_object(
    inputs: Inputs,
    item: PlatformObject,
    *,
    prior: ObjectState | None,
    reading: Reading,
    known: Mapping[tuple[Address, str], Json],
    dependencies: Mapping[Address, Change],
    others: Others,
    replacing: bool = False,
    watch: Iterable[Path] = (),
) -> Change:
    """Return what must happen to one declared object; raises what the provider or the guards refuse.

    ``watch`` names paths in addition to those of the change of which `Change.seen` must say what is live.
    """
    settled = _settled(item, reading)
    prior = prior.unpacked() if prior is not None else None
    desired = replace(item, values=resolve_known(dict(item.values), known))
    instead = is_another(settled, prior)
    now = what_runs(prior, settled, item.schema, inputs.digest) if prior is not None else None
    request = PlanRequest(
        desired=desired,
        prior=None if instead or now is None else now.record,  # the record of one object does not describe another
        reading=settled,
        dependencies={
            **{address: dependencies[address] for address in item.depends_on if address in dependencies},
            **{change.address: change for change in external_changes(inputs, item)},
        },
        digest=inputs.digest,
        others=others,
        known=known,
        replace=replacing,
        found_instead=instead,
    )
    decision = _decided(inputs.connections[item.provider], request)
    return Change(
        subject=desired,
        decision=record_only(decision, desired, prior),
        revision=revision_of(settled, looked_at(decision.action, desired), prior, inputs.digest),
        seen=seen_of(decision, settled, desired, prior, paths=watch),
        found=settled.facts if isinstance(settled, Live) and decision.action not in _MAKING else {},
        unfinished=now.unfinished if now is not None else (),
    ).named()


def _decided(connection: Connection, request: PlanRequest) -> Decision:
    """Return what the provider decides; raises ProviderError for a decision that breaks the contract."""
    subject, location = request.subject, location_of(request)
    with blaming(subject.provider, f"{subject.address} was planned", address=subject.address, location=location):
        decision = connection.plan(request)
    check_decision(decision, request)
    return as_unknown(decision, request.desired) if request.desired is not None else decision


def _settled(item: PlatformObject, reading: Reading) -> Live | Absent:
    """Return the reading when something can be concluded from it; raises otherwise."""
    match reading:
        case Live() | Absent():
            if item.lookup and isinstance(reading, Absent):
                raise DeclarationError.of(
                    "Looked-up object not found",
                    f"{item.address} looks up {item.kind} {item.name!r}, which the platform does not have.",
                    "Correct the name or id in the lookup, or declare the object in this stack so that it is created.",
                    address=item.address,
                    location=item.location,
                )
            return reading
        case Unreadable(error=error):
            raise ProviderError(error)
        case Ambiguous(candidates=candidates):
            raise ProviderError.of(
                "Several objects match",
                f"{len(candidates)} objects named {item.name!r} exist and none of them is recorded, so it is not clear which one {item.address} is.",
                Advice("Say which one it is:", *(import_(item.address, candidate) for candidate in candidates)),
                address=item.address,
                location=item.location,
            )


def plan_end(inputs: Inputs, record: ObjectState, reading: Reading, *, others: Others, destroying: bool) -> Change:
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
                others=others,
                destroying=destroying,
            )
            decision = _decided(inputs.connections[record.provider], request)
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
                Advice("Say which one it is:", import_(record.address, None)),
                address=record.address,
            )


def _forgotten(record: ObjectState, reason: ActionReason) -> Change:
    return Change(subject=record, decision=Decision(action=Action.FORGET, reason=reason, id=record.id))


def plan_deposed(inputs: Inputs, record: ObjectState) -> Iterator[Change]:
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
        yield Change(subject=record, decision=_decided(connection, request), deposed_id=deposed.id)


def replan_object(
    inputs: Inputs,
    plan: Plan,
    address: Address,
    *,
    prior: ObjectState | None,
    known: Mapping[tuple[Address, str], Json],
) -> Change:
    """Return what must happen to the object now, from a fresh reading and all outputs known by now.

    Raises what planning raises; the caller compares the answer with what was approved.
    """
    item = plan.objects.get(address)
    reading = read_object(inputs, address, item, prior)
    if item is None:
        if prior is None:
            raise LookupError(address)
        others = plan.others.get(prior.provider, Others())
        return plan_end(inputs, prior, reading, others=others, destroying=plan.options.destroy)
    # Renames were refused when the plan was made, so that here only others' objects are left out.
    reading = without_others(inputs, item, own_reading(item, reading, inputs.state, inputs.state.objects))
    replacing = is_selected(address, plan.options.replaces)
    changes = {change.address: change for change in plan.changes if change.deposed_id is None}
    shown = changes.get(address)
    return plan_object(
        inputs,
        item,
        prior=prior,
        reading=reading,
        known=known,
        dependencies=changes,
        others=plan.others.get(item.provider, Others()),
        replacing=replacing,
        watch=shown.seen if shown is not None else (),
    )
