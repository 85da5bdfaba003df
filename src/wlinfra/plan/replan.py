"""Planning one object again while an apply runs, when its values are known or its live object moved."""

from __future__ import annotations

from collections.abc import Mapping

from wlinfra.changes.change import Change
from wlinfra.plan.ending import plan_end
from wlinfra.plan.inputs import Inputs
from wlinfra.plan.model import Plan
from wlinfra.plan.owners import own_reading, without_others
from wlinfra.plan.reading import read_objects
from wlinfra.plan.select import is_selected
from wlinfra.plan.wanted import plan_object
from wlinfra.provider.base import Absent
from wlinfra.provider.others import Others
from wlinfra.state.model import ObjectState
from wlinfra.values import Address, Json

__all__ = ["replan_object"]


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
    objects = {address: item} if item is not None else {}
    recorded = {address: prior} if prior is not None else {}
    reading = read_objects(inputs, objects, recorded).get(address, Absent())
    if item is None:
        if prior is None:
            raise LookupError(address)
        return plan_end(inputs, prior, reading, destroying=plan.options.destroy)
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
