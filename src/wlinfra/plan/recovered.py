"""What interrupted steps mean for the state: a pure function from what was found out to the state that follows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from wlinfra.plan.model import Recovered
from wlinfra.state.model import ObjectState, State
from wlinfra.state.records import Effect, happened
from wlinfra.values import Address

__all__ = ["object_after", "state_after"]


def object_after(recovered: Recovered, before: ObjectState | None) -> ObjectState | None:
    """Return what is to be recorded of the object; None when it is gone or was never made."""
    if recovered.outcome != "happened":
        return before
    effect = Effect(id=recovered.id, outputs=recovered.outputs, memory=recovered.memory)
    return happened(recovered.intent, effect)(before)


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
