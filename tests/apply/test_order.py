"""A piece of work starts when all before it are done, and no sooner or later."""

from __future__ import annotations

import threading

import pytest
from apply.fakes import Bench, create, delete, record, removal, replacement

from wlinfra.apply.events import ApplyOptions
from wlinfra.changes.model import Step
from wlinfra.resources.lifecycle import ReplaceOrder
from wlinfra.values import Address, Ref


def test_dependents_run_after_what_they_depend_on() -> None:
    bench = Bench()
    result = bench.apply(create("c", "b"), create("b", "a"), create("a"))
    assert result.ok
    assert bench.platform.operations == ["create-a", "create-b", "create-c"]


def test_references_are_filled_in_with_what_earlier_steps_made() -> None:
    bench = Bench()
    payload = {"parent": Ref(Address("thing.a"), "id")}
    step = Step(operation="create-b", verb="POST", path="/things", summary="", payload=payload, makes=True)
    bench.apply(create("a"), create("b", "a", steps=(step,), values=payload))
    assert bench.platform.calls[1].payload == {"parent": "id-1"}
    assert bench.session.objects[Address("thing.b")].values == {"parent": "id-1"}


def test_old_objects_go_before_what_they_depended_on() -> None:
    bench = Bench.with_records(record("a"), record("b", "a"), record("c", "b"))
    bench.apply(delete("a"), delete("b"), delete("c"))
    assert bench.platform.operations == ["delete-c", "delete-b", "delete-a"]
    assert bench.session.objects == {}


def test_a_slow_object_holds_up_only_those_behind_it() -> None:
    bench = Bench()
    chain_done = threading.Event()

    def during(step: Step) -> None:
        if step.operation == "create-chain-9":
            chain_done.set()
        if step.operation == "create-slow":
            assert chain_done.wait(20), "the chain waits for an object it does not depend on"

    bench.platform.during = during
    chain = [create(f"chain-{n}", *([f"chain-{n - 1}"] if n else [])) for n in range(10)]
    assert bench.apply(create("slow"), *chain, options=ApplyOptions(parallelism=2)).ok


def test_the_longest_chain_goes_first_when_workers_are_few() -> None:
    bench = Bench()
    fan = [create(f"fan-{n}") for n in range(5)]
    chain = [create("chain-0"), create("chain-1", "chain-0"), create("chain-2", "chain-1")]
    bench.apply(*fan, *chain, options=ApplyOptions(parallelism=1))
    assert bench.platform.operations[:2] == ["create-chain-0", "create-chain-1"]


def test_as_many_calls_run_at_once_as_allowed() -> None:
    bench = Bench()
    together = threading.Barrier(4, timeout=20)

    def during(_: Step) -> None:
        together.wait()

    bench.platform.during = during
    assert bench.apply(*(create(f"n{n}") for n in range(8)), options=ApplyOptions(parallelism=4)).ok


@pytest.mark.parametrize(
    ("order", "operations"),
    [
        pytest.param(ReplaceOrder.DELETE_THEN_CREATE, ["delete-a", "create-a"], id="delete first"),
        pytest.param(ReplaceOrder.CREATE_THEN_DELETE, ["create-a", "delete-a"], id="create first"),
    ],
)
def test_a_replacement_follows_its_order(order: ReplaceOrder, operations: list[str]) -> None:
    bench = Bench.with_records(record("a"))
    assert bench.apply(replacement("a", order)).ok
    assert bench.platform.operations == operations
    after = bench.session.objects[Address("thing.a")]
    assert (after.id, after.deposed, after.values) == (f"id-{operations.index('create-a') + 1}", (), {"size": 3})
    assert bench.kinds("a") == ["Started", "StepDone", "StepDone", "Succeeded"]


def test_a_delete_may_take_several_steps() -> None:
    bench = Bench.with_records(record("a"))
    drain = Step(operation="drain-a", verb="POST", path="/things/{id}/drain", summary="", target="live-a")
    bench.apply(delete("a", steps=(drain, removal("a"))))
    assert bench.platform.operations == ["drain-a", "delete-a"]
    assert bench.session.objects == {}
