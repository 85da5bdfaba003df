"""One failed object stops its dependents only."""

from __future__ import annotations

from apply.fakes import Bench, address, create, delete, problem, record

from wlinfra.apply.events import ChangeFailed, Skipped
from wlinfra.provider.base import Refused


def test_a_refusal_stops_its_branch_and_no_other() -> None:
    bench = Bench()
    bench.platform.replies["create-b"] = [Refused(error=problem())]
    result = bench.apply(create("a"), create("b", "a"), create("c", "b"), create("d", "c"), create("e", "a"))
    assert [change.name for change in result.done] == ["a", "e"]
    assert [(change.name, error.address) for change, error in result.failed] == [("b", "thing.b")]
    assert {(change.name, because) for change, because in result.skipped} == {
        ("c", "thing.b failed"),
        ("d", "thing.b failed"),
    }
    assert not result.ok
    assert bench.session.history[0].result == "failed"


def test_a_refused_create_leaves_nothing_recorded_and_no_open_intent() -> None:
    bench = Bench()
    bench.platform.replies["create-a"] = [Refused(error=problem())]
    bench.apply(create("a"))
    assert (bench.session.objects, bench.session.intents) == ({}, {})
    assert [event.recorded for event in bench.events if isinstance(event, ChangeFailed)] == [False]


def test_a_failed_deletion_keeps_what_it_depends_on() -> None:
    bench = Bench.with_records(record("a"), record("b", "a"))
    bench.platform.replies["delete-b"] = [Refused(error=problem())]
    result = bench.apply(delete("a"), delete("b"))
    assert bench.platform.operations == ["delete-b"]
    assert set(bench.session.objects) == {address("a"), address("b")}
    assert [(change.name, because) for change, because in result.skipped] == [("a", "thing.b failed")]


def test_skipped_objects_are_told_once() -> None:
    bench = Bench()
    bench.platform.replies["create-a"] = [Refused(error=problem())]
    bench.platform.replies["create-b"] = [Refused(error=problem())]
    bench.apply(create("a"), create("b"), create("c", "a", "b"))
    assert len([event for event in bench.events if isinstance(event, Skipped)]) == 1
    assert bench.kinds("c") == ["Skipped"]
