"""When results cannot be recorded any more, nothing new is called and the error surfaces."""

from __future__ import annotations

import pytest
from apply.fakes import GOAL, Bench, create

from wlinfra.apply.events import ApplyOptions
from wlinfra.errors import Diagnostic, LeaseLostError, StateError
from wlinfra.provider.base import WaitingStill

LOST = LeaseLostError(Diagnostic(summary="Lock was lost", detail="Somebody took it."))
FULL = StateError(Diagnostic(summary="No space for the state", detail="The disk is full."))
ONE = ApplyOptions(parallelism=1)


def failing(bench: Bench, method: str, error: Exception) -> None:
    def fail(name: str) -> None:
        if name == method:
            raise error

    bench.session.fail = fail


def test_a_lost_lock_before_a_call_prevents_it() -> None:
    bench = Bench()
    failing(bench, "begin", LOST)
    with pytest.raises(LeaseLostError):
        bench.apply(create("a"), create("b"))
    assert bench.platform.calls == []


def test_a_lost_lock_noticed_by_the_transport_ends_the_run() -> None:
    bench = Bench()
    bench.platform.replies["create-a"] = [LOST]
    with pytest.raises(LeaseLostError):
        bench.apply(create("a"), create("b"), create("c"), options=ONE)
    assert bench.platform.operations == ["create-a"]
    assert bench.session.history == []


def test_a_full_disk_after_a_call_stops_all_others() -> None:
    bench = Bench()
    failing(bench, "end", FULL)
    with pytest.raises(StateError, match="No space"):
        bench.apply(create("a"), create("b"), create("c"), options=ONE)
    assert bench.platform.operations == ["create-a"]
    assert [intent.operation for intent in bench.session.intents.values()] == ["create-a"]


def test_a_full_disk_is_noticed_before_the_first_call() -> None:
    bench = Bench()
    failing(bench, "reserve", FULL)
    with pytest.raises(StateError):
        bench.apply(create("a"))
    assert bench.platform.calls == []


def test_those_that_wait_are_left_when_the_state_breaks() -> None:
    bench = Bench()
    bench.platform.ready = lambda _: WaitingStill(reason="pulling")

    def fail(name: str) -> None:
        if name == "begin" and bench.session.objects:
            raise FULL

    bench.session.fail = fail
    with pytest.raises(StateError):
        bench.apply(create("a", goal=GOAL), create("b"), options=ONE)
    assert bench.clock.time < 1100.0
