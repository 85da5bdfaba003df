"""Changes of the record alone, and what else an apply writes down."""

from __future__ import annotations

from dataclasses import replace

from apply.fakes import Bench, address, create, plan_of, record, unchanged, update

from wlinfra.changes.model import Action
from wlinfra.diff.model import AttributeChange
from wlinfra.plan.model import PlanOptions
from wlinfra.resources.lifecycle import Lifecycle
from wlinfra.state.model import Deposed, Health, SecretDigest
from wlinfra.values import Address, Ref, Secret, Template


def test_an_import_is_recorded_without_a_call() -> None:
    bench = Bench()
    assert bench.apply(update("a", action=Action.IMPORT, steps=())).ok
    found = bench.session.objects[address("a")]
    assert (found.id, found.created, found.values, bench.platform.calls) == ("live-a", False, {"size": 2}, [])


def test_an_import_with_steps_is_recorded_before_them() -> None:
    bench = Bench()
    seen = []
    bench.platform.during = lambda _: seen.append(bench.session.find(address("a")))
    bench.apply(update("a", action=Action.IMPORT))
    assert [item.created for item in seen if item is not None] == [False]
    assert bench.session.objects[address("a")].created is False


def test_a_forgotten_object_is_only_removed_from_the_state() -> None:
    bench = Bench.with_records(record("a"))
    assert bench.apply(unchanged("a", action=Action.FORGET)).ok
    assert (bench.session.objects, bench.platform.calls) == ({}, [])


def test_a_forgotten_deposed_object_leaves_its_successor() -> None:
    bench = Bench.with_records(record("a", deposed=(Deposed(id="old"),)))
    bench.apply(unchanged("a", action=Action.FORGET, deposed_id="old"))
    assert bench.session.objects[address("a")].deposed == ()


def test_a_virtual_object_lives_in_the_state_alone() -> None:
    bench = Bench()
    child = {"artifact": Ref(Address("thing.a"), "id")}
    virtual = create("a", steps=(), virtual=True, outputs={"id": "sha-1"})
    assert bench.apply(virtual, create("b", "a", values=child)).ok
    assert (bench.session.objects[address("a")].id, bench.session.objects[address("a")].virtual) == ("sha-1", True)
    assert bench.session.objects[address("b")].values == {"artifact": "sha-1"}


def test_unchanged_objects_are_neither_written_nor_counted() -> None:
    bench = Bench.with_records(record("a"), record("b"))
    result = bench.apply(unchanged("a"), unchanged("b", "a"), create("c", "b"))
    assert [change.name for change in result.done] == ["c"]
    assert {entry[1] for entry in bench.session.log if entry[0] != "call"} == {"thing.c"}


def test_values_that_moved_to_what_is_wanted_are_recorded() -> None:
    bench = Bench.with_records(record("a"))
    drift = (AttributeChange(path=("size",), recorded=1, live=5),)
    bench.apply(unchanged("a", values={"size": 5}, drift=drift))
    assert bench.session.objects[address("a")].values == {"size": 5}


def test_lifecycle_and_dependencies_are_recorded() -> None:
    bench = Bench.with_records(record("a"), record("b"))
    bench.apply(unchanged("b"), update("a", "b", steps=(), lifecycle=Lifecycle(protect=True, retain=True)))
    found = bench.session.objects[address("a")]
    assert (found.protect, found.retain, found.depends_on) == (True, True, (address("b"),))


def test_moved_objects_get_their_new_address_first() -> None:
    bench = Bench.with_records(record("old"), record("user", "old"))
    plan = plan_of(unchanged("new", id="live-old"), unchanged("user", "new"), moved={address("new"): address("old")})
    assert bench.apply_plan(plan).ok
    assert set(bench.session.objects) == {address("new"), address("user")}
    assert bench.session.objects[address("user")].depends_on == (address("new"),)


def test_outputs_are_resolved_at_the_end_and_sensitive_ones_kept_as_digests() -> None:
    bench = Bench()
    values = {"id": Ref(address("a"), "id"), "url": Template(("https://", Ref(address("a"), "id"))), "key": "canary"}
    result = bench.apply(create("a"), output_values=values, sensitive_outputs=frozenset({"key"}))
    assert (result.outputs["id"], result.outputs["url"]) == ("id-1", "https://id-1")
    assert isinstance(result.outputs["key"], Secret)
    assert isinstance(bench.session.outputs["key"], SecretDigest)
    assert bench.session.outputs["url"] == "https://id-1"


def test_outputs_not_known_after_a_failure_stay_as_they_were() -> None:
    bench = Bench()
    bench.session.outputs = {"id": "before"}
    bench.platform.replies["create-a"] = [ValueError()]
    bench.apply(create("a"), output_values={"id": Ref(address("a"), "id")})
    assert bench.session.outputs == {"id": "before"}


def test_destroying_clears_the_outputs() -> None:
    bench = Bench()
    bench.session.outputs = {"id": "before"}
    bench.apply_plan(replace(plan_of(output_values={"id": "x"}), options=PlanOptions(destroy=True)))
    assert bench.session.outputs == {}


def test_recording_alone_does_not_call_an_object_ready() -> None:
    bench = Bench.with_records(record("a", health=Health.UNREADY))
    bench.apply(update("a", steps=()))
    assert bench.session.objects[address("a")].health is Health.UNREADY
