"""What interrupted steps mean for the state: a pure function from what was found out to the state that follows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from wlinfra.plan.model import Recovered
from wlinfra.state.model import Health, ObjectState, State
from wlinfra.values import Address

__all__ = ["object_after", "state_after"]


def object_after(recovered: Recovered, before: ObjectState | None) -> ObjectState | None:
    """Return what is to be recorded of the object; None when it is gone or was never made.

    A create that happened is recorded without values: the next plan compares the live object with the program.
    """
    intent = recovered.intent
    if recovered.outcome != "happened":
        return before
    if intent.target is not None and intent.removes:
        if before is None or before.id == intent.target:
            return None
        return replace(before, deposed=tuple(item for item in before.deposed if item.id != intent.target))
    if before is None:
        before = ObjectState(
            address=intent.address,
            provider=intent.provider,
            kind=intent.kind,
            name=intent.name,
            depends_on=intent.depends_on,
            health=Health.UNREADY,
        )
    return replace(
        before,
        id=recovered.id or before.id,
        outputs={**before.outputs, **recovered.outputs},
        memory={**before.memory, **recovered.memory},
        health=Health.UNREADY,
    )


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
