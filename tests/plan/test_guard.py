"""What a plan never does without being told."""

from __future__ import annotations

import pytest

from wlinfra.changes.model import PlatformObject
from wlinfra.diff.schema import Attribute
from wlinfra.errors import DeclarationError
from wlinfra.plan.guard import guard_emptiness
from wlinfra.plan.model import PlanOptions
from wlinfra.state.model import ObjectState, State
from wlinfra.values import Address

CHAT = Address("workload.chat")
STATE = State(
    stack="s", environment="e", objects={CHAT: ObjectState(address=CHAT, provider="default", kind="workload", id="1")}
)


def test_a_program_that_only_looks_things_up_destroys_nothing() -> None:
    address = Address("lookup.base")
    looked_up = PlatformObject(
        address=address, kind="artifact", name="base", values={}, schema=Attribute(), lookup=True
    )
    with pytest.raises(DeclarationError):
        guard_emptiness({address: looked_up}, STATE, PlanOptions())
    guard_emptiness({address: looked_up}, STATE, PlanOptions(allow_empty=True))
