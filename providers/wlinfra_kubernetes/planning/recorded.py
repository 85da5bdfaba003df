"""Plans an object that is as it was recorded, where the record stands in for the cluster: nothing is asked.

`plan` tries it first. What the record cannot tell is planned by asking: an object that is not ready yet, one whose
values or pods depend on what is not known, and pods that may not have read what they are to read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from wlinfra.provider import Action, ActionReason, Decision, Live, PlanRequest, PlatformObject, Step, default_decision
from wlinfra.values import is_open
from wlinfra_kubernetes.ownership.former import under_its_name
from wlinfra_kubernetes.ownership.inventory import with_live_kinds
from wlinfra_kubernetes.platform import Platform
from wlinfra_kubernetes.private import private_of

from .restarts import STAMP, Stamp, has_read

__all__ = ["unchanged", "with_stamp"]


def unchanged(platform: Platform, request: PlanRequest) -> Decision | None:
    """Return that nothing happens; None where the cluster has to be asked."""
    desired, live = request.desired, request.live
    if desired is None or live is None or not live.from_record or request.deposed_id is not None:
        return None
    if desired.virtual or desired.lookup or request.replace or is_open(dict(desired.values)):
        return None
    wanted = _as_recorded(under_its_name(desired, request), live)
    if private_of(desired).inventory and platform.foreign:
        return None
    if any(change.action is Action.REPLACE for change in request.dependencies.values()):
        return None  # it may have to go first, such as pods with a volume that is replaced
    change = default_decision(replace(request, desired=wanted), steps=_none)
    if (change.action, change.reason) != (Action.NO_OP, ActionReason.UNCHANGED) or change.notes or change.drift:
        return None
    if not has_read(request, wanted, live.facts):
        return None
    return replace(change, name=wanted.name)


def with_stamp(change: Decision, stamp: Stamp) -> Decision:
    """Return the change with what its pods have read when it is done, for plans from the record."""
    return replace(change, facts={**change.facts, STAMP: stamp.now}) if stamp.now else change


def _as_recorded(desired: PlatformObject, live: Live) -> PlatformObject:
    """Return the wanted inventory with the kinds that are recorded: they stay until nothing has them any more."""
    return with_live_kinds(desired, replace(live, document=live.values)) if private_of(desired).inventory else desired


def _none(change: Decision) -> Sequence[Step]:
    del change
    return ()
