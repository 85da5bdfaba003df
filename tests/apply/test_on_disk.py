"""With a real state on a real disk, what an apply did can be read back by the next run."""

from __future__ import annotations

from pathlib import Path

import pytest
from apply.fakes import GOAL, Bench, address, create, delete, plan_of, replacement, update

from wlinfra.apply.applier import apply_plan
from wlinfra.apply.events import ApplyOptions, ApplyResult
from wlinfra.changes.change import Change
from wlinfra.clock import SystemClock
from wlinfra.resources.lifecycle import ReplaceOrder
from wlinfra.state.lease import LockRequest
from wlinfra.state.store import LocalStateStore
from wlinfra.values import Secret


@pytest.fixture
def store(tmp_path: Path) -> LocalStateStore:
    return LocalStateStore(tmp_path, "s", "e")


def apply(store: LocalStateStore, bench: Bench, *changes: Change) -> ApplyResult:
    with store.acquire(LockRequest(owner="test")) as lease, store.open(lease) as session:
        plan = plan_of(*changes, state=session.state, output_values={"n": 1})
        return apply_plan(
            plan,
            bench.inputs,
            session,
            options=ApplyOptions(poll_interval=0.2, who="someone"),
            listener=bench.events.append,
            stop=bench.stop,
            clock=SystemClock(),
        )


def test_what_was_made_is_recorded_durably(store: LocalStateStore) -> None:
    bench = Bench()
    token = Secret(lambda: "canary", describe="TOKEN")
    assert apply(store, bench, create("a", values={"token": token}), create("b", "a", goal=GOAL)).ok
    state = store.load()
    assert {item.address: item.id for item in state.objects.values()} == {address("a"): "id-1", address("b"): "id-2"}
    assert (state.intents, dict(state.outputs)) == ((), {"n": 1})
    assert [entry.who for entry in store.history()] == ["someone"]
    assert all(b"canary" not in file.read_bytes() for file in store.paths.directory.iterdir() if file.is_file())


def test_a_second_apply_goes_on_from_the_first(store: LocalStateStore) -> None:
    bench = Bench()
    apply(store, bench, create("a"), create("b", "a"))
    change = replacement("a", ReplaceOrder.CREATE_THEN_DELETE, id="id-1")
    assert apply(store, bench, change, update("b", "a", id="id-2")).ok
    assert store.load().objects[address("a")].deposed == ()
    assert apply(store, bench, delete("a", id="id-3"), delete("b", id="id-2")).ok
    assert store.load().objects == {}


def test_a_crash_leaves_its_intent_for_the_next_run(store: LocalStateStore) -> None:
    bench = Bench()
    bench.platform.replies["create-a"] = [ZeroDivisionError()]
    apply(store, bench, create("a"))
    assert [(intent.operation, intent.makes) for intent in store.load().intents] == [("create-a", True)]
