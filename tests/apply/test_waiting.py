"""Waits are batched, bounded, told, and hold no thread."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from apply.fakes import GOAL, Bench, FakePlatform, address, create, delete, problem, record, unchanged, update

from wlinfra.apply.events import ApplyOptions, ChangeFailed, Progress
from wlinfra.apply.waiting import FIRST_POLL, Poll, Waits
from wlinfra.changes.model import Gate, Goal, Step
from wlinfra.provider.base import Failed, Ready, Status, Waiting, WaitingStill
from wlinfra.resources.lifecycle import Lifecycle
from wlinfra.state.model import Health


def ready_at(bench: Bench, time: float, reason: Callable[[], str] = lambda: "pulling") -> Callable[[Waiting], Status]:
    return lambda _: Ready() if bench.clock.time >= time else WaitingStill(reason=reason())


def test_all_that_wait_at_one_provider_share_each_question() -> None:
    bench = Bench()
    bench.platform.ready = ready_at(bench, 1010.0)
    names = [f"n{n}" for n in range(50)]
    assert bench.apply(*(create(name, goal=GOAL) for name in names), options=ApplyOptions(parallelism=2)).ok
    assert len(bench.platform.polls) < 20
    assert set(bench.platform.polls[-1]) == {address(name) for name in names}


def test_questions_become_rarer_up_to_the_poll_interval() -> None:
    bench = Bench()
    times: list[float] = []

    def ready(waiting: Waiting) -> Status:
        times.append(bench.clock.time)
        return ready_at(bench, 1030.0)(waiting)

    bench.platform.ready = ready
    bench.apply(create("a", goal=GOAL), options=ApplyOptions(poll_interval=5.0))
    pauses = [round(later - earlier, 6) for earlier, later in zip([1000.0, *times], times, strict=False)]
    assert pauses[0] == 0.2
    assert pauses == sorted(pauses)
    assert pauses[-1] == 5.0


class Telling(FakePlatform):
    """A platform that tells what changes."""

    tell: Callable[[], None]

    def on_change(self, notify: Callable[[], None]) -> None:
        self.tell = notify


def test_what_a_platform_tells_of_is_asked_about_soon() -> None:
    bench = Bench()
    bench.platform = platform = Telling(bench.session)
    times: list[float] = []

    def ready(waiting: Waiting) -> Status:
        times.append(bench.clock.time)
        if len(times) == 10:
            platform.tell()
        return Ready() if len(times) == 11 else WaitingStill(reason="pulling")

    platform.ready = ready
    assert bench.apply(create("a", goal=GOAL)).ok
    assert [round(times[9] - times[8], 6), round(times[10] - times[9], 6)] == [2.0, FIRST_POLL]


def test_a_platform_that_tells_much_is_not_asked_without_pause() -> None:
    waits: Waits[str] = Waits(2.0)
    waiting = Waiting(address=address("a"), kind="", id=None, goal="ready")
    waits.add("a", Poll(provider="p", waiting=waiting, describe="", timeout=60.0), 0.0)
    (batch,) = waits.batches(10.0)
    waits.answered(batch, [WaitingStill(reason="")], asked=10.0, now=11.0)
    waits.hurry("p", 11.5)
    assert waits.next_due() == 12.0  # no sooner than the question before took
    waits.hurry("p", 12.5)
    assert waits.next_due() == 12.0
    waits.hurry("unknown", 12.5)


def test_a_wait_ends_at_its_time_with_the_platforms_last_words() -> None:
    bench = Bench()
    bench.platform.ready = lambda _: WaitingStill(reason="no GPU is free")
    ((_, error),) = bench.apply(create("a", goal=Goal(timeout=60.0))).failed
    assert bench.clock.time == 1060.0
    assert 'reported last: "no GPU is free"' in error.detail
    assert bench.session.objects[address("a")].health is Health.UNREADY
    assert [event.recorded for event in bench.events if isinstance(event, ChangeFailed)] == [True]


def test_the_declared_timeout_wins_over_the_goals() -> None:
    bench = Bench()
    bench.platform.ready = lambda _: WaitingStill(reason="pulling")
    bench.apply(create("a", goal=GOAL, lifecycle=Lifecycle(timeouts={"create": 5.0, "update": 900.0})))
    assert bench.clock.time == 1005.0


def test_a_state_that_cannot_heal_ends_the_wait_at_once() -> None:
    bench = Bench()
    bench.platform.ready = lambda _: Failed(error=problem("Image not found"))
    result = bench.apply(create("a", goal=GOAL), create("b", "a"))
    assert [error.summary for _, error in result.failed] == ["Image not found"]
    assert [change.name for change, _ in result.skipped] == ["b"]
    assert len(bench.platform.polls) == 1
    assert bench.session.objects[address("a")].health is Health.UNREADY


def test_reasons_are_told_when_they_change_after_the_first_second_and_every_ten() -> None:
    bench = Bench()
    bench.platform.ready = ready_at(bench, 1025.0, lambda: "pulling" if bench.clock.time < 1014.0 else "starting")
    bench.apply(create("a", goal=GOAL))
    told = [(event.reason, int(event.elapsed)) for event in bench.events if isinstance(event, Progress)]
    assert [reason for reason, _ in told] == ["pulling", "pulling", "pulling", "starting", "starting"]
    assert [seconds for _, seconds in told[:2]] == [0, 1]
    assert told[2][1] >= 11


def test_waiting_holds_no_worker() -> None:
    bench = Bench()
    bench.platform.ready = lambda _: Ready() if len(bench.platform.calls) == 20 else WaitingStill(reason="pulling")
    changes = [create(f"n{n}", goal=GOAL) for n in range(20)]
    assert bench.apply(*changes, options=ApplyOptions(parallelism=1)).ok


def test_without_waiting_only_goals_that_others_need_are_awaited() -> None:
    bench = Bench()
    result = bench.apply(create("a", goal=GOAL), create("b", "a", goal=GOAL), options=ApplyOptions(wait=False))
    assert result.ok
    assert bench.platform.polls == [(address("a"),)]
    assert bench.session.objects[address("b")].health is Health.UNREADY


def test_without_waiting_a_goal_that_dependents_can_do_without_holds_nothing_up() -> None:
    bench = Bench()
    idle = Goal(timeout=60.0, holds_dependents=False)
    result = bench.apply(create("a", goal=idle), create("b", "a", goal=idle), options=ApplyOptions(wait=False))
    assert result.ok
    assert bench.platform.polls == []
    assert [item.health for item in bench.session.objects.values()] == [Health.UNREADY] * 2


def test_without_waiting_what_has_to_end_first_is_seen_gone() -> None:
    bench = Bench.with_records(record("scaler"), record("a"))
    scaler = delete("scaler", goal=Goal(goal="gone", holds_dependents=False))
    changed = update("a", goal=Goal(holds_dependents=False), ends_first=(address("scaler"),))
    assert bench.apply(scaler, changed, options=ApplyOptions(wait=False)).ok
    assert bench.platform.polls == [(address("scaler"),)]


def test_with_waiting_dependents_come_after_every_goal() -> None:
    bench = Bench()
    bench.platform.ready = lambda _: Failed(error=problem("Image not found"))
    result = bench.apply(create("a", goal=Goal(holds_dependents=False)), create("b", "a"))
    assert [change.name for change, _ in result.skipped] == ["b"]


def test_a_gate_is_asked_at_once_and_holds_the_call_back() -> None:
    bench = Bench.with_records(record("a"))
    bench.platform.ready = ready_at(bench, 1003.0)
    gate = Gate(goal="replacement-over", describe="free of another replacement", details={"of": "x"})
    step = Step(operation="swap", verb="POST", path="/", summary="", target="live-a", gate=gate)
    times: list[float] = []
    bench.platform.during = lambda _: times.append(bench.clock.time)
    assert bench.apply(update("a", steps=(step,))).ok
    assert times[0] >= 1003.0
    assert bench.platform.polls[0] == (address("a"),)


def test_an_unready_object_is_waited_for_again_without_a_call() -> None:
    bench = Bench.with_records(record("a", health=Health.UNREADY))
    assert bench.apply(unchanged("a", goal=GOAL)).ok
    assert (bench.platform.calls, bench.clock.time) == ([], 1000.0)
    assert bench.session.objects[address("a")].health is Health.READY
    assert bench.kinds("a") == ["Started", "Succeeded"]


def test_a_deleted_object_stays_recorded_until_it_is_gone() -> None:
    bench = Bench.with_records(record("a"))
    seen: list[Health] = []

    def ready(waiting: Waiting) -> Status:
        seen.append(bench.session.objects[waiting.address].health)
        return Ready()

    bench.platform.ready = ready
    assert bench.apply(delete("a", goal=Goal(goal="gone", describe="gone"))).ok
    assert seen == [Health.UNREADY]
    assert bench.session.objects == {}


@pytest.mark.parametrize(
    ("awaiting", "seconds"), [("create", 6.0), ("update", 9.0), ("delete", 100.0), ("", 9.0)], ids=str
)
def test_a_wait_taken_up_again_takes_the_time_of_the_operation_it_continues(awaiting: str, seconds: float) -> None:
    bench = Bench.with_records(record("a", health=Health.UNREADY, awaiting=awaiting))
    bench.platform.ready = lambda _: WaitingStill(reason="it is starting")
    lifecycle = Lifecycle(timeouts={"create": 6.0, "update": 9.0})
    ((_, error),) = bench.apply(unchanged("a", goal=GOAL, lifecycle=lifecycle)).failed
    assert error.summary == "Waiting took too long"
    assert seconds <= bench.clock.time - 1000.0 < seconds + 1


def test_what_a_create_waits_for_is_recorded_as_its_operation() -> None:
    bench = Bench()
    bench.platform.ready = lambda _: WaitingStill(reason="it is starting")
    bench.apply(create("a", goal=GOAL))
    assert bench.session.objects[address("a")].awaiting == "create"
    bench.platform.ready = lambda _: Ready()
    bench.apply(unchanged("a", goal=GOAL, id="id-1"))
    assert bench.session.objects[address("a")].awaiting == ""
