"""What interrupted steps mean for the state: a pure function from what was found out to the state that follows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from wlinfra.plan.model import Recovered
from wlinfra.state.model import Deposed, Health, ObjectState, State
from wlinfra.values import Address

__all__ = ["object_after", "state_after"]


def object_after(recovered: Recovered, before: ObjectState | None) -> ObjectState | None:
    """Return what is to be recorded of the object; None when it is gone or was never made.

    A create that happened is recorded without values: the next plan compares the live object with the program.
    """
    intent = recovered.intent
    if recovered.outcome != "happened":
        return before
    if intent.removes:
        return _without(before, intent.target)
    if before is None:
        before = ObjectState(
            address=intent.address,
            provider=intent.provider,
            kind=intent.kind,
            name=intent.name,
            depends_on=intent.depends_on,
        )
    elif intent.makes and not intent.supersedes and before.id not in (None, recovered.id):
        # A replacement that creates first: the old object still has to be deleted.
        leftover = Deposed(id=str(before.id), depends_on=before.depends_on)
        before = replace(before, values={}, outputs={}, memory={}, deposed=(*before.deposed, leftover))
    return replace(
        before,
        id=recovered.id or before.id,
        outputs={**before.outputs, **recovered.outputs},
        memory={**before.memory, **recovered.memory},
        health=Health.UNREADY,
    )


def _without(before: ObjectState | None, target: str | None) -> ObjectState | None:
    """Return what is left of an object one of whose identities ended."""
    if before is None:
        return None
    leftovers = tuple(item for item in before.deposed if item.id != target)
    if len(leftovers) < len(before.deposed):
        return replace(before, deposed=leftovers) if leftovers or before.id is not None else None
    if leftovers:
        return replace(before, id=None, values={}, outputs={}, memory={}, health=Health.UNREADY)
    return None


def state_after(state: State, recovered: Iterable[Recovered]) -> State:
    """Return the state with everything that was found out applied to it."""
    objects = dict(state.objects)
    settled = set()
    for item in recovered:
        address = Address(item.intent.address)
        after = object_after(item, objects.get(address))
        if after is None:
            objects.pop(address, None)
        else:
            objects[address] = after
        if item.outcome != "unclear":
            settled.add(item.intent.sequence)
    return replace(
        state, objects=objects, intents=tuple(intent for intent in state.intents if intent.sequence not in settled)
    )
