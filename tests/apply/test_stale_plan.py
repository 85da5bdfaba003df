"""What is done is what was approved: an object that moved is planned again, and refused before any call."""

from __future__ import annotations

from dataclasses import replace

import pytest
from apply.fakes import (
    DIGEST,
    Bench,
    FakePlatform,
    address,
    create,
    delete,
    object_of,
    problem,
    record,
    replacement,
    unchanged,
    update,
)

from wlinfra.apply import troubles
from wlinfra.apply.recheck import Replan
from wlinfra.changes.change import Change
from wlinfra.changes.model import ActionReason, BlastRadius, Decision, Step
from wlinfra.diff.model import AttributeChange
from wlinfra.errors import ProviderError
from wlinfra.plan.revision import revision_of
from wlinfra.provider.base import Absent, Live, PlanRequest, Unreadable
from wlinfra.resources.lifecycle import ReplaceOrder
from wlinfra.state.model import ObjectState
from wlinfra.values import UNKNOWN, Address, Ref

LIVE = Live(id="live-a", values={"size": 1})
GROWN = Live(id="live-a", values={"size": 9})
SIZE = AttributeChange(path=("size",), live=1, planned=2)


def planned(**more: object) -> tuple[Bench, Change]:
    bench = Bench.with_records(record("a"))
    item = object_of("a", size=2)
    revision = revision_of(LIVE, item, bench.session.find(address("a")), DIGEST)
    return bench, update("a", revision=revision, attributes=(SIZE,), **more)


def answering(now: Change) -> Replan:
    return lambda _change, _prior, _known: now


def test_an_object_that_did_not_move_is_read_once_and_changed() -> None:
    bench, change = planned()
    bench.platform.readings = {address("a"): LIVE}
    assert bench.apply(change, objects={address("a"): object_of("a", size=2)}).ok
    assert bench.platform.read_objects == [address("a")]
    assert bench.platform.operations == ["update-a"]


def test_what_goes_beyond_the_approval_is_refused_before_any_call() -> None:
    bench, change = planned()
    bench.platform.readings = {address("a"): GROWN}
    now = update("a", blast_radius=BlastRadius.ROLLING, attributes=(SIZE,))
    result = bench.apply(change, create("b"), replan=answering(now), objects={address("a"): object_of("a", size=2)})
    ((_, error),) = result.failed
    assert error.summary == "Plan is stale"
    assert "the blast radius grows from none to rolling restart" in error.detail
    assert bench.platform.operations == ["create-b"]


def test_a_moved_object_whose_change_is_covered_is_changed_as_planned_now() -> None:
    bench, change = planned()
    bench.platform.readings = {address("a"): GROWN}
    step = Step(operation="other", verb="PATCH", path="/", summary="", target="live-a")
    now = update("a", steps=(step,), attributes=(SIZE,))
    assert bench.apply(change, replan=answering(now), objects={address("a"): object_of("a", size=2)}).ok
    assert bench.platform.operations == ["other"]


def test_an_object_that_cannot_be_read_is_not_touched() -> None:
    bench, change = planned()
    bench.platform.readings = {address("a"): Unreadable(error=problem("Platform not reachable"))}
    ((_, error),) = bench.apply(change).failed
    assert (error.summary, bench.platform.calls) == ("Platform not reachable", [])


def test_an_object_somebody_else_deleted_is_only_forgotten() -> None:
    bench = Bench.with_records(record("a"))
    revision = revision_of(LIVE, None, bench.session.find(address("a")), DIGEST)
    bench.platform.readings = {address("a"): Absent()}
    assert bench.apply(delete("a", revision=revision)).ok
    assert (bench.platform.calls, bench.session.objects) == ([], {})


def test_what_follows_from_an_output_is_planned_again_with_its_value() -> None:
    bench = Bench()
    endpoint = Ref(Address("thing.a"), "endpoint")
    seen: list[object] = []

    def replan(change: Change, _prior: ObjectState | None, known: object) -> Change:
        seen.append(known[endpoint.key])  # type: ignore[index]  # a mapping; its type is the applier's
        return create("b", values={"url": "https://a"})

    maker = create("a", outputs={"endpoint": "https://a"})
    result = bench.apply(maker, create("b", "a", values={"url": endpoint}), replan=replan)
    assert (result.ok, seen) == (True, ["https://a"])


def test_an_id_is_filled_in_without_planning_again() -> None:
    bench = Bench()
    asked: list[Change] = []

    def replan(change: Change, _prior: ObjectState | None, _known: object) -> Change:
        asked.append(change)
        return change

    values = {"artifactId": Ref(Address("thing.a"), "id")}
    assert bench.apply(create("a", outputs={"id": UNKNOWN}), create("b", "a", values=values), replan=replan).ok
    assert asked == []


def test_a_replacement_that_is_not_needed_any_more_deletes_nothing() -> None:
    bench, _ = planned()
    bench.platform.readings = {address("a"): GROWN}
    approved = replacement("a", ReplaceOrder.DELETE_THEN_CREATE, revision="moved", attributes=(SIZE,))
    assert bench.apply(approved, replan=answering(unchanged("a", values={"size": 9}))).ok
    assert bench.platform.calls == []
    found = bench.session.objects[address("a")]
    assert (found.id, found.values) == ("live-a", {"size": 9})


def test_a_replacement_planned_again_keeps_its_order() -> None:
    bench, _ = planned()
    bench.platform.readings = {address("a"): GROWN}
    first, last = ReplaceOrder.CREATE_THEN_DELETE, ReplaceOrder.DELETE_THEN_CREATE
    # What moved is beside what the plan relies on, so that planning again finds nothing edited.
    result = bench.apply(replacement("a", first, revision="moved"), replan=answering(replacement("a", last)))
    assert (result.ok, bench.platform.operations) == (True, ["create-a", "delete-a"])


def test_what_planning_again_refuses_is_told() -> None:
    def refuse(_change: Change, _prior: object, _known: object) -> Change:
        raise ProviderError(problem("Rule broken"), problem("Another rule", "Also this."))

    bench, change = planned()
    bench.platform.readings = {address("a"): GROWN}
    ((_, error),) = bench.apply(change, replan=refuse).failed
    assert (error.summary, "Also this." in error.detail, bench.platform.calls) == ("Rule broken", True, [])


def test_the_plans_own_planning_is_used_by_default() -> None:
    class Planning(FakePlatform):
        def plan(self, request: PlanRequest) -> Decision:
            return update("a", values={"size": 2}, attributes=(SIZE,)).decision

    bench, change = planned()
    bench.platform = Planning(bench.session, readings={address("a"): GROWN})
    assert bench.apply(change, objects={address("a"): object_of("a", size=2)}).ok
    assert bench.platform.operations == ["update-a"]


def test_an_edit_on_a_path_of_the_plan_is_named_and_not_overwritten() -> None:
    bench, change = planned()
    bench.platform.readings = {address("a"): GROWN}
    now = update("a", attributes=(replace(SIZE, live=9),))
    ((_, error),) = bench.apply(change, replan=answering(now)).failed
    assert "size was changed since it was shown, from 1 to 9" in error.detail
    assert bench.platform.calls == []


def test_what_this_stack_runs_may_move_a_path() -> None:
    bench, change = planned(moving=(("size",),))
    bench.platform.readings = {address("a"): GROWN}
    now = update("a", attributes=(replace(SIZE, live=9),))
    assert bench.apply(change, replan=answering(now)).ok
    assert bench.platform.operations == ["update-a"]


@pytest.mark.parametrize(("reason", "command"), [(ActionReason.DESTROYING, "destroy"), (None, "plan")])
def test_a_stale_object_is_planned_again_by_the_command_that_did_it(reason: ActionReason | None, command: str) -> None:
    assert troubles.stale(delete("a", reason=reason), []).fix.endswith(f"\n    workspace.{command}()")
