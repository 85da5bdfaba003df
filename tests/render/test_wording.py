"""What is said of one change in one sentence."""

from __future__ import annotations

import pytest
from support import sample_plans as samples

from wlinfra.changes.model import Action, ActionReason
from wlinfra.render.wording import verdict


@pytest.mark.parametrize(
    ("reason", "ending"),
    [
        (ActionReason.DEPENDENCY_CHANGED, "(rolling restart)  (because what it depends on changes)"),
        (ActionReason.ATTRIBUTE_CHANGED, "(rolling restart)"),
    ],
)
def test_a_roll_without_a_difference_of_its_own_says_why(reason: ActionReason, ending: str) -> None:
    assert verdict(samples.change("workload.chat", Action.ROLL, reason=reason)) == f"will be updated {ending}"
