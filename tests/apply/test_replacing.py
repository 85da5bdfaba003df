"""A replacement loses nothing: old ids stay recorded until they are gone, and no new one is deleted."""

from __future__ import annotations

from dataclasses import replace

from apply.fakes import Bench, address, create, delete, problem, record, removal, replacement, update
from support.changes import altered

from wlinfra.changes.model import Action
from wlinfra.errors import ConfigurationError
from wlinfra.provider.base import Done, Refused
from wlinfra.resources.lifecycle import ReplaceOrder
from wlinfra.state.model import Deposed
from wlinfra.values import Secret

CREATE_FIRST, DELETE_FIRST = ReplaceOrder.CREATE_THEN_DELETE, ReplaceOrder.DELETE_THEN_CREATE


def test_the_old_id_is_recorded_as_deposed_until_it_is_deleted() -> None:
    bench = Bench.with_records(record("a", "b"), record("b"))
    bench.platform.replies["delete-a"] = [Refused(error=problem())]
    bench.apply(replacement("a", CREATE_FIRST))
    after = bench.session.objects[address("a")]
    assert (after.id, after.deposed) == ("id-1", (Deposed(id="live-a", depends_on=(address("b"),)),))


def test_a_deposed_object_is_deleted_and_the_object_stays() -> None:
    bench = Bench.with_records(record("a", deposed=(Deposed(id="old"), Deposed(id="older"))))
    change = delete("a", id="old", deposed_id="old", steps=(removal("a"),))
    assert bench.apply(change).ok
    after = bench.session.objects[address("a")]
    assert (after.id, after.deposed) == ("live-a", (Deposed(id="older"),))


def test_a_deposed_object_and_its_successor_may_change_at_once() -> None:
    bench = Bench.with_records(record("a", deposed=(Deposed(id="old"),)))
    assert bench.apply(delete("a", id="old", deposed_id="old"), update("a")).ok
    after = bench.session.objects[address("a")]
    assert (after.id, after.deposed, after.values) == ("live-a", (), {"size": 2})


def test_the_new_object_is_never_deleted_as_the_old_one() -> None:
    bench = Bench.with_records(record("a"))
    bench.platform.replies["create-a"] = [Done(id="live-a")]
    ((_, error),) = bench.apply(replacement("a", CREATE_FIRST)).failed
    assert error.summary == "Replacement is the same object"
    assert bench.platform.operations == ["create-a"]
    assert (bench.session.objects[address("a")].id, bench.session.objects[address("a")].deposed) == ("live-a", ())


def test_a_failed_create_keeps_the_old_object() -> None:
    bench = Bench.with_records(record("a"))
    bench.platform.replies["create-a"] = [Refused(error=problem())]
    bench.apply(replacement("a", CREATE_FIRST))
    assert bench.platform.operations == ["create-a"]
    assert bench.session.objects[address("a")].id == "live-a"


def test_delete_first_and_a_failed_create_leave_nothing_recorded() -> None:
    bench = Bench.with_records(record("a"))
    bench.platform.replies["create-a"] = [Refused(error=problem())]
    result = bench.apply(replacement("a", DELETE_FIRST))
    assert bench.session.objects == {}
    assert [change.action for change, _ in result.failed] == [Action.REPLACE]
    assert result.skipped == ()


def test_delete_first_deletes_nothing_when_a_secret_of_the_new_object_is_missing() -> None:
    def fetch() -> str:
        raise ConfigurationError.of("Secret has no value", "TOKEN is not set.")

    bench = Bench.with_records(record("a"))
    plain = replacement("a", DELETE_FIRST)
    secret = {"token": Secret(fetch, describe="TOKEN")}
    steps = tuple(replace(step, payload=secret) if step.makes else step for step in plain.steps)
    ((_, error),) = bench.apply(altered(plain, steps=steps)).failed
    assert error.summary == "Secret has no value"
    assert bench.platform.operations == []
    assert bench.session.objects[address("a")].id == "live-a"


def test_a_failed_delete_keeps_the_create_from_running_and_is_counted_once() -> None:
    bench = Bench.with_records(record("a"))
    bench.platform.replies["delete-a"] = [Refused(error=problem())]
    result = bench.apply(replacement("a", DELETE_FIRST), create("b", "a"))
    assert bench.platform.operations == ["delete-a"]
    assert ([change.name for change, _ in result.failed], [change.name for change, _ in result.skipped]) == (
        ["a"],
        ["b"],
    )


def test_nothing_of_the_old_identity_is_recorded_for_the_new_one() -> None:
    bench = Bench.with_records(record("a", memory={"proton": 1}, outputs={"id": "live-a", "url": "old"}))
    bench.apply(replacement("a", CREATE_FIRST))
    after = bench.session.objects[address("a")]
    assert (after.memory, after.outputs) == ({}, {"id": "id-1"})


def test_an_object_deleted_by_somebody_else_is_made_anew_without_a_deposed_object() -> None:
    bench = Bench.with_records(record("a", memory={"proton": 1}))
    assert bench.apply(create("a")).ok
    after = bench.session.objects[address("a")]
    assert (after.id, after.deposed, after.memory) == ("id-1", (), {})


def test_an_old_object_that_was_deleted_for_a_new_one_that_is_left_is_told() -> None:
    bench = Bench.with_records(record("a"), record("b", "a"))
    bench.platform.replies["delete-a"] = [Refused(error=problem())]
    result = bench.apply(replacement("a", DELETE_FIRST), replacement("b", DELETE_FIRST, "a"))
    assert bench.platform.operations == ["delete-b", "delete-a"]
    ((left, because),) = result.skipped
    assert (left.name, [change.name for change in result.removed]) == ("b", ["b"])
    assert because == "thing.a failed; its old object is deleted, the new one not created yet"


def test_a_new_object_that_cannot_be_made_is_told_as_deleted() -> None:
    bench = Bench.with_records(record("a"))
    bench.platform.replies["create-a"] = [Refused(error=problem())]
    assert [change.name for change in bench.apply(replacement("a", DELETE_FIRST)).removed] == ["a"]
