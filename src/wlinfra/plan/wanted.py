"""Planning one declared object: what is known of it is put into a request, and what its provider decides into a change.

Called by `plan.planner` for each object of a plan, and by `plan.replan` while an apply runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from wlinfra.changes.change import Change
from wlinfra.changes.known import resolve_known
from wlinfra.changes.model import Action, PlatformObject
from wlinfra.errors import DeclarationError, ProviderError
from wlinfra.plan.check import check_decision
from wlinfra.plan.inputs import Inputs
from wlinfra.plan.recorded import record_only
from wlinfra.plan.revision import looked_at, revision_of
from wlinfra.plan.seen import seen_of
from wlinfra.plan.unfinished import what_runs
from wlinfra.provider.base import Absent, Ambiguous, Live, PlanRequest, Reading, Unreadable
from wlinfra.provider.others import Others
from wlinfra.state.model import ObjectState
from wlinfra.values import Address, Json, Path

__all__ = ["plan_object"]

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
    instead = _is_another(settled, prior)
    now = what_runs(prior, settled, item.schema, inputs.digest) if prior is not None else None
    request = PlanRequest(
        desired=desired,
        prior=None if instead or now is None else now.record,  # the record of one object does not describe another
        reading=settled,
        dependencies={address: dependencies[address] for address in item.depends_on if address in dependencies},
        digest=inputs.digest,
        others=others,
        known=known,
        replace=replacing,
        found_instead=instead,
    )
    decision = inputs.connections[item.provider].plan(request)
    check_decision(decision, request)
    return Change(
        subject=desired,
        decision=record_only(decision, desired, prior),
        revision=revision_of(settled, looked_at(decision.action, desired), prior, inputs.digest),
        seen=seen_of(decision, settled, desired, prior, paths=watch),
        found=settled.facts if isinstance(settled, Live) and decision.action not in _MAKING else {},
        unfinished=now.unfinished if now is not None else (),
    ).named()


def _is_another(reading: Live | Absent, prior: ObjectState | None) -> bool:
    """True when the object that has the name is not the recorded one, and nothing proves that this stack made it."""
    if prior is None or prior.id is None or not isinstance(reading, Live) or not reading.found_by_name:
        return False
    return reading.id != prior.id and reading.owned is not True


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
                "Say which one it is:\n"
                + "\n".join(f"    wlinfra import {item.address} {candidate}" for candidate in candidates),
                address=item.address,
                location=item.location,
            )
