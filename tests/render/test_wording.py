"""What is said of one change in one sentence."""

from __future__ import annotations

import pytest

from wlinfra.changes.model import Action, ActionReason, Change
from wlinfra.render.wording import sentence
from wlinfra.values import Address


@pytest.mark.parametrize(
    ("reason", "ending"),
    [
        (ActionReason.DEPENDENCY_CHANGED, "(rolling restart)  (because what it depends on changes)"),
        (ActionReason.ATTRIBUTE_CHANGED, "(rolling restart)"),
    ],
)
def test_a_roll_without_a_difference_of_its_own_says_why(reason: ActionReason, ending: str) -> None:
    address = Address("workload.chat")
    change = Change(
        address=address, kind="workload", provider="default", name="chat", action=Action.ROLL, reason=reason
    )
    assert sentence(change) == f"workload.chat will be updated {ending}"
