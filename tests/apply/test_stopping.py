"""Ctrl-C: once ends the run in order, twice at once."""

from __future__ import annotations

import os
import signal
import threading

import pytest
from apply.fakes import GOAL, Bench, address, create, problem

from wlinfra.apply.events import ApplyEvent, ApplyOptions, Progress, StepDone, Stopping, Succeeded
from wlinfra.clock import SystemClock
from wlinfra.errors import InterruptedRun
from wlinfra.provider.base import RefusedForNow, UnknownOutcome, WaitingStill
from wlinfra.state.model import Health

ONE = ApplyOptions(parallelism=1)


def test_no_new_step_starts_and_the_running_one_is_recorded() -> None:
    bench = Bench()
    bench.platform.during = lambda _: bench.stop.request()
    result = bench.apply(create("a"), create("b"), create("c", "a"), options=ONE)
    assert bench.platform.operations == ["create-a"]
    assert [change.name for change in result.done] == ["a"]
    assert [because for _, because in result.skipped] == ["the run was stopped"] * 2
    assert result.interrupted
    assert [event.running for event in bench.events if isinstance(event, Stopping)] == [1]
    assert bench.session.history[0].result == "interrupted"


def test_a_second_step_of_the_same_object_does_not_start() -> None:
    bench = Bench()
    steps = create("a").steps + create("again").steps
    bench.platform.during = lambda _: bench.stop.request()
    result = bench.apply(create("a", steps=steps))
    assert bench.platform.operations == ["create-a"]
    assert [(change.name, because) for change, because in result.skipped] == [
        ("a", "the run was stopped; it exists and is recorded, and the next run continues from there")
    ]
    assert bench.session.objects[address("a")].health is Health.UNREADY


def test_waits_end_at_once_and_can_be_resumed() -> None:
    bench = Bench()
    bench.platform.ready = lambda _: WaitingStill(reason="pulling")

    def stop_while_waiting(event: ApplyEvent) -> None:
        if isinstance(event, Progress):
            bench.stop.request()

    bench.on_event = stop_while_waiting
    result = bench.apply(create("a", goal=GOAL), create("b", "a"))
    assert {change.name: because for change, because in result.skipped} == {"b": "the run was stopped"}
    assert ([one.name for one in result.done], result.started, result.ok) == (["a"], result.done, False)
    assert [event.awaited for event in bench.events if isinstance(event, Succeeded)] == [False]
    found = bench.session.objects[address("a")]
    assert (found.id, found.health) == ("id-1", Health.UNREADY)
    assert bench.clock.time < 1001.0


def test_a_lost_answer_is_left_to_the_next_run() -> None:
    bench = Bench()
    bench.platform.replies["create-a"] = [UnknownOutcome(error=problem())]
    bench.platform.during = lambda _: bench.stop.request()
    result = bench.apply(create("a"))
    assert [because for _, because in result.skipped] == [
        "the answer to its last call was lost; the next run looks up what became of it"
    ]
    assert [intent.operation for intent in bench.session.intents.values()] == ["create-a"]


def test_a_back_off_ends_at_once() -> None:
    bench = Bench()
    bench.platform.replies["create-a"] = [RefusedForNow(error=problem(), after=500.0)]
    bench.platform.during = lambda _: bench.stop.request()
    bench.apply(create("a"))
    assert (len(bench.platform.calls), bench.clock.time) == (1, 1000.0)


def test_a_second_request_ends_the_run_although_a_call_is_under_way() -> None:
    bench = Bench()
    release = threading.Event()

    def during(_: object) -> None:
        bench.stop.request()
        bench.stop.request()
        release.wait(20)

    bench.platform.during = during
    with pytest.raises(InterruptedRun):
        bench.apply(create("a"))
    assert bench.stop.hard.is_set()
    assert [intent.operation for intent in bench.session.intents.values()] == ["create-a"]
    release.set()


def test_a_stop_before_the_start_calls_nothing() -> None:
    bench = Bench()
    bench.stop.request()
    result = bench.apply(create("a"))
    assert (bench.platform.calls, result.interrupted) == ([], True)


def test_a_listener_that_fails_stops_the_run_in_order() -> None:
    bench = Bench()

    def fail(event: ApplyEvent) -> None:
        if isinstance(event, StepDone):
            raise BrokenPipeError

    bench.on_event = fail
    with pytest.raises(BrokenPipeError):
        bench.apply(create("a"), create("b"), options=ONE)
    assert bench.session.intents == {}
    assert bench.session.objects[address("a")].id == "id-1"


def test_a_signal_wakes_a_run_that_waits_for_a_slow_call() -> None:
    bench = Bench(clock=SystemClock())
    started, release = threading.Event(), threading.Event()

    def during(_: object) -> None:
        started.set()
        release.wait(20)

    bench.platform.during = during
    bench.on_event = lambda event: release.set() if isinstance(event, Stopping) else None
    before = signal.signal(signal.SIGUSR1, lambda *_: bench.stop.request())

    def interrupt() -> None:
        started.wait(20)
        os.kill(os.getpid(), signal.SIGUSR1)

    threading.Thread(target=interrupt, daemon=True).start()
    try:
        result = bench.apply(create("a"), create("b", "a"))
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert ([change.name for change in result.done], result.interrupted) == (["a"], True)


def test_a_run_that_was_stopped_twice_stands_in_the_history() -> None:
    bench = Bench()
    release = threading.Event()

    def during(_: object) -> None:
        bench.stop.request()
        bench.stop.request()
        release.wait(20)

    bench.platform.during = during
    with pytest.raises(InterruptedRun):
        bench.apply(create("a"))
    release.set()
    assert [entry.result for entry in bench.session.history] == ["interrupted"]
