from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from wlinfra.changes.model import Action, BlastRadius, Decision, Goal, PlatformObject, Step
from wlinfra.changes.outcome import actions_of, label_of
from wlinfra.diff.model import AttributeChange
from wlinfra.diff.schema import OPAQUE, Effect
from wlinfra.errors import ProviderError
from wlinfra.plan.check import check_decision
from wlinfra.provider.base import Live, PlanRequest
from wlinfra.state.key import Digest
from wlinfra.values import Address

CALL = Step(operation="update", verb="PATCH", path="/things/1", summary="change it")
WANTED = PlatformObject(address=Address("thing.a"), kind="thing", name="a", values={}, schema=OPAQUE)
SIZE = AttributeChange(path=("size",), live=1, planned=2)


def changed(action: Action, **fields: Any) -> Decision:
    return Decision(action=action, attributes=(SIZE,), **fields)


@pytest.mark.parametrize(
    ("change", "actions"),
    [
        (changed(Action.IMPORT), (Action.IMPORT,)),
        (changed(Action.IMPORT, steps=(CALL,)), (Action.IMPORT, Action.UPDATE)),
        (changed(Action.IMPORT, steps=(CALL,), blast_radius=BlastRadius.ROLLING), (Action.IMPORT, Action.ROLL)),
        (changed(Action.IMPORT, steps=(CALL,), blast_radius=BlastRadius.DOWNTIME), (Action.IMPORT, Action.UPDATE)),
        (changed(Action.ROLL, steps=(CALL,)), (Action.ROLL,)),
    ],
)
def test_an_import_with_calls_is_a_change_as_well(change: Decision, actions: tuple[Action, ...]) -> None:
    assert actions_of(change) == actions


def test_a_roll_that_stops_what_runs_stays_a_roll() -> None:
    rolling = replace(SIZE, effect=Effect.ROLLS)
    change = changed(Action.IMPORT, steps=(CALL,), blast_radius=BlastRadius.DOWNTIME)
    assert actions_of(replace(change, attributes=(rolling,))) == (Action.IMPORT, Action.ROLL)


def test_recorded_only_follows_from_the_calls_alone() -> None:
    assert label_of(changed(Action.UPDATE)) == "recorded only"
    assert label_of(changed(Action.UPDATE, goal=Goal())) == "recorded only"
    assert label_of(changed(Action.UPDATE, label="lock")) == "recorded only"
    assert label_of(changed(Action.UPDATE, label="lock", steps=(CALL,))) == "lock"
    assert label_of(changed(Action.UPDATE, steps=(CALL,))) == ""


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (changed(Action.UPDATE, steps=(CALL,), label="recorded only"), "it is labelled recorded only"),
        (changed(Action.UPDATE), "what differs needs a call, and nothing is called"),
        (changed(Action.IMPORT), "what differs needs a call, and nothing is called"),
        (
            changed(Action.IMPORT, blast_radius=BlastRadius.DOWNTIME),
            "its blast radius is downtime and nothing is called",
        ),
        (changed(Action.ROLL, steps=(CALL,)), "it is a roll that rolls nothing"),
        (changed(Action.UPDATE, steps=(CALL,), blast_radius=BlastRadius.ROLLING), "it is no roll"),
    ],
)
def test_a_change_that_is_not_what_it_says_is_refused(change: Decision, fault: str) -> None:
    request = PlanRequest(
        desired=WANTED, prior=None, reading=Live(id="1", values={}), dependencies={}, digest=Digest(b"k" * 32)
    )
    with pytest.raises(ProviderError, match=fault):
        check_decision(change, request)
