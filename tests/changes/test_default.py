from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from wlinfra.changes.default import default_decision
from wlinfra.changes.model import Action, ActionReason, BlastRadius, Decision, Goal, PlatformObject, Step
from wlinfra.changes.outcome import label_of
from wlinfra.diff.schema import Attribute, Effect, fields
from wlinfra.provider.base import Absent, Live, PlanRequest
from wlinfra.resources.lifecycle import Lifecycle, ReplaceOrder
from wlinfra.state.key import Digest
from wlinfra.state.model import Health, ObjectState
from wlinfra.values import UNKNOWN, Address, Ref, Secret

KEY = Digest(b"0123456789abcdef")
ADDRESS = Address("thing.a")
SCHEMA = Attribute(
    fields=fields(
        size=Attribute(),
        image=Attribute(effect=Effect.ROLLS),
        zone=Attribute(effect=Effect.REPLACES),
        policy=Attribute(effect=Effect.STORED),
        token=Attribute(write_only=True),
    )
)
VALUES = {"size": 1, "image": "x", "zone": "z"}
STEP = Step(operation="call", verb="POST", path="/things", summary="call it")


@dataclass
class Steps:
    """Gives one step and remembers the changes it was asked about."""

    asked: list[Decision] = field(default_factory=list)

    def __call__(self, change: Decision) -> list[Step]:
        self.asked.append(change)
        return [STEP]


def wanted(values: Any = None, **options: Any) -> PlatformObject:
    return PlatformObject(address=ADDRESS, kind="thing", name="a", values=values or VALUES, schema=SCHEMA, **options)


def record(values: Any = None, **options: Any) -> ObjectState:
    base = ObjectState(address=ADDRESS, provider="default", kind="thing", id="1", name="a", values=values or VALUES)
    return replace(base, **options)


def live(values: Any = None, **options: Any) -> Live:
    return Live(id="1", values=values or VALUES, outputs={"id": "1"}, **options)


def asking(
    desired: PlatformObject | None, prior: ObjectState | None, reading: Live | Absent, **options: Any
) -> PlanRequest:
    return PlanRequest(desired=desired, prior=prior, reading=reading, dependencies={}, digest=KEY, **options)


def plan(desired: PlatformObject | None, prior: ObjectState | None, reading: Live | Absent, **options: Any) -> Decision:
    return default_decision(asking(desired, prior, reading, **options), steps=Steps())


def changed(**values: Any) -> dict[str, Any]:
    return {**VALUES, **values}


@pytest.mark.parametrize(
    ("asked", "action", "reason", "calls"),
    [
        pytest.param(asking(wanted(), None, Absent()), Action.CREATE, ActionReason.NOT_IN_STATE, 1, id="new"),
        pytest.param(
            asking(wanted(), record(), Absent()), Action.CREATE, ActionReason.GONE, 1, id="deleted by somebody else"
        ),
        pytest.param(asking(wanted(), record(), live()), Action.NO_OP, ActionReason.UNCHANGED, 0, id="unchanged"),
        pytest.param(
            asking(wanted(changed(size=2)), record(), live()),
            Action.UPDATE,
            ActionReason.ATTRIBUTE_CHANGED,
            1,
            id="changed",
        ),
        pytest.param(
            asking(wanted(), record(), live(changed(size=2))),
            Action.UPDATE,
            ActionReason.DRIFTED,
            1,
            id="changed by somebody else",
        ),
        pytest.param(
            asking(wanted(changed(image="y")), record(), live()),
            Action.ROLL,
            ActionReason.ATTRIBUTE_CHANGED,
            1,
            id="rolls",
        ),
        pytest.param(
            asking(wanted(changed(zone="y")), record(), live()),
            Action.REPLACE,
            ActionReason.CANNOT_UPDATE,
            1,
            id="replaces",
        ),
        pytest.param(
            asking(wanted(changed(policy=1)), record(), live()),
            Action.UPDATE,
            ActionReason.ATTRIBUTE_CHANGED,
            0,
            id="kept for later",
        ),
        pytest.param(
            asking(wanted(), record(), live(), replace=True),
            Action.REPLACE,
            ActionReason.REQUESTED,
            1,
            id="replacing was requested",
        ),
        pytest.param(
            asking(wanted(), record(health=Health.TAINTED), live()),
            Action.REPLACE,
            ActionReason.TAINTED,
            1,
            id="half made",
        ),
        pytest.param(
            asking(wanted(), record(health=Health.UNREADY), live()),
            Action.NO_OP,
            ActionReason.UNREADY,
            0,
            id="not seen ready",
        ),
        pytest.param(asking(wanted(lookup=True), None, live()), Action.READ, ActionReason.LOOKED_UP, 0, id="looked up"),
        pytest.param(
            asking(None, record(), live()), Action.DELETE, ActionReason.NOT_IN_STACK, 1, id="no longer declared"
        ),
        pytest.param(
            asking(None, record(), Absent()), Action.FORGET, ActionReason.GONE, 0, id="no longer declared and gone"
        ),
        pytest.param(asking(None, record(retain=True), live()), Action.FORGET, ActionReason.RETAINED, 0, id="retained"),
        pytest.param(
            asking(None, record(), Absent(), deposed_id="0"), Action.DELETE, ActionReason.DEPOSED, 1, id="left over"
        ),
        pytest.param(
            asking(wanted(), None, live(found_by_name=True)),
            Action.IMPORT,
            ActionReason.FOUND_BY_NAME,
            0,
            id="found by name",
        ),
        pytest.param(
            asking(wanted(changed(size=2)), None, live()),
            Action.IMPORT,
            ActionReason.FOUND_BY_NAME,
            1,
            id="found by name and different",
        ),
        pytest.param(
            asking(wanted(changed(zone="y")), None, live()),
            Action.IMPORT,
            ActionReason.FOUND_BY_NAME,
            0,
            id="found by name and not to be changed",
        ),
        pytest.param(
            asking(wanted(), record(id="old"), live()),
            Action.IMPORT,
            ActionReason.FOUND_BY_NAME,
            0,
            id="another object has the name now",
        ),
        pytest.param(
            asking(wanted(), None, live(owned=True)), Action.IMPORT, ActionReason.NOT_IN_STATE, 0, id="provably ours"
        ),
        pytest.param(
            asking(wanted(changed(image="y")), None, live(owned=True)),
            Action.ROLL,
            ActionReason.NOT_IN_STATE,
            1,
            id="provably ours and different",
        ),
        pytest.param(
            asking(wanted(changed(size=Ref(Address("x.y"), "id"))), record(), live()),
            Action.UPDATE,
            ActionReason.DEPENDENCY_CHANGED,
            1,
            id="what it refers to is not known yet",
        ),
        pytest.param(
            asking(wanted(virtual=True), None, Absent()),
            Action.CREATE,
            ActionReason.NOT_IN_STATE,
            0,
            id="virtual and new",
        ),
        pytest.param(
            asking(wanted(changed(zone="y"), virtual=True), record(virtual=True), Absent()),
            Action.UPDATE,
            ActionReason.ATTRIBUTE_CHANGED,
            0,
            id="virtual and changed",
        ),
    ],
)
def test_the_action_follows_from_what_is_wanted_recorded_and_live(
    asked: PlanRequest, action: Action, reason: ActionReason, calls: int
) -> None:
    change = default_decision(asked, steps=Steps())
    assert (change.action, change.reason, len(change.steps)) == (action, reason, calls)


def test_a_wait_that_was_cut_short_goes_on() -> None:
    change = plan(wanted(lifecycle=Lifecycle(timeouts={"update": 5})), record(health=Health.UNREADY), live())
    assert (change.goal, change.steps, change.is_empty) == (Goal(timeout=5), (), False)
    assert plan(wanted(), record(), live()).is_empty


def test_an_unready_object_that_was_recorded_without_values_is_recorded_and_awaited() -> None:
    change = plan(wanted(), replace(record(health=Health.UNREADY), values={}), live())
    assert (change.action, label_of(change), change.steps, change.goal) == (Action.UPDATE, "recorded only", (), Goal())
    assert {item.effect for item in change.attributes} == {Effect.STORED}


def test_what_somebody_else_changed_as_wanted_is_recorded_without_a_call() -> None:
    change = plan(wanted(changed(size=2)), record(), live(changed(size=2)))
    assert (change.action, label_of(change), change.steps) == (Action.UPDATE, "recorded only", ())
    assert [(item.path, item.recorded, item.live) for item in change.drift] == [(("size",), 1, 2)]


@pytest.mark.parametrize(
    ("options", "order", "blast_radius"),
    [
        ({}, ReplaceOrder.CREATE_THEN_DELETE, BlastRadius.DOWNTIME),
        ({"name_is_unique": True}, ReplaceOrder.DELETE_THEN_CREATE, BlastRadius.DOWNTIME),
        (
            {"lifecycle": Lifecycle(replace_order=ReplaceOrder.DELETE_THEN_CREATE)},
            ReplaceOrder.DELETE_THEN_CREATE,
            BlastRadius.DOWNTIME,
        ),
        (
            {"name_is_unique": True, "lifecycle": Lifecycle(replace_order=ReplaceOrder.CREATE_THEN_DELETE)},
            ReplaceOrder.DELETE_THEN_CREATE,
            BlastRadius.DOWNTIME,
        ),
    ],
)
def test_unique_names_are_deleted_before_they_are_made(
    options: Any, order: ReplaceOrder, blast_radius: BlastRadius
) -> None:
    change = plan(wanted(changed(zone="y"), **options), record(), live())
    assert (change.replace_order, change.blast_radius) == (order, blast_radius)


@pytest.mark.parametrize("path", ["size", "size.deeper", "*"])
def test_a_path_of_replace_on_replaces_what_could_be_updated(path: str) -> None:
    change = plan(wanted(changed(size=2), lifecycle=Lifecycle(replace_on=(path,))), record(), live())
    assert (change.action, change.reason) == (Action.REPLACE, ActionReason.ATTRIBUTE_CHANGED)


def test_ignored_changes_are_neither_planned_nor_sent() -> None:
    change = plan(wanted(changed(size=5, image="y"), lifecycle=Lifecycle(ignore_changes=("size",))), record(), live())
    assert [item.path for item in change.attributes] == [("image",)]
    assert change.values == changed(image="y")


def test_what_is_ignored_and_recorded_otherwise_is_no_change() -> None:
    ignoring = Lifecycle(ignore_changes=("size",))
    change = plan(wanted(changed(size=5), lifecycle=ignoring), record(), live())
    assert (change.action, change.attributes, change.drift) == (Action.NO_OP, (), ())
    change = plan(wanted(changed(size=5, image="y"), lifecycle=ignoring), record(), live(changed(size=9)))
    assert change.drift == ()


def test_outputs_are_unknown_until_the_object_is_made() -> None:
    item = wanted(outputs=("id", "url"), known_outputs={"url": "u"})
    assert plan(item, None, Absent()).outputs == {"id": UNKNOWN, "url": "u"}
    assert plan(item, record(outputs={"old": 1}), live()).outputs == {"id": "1", "old": 1, "url": "u"}


def test_a_create_shows_one_difference_for_each_attribute_and_no_secret() -> None:
    change = plan(
        wanted({"size": {"a": {"b": 1}}, "token": Secret(lambda: "canary-text", describe="x"), "image": None}),
        None,
        Absent(),
    )
    assert [item.path for item in change.attributes] == [("size",), ("token",)]
    assert "canary" not in repr(change)


def test_an_import_that_cannot_be_changed_records_what_is_live() -> None:
    change = plan(wanted(changed(zone="y")), None, live(changed(other=1)))
    assert (change.values, len(change.notes)) == (VALUES, 1)
    assert plan(wanted(changed(size=2)), None, live()).values == changed(size=2)


def test_the_steps_see_the_finished_change() -> None:
    steps = Steps()
    request = asking(wanted(changed(zone="y")), record(), live())
    change = default_decision(request, steps=steps, goal=lambda _: None)
    assert steps.asked == [replace(change, steps=())]


def test_planning_neither_a_declared_nor_a_recorded_object_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to plan"):
        plan(None, None, Absent())
