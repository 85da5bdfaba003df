"""How long a call may still take effect is never read off the wall clock of another machine."""

from __future__ import annotations

from dataclasses import replace

import pytest
from apply.fakes import Bench, FakeSession, address, create, plan_of, problem

from wlinfra.apply.intents import draft_intent, seconds_left
from wlinfra.apply.recovery import resolve
from wlinfra.provider.base import DidNotHappen, Happened, Recovery, UnclearOutcome
from wlinfra.state.key import Digest
from wlinfra.state.model import Intent

HERE, ELSEWHERE = "this start of this machine", "another machine"
BEHIND, AHEAD = -600.0, 86400.0


class Clock:
    """A wall clock that may be wrong, and one that counts from the machine's start."""

    def __init__(self, *, wall: float = 0.0) -> None:
        self.wall = wall
        self.time = 1000.0

    def now(self) -> float:
        return 1e9 + self.time + self.wall

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


def intent_of(clock: Clock, boot: str) -> Intent:
    change = create("a")
    return replace(draft_intent(change, change.steps[0], digest=Digest(), clock=clock, boot=boot), sequence=1)


def bench_with(intent: Intent, *found: Recovery) -> Bench:
    bench = Bench(session=FakeSession(intents=(intent,)))
    bench.platform.recoveries = list(found)
    return bench


@pytest.mark.parametrize("wall", [BEHIND, 0.0, AHEAD])
def test_the_same_machine_knows_the_age_whatever_its_wall_clock_says(wall: float) -> None:
    intent = intent_of(Clock(wall=wall), HERE)
    now = Clock()
    now.time = 1030.0
    assert seconds_left(intent, now, HERE) == 45.0
    now.time = 2000.0
    assert seconds_left(intent, now, HERE) == 0.0


@pytest.mark.parametrize("wall", [BEHIND, 0.0, AHEAD])
@pytest.mark.parametrize("boot", [ELSEWHERE, ""])
def test_without_proof_of_its_age_the_whole_timeout_is_waited_and_no_more(wall: float, boot: str) -> None:
    intent = intent_of(Clock(wall=wall), boot)
    bench, clock = bench_with(intent, DidNotHappen()), Clock()
    clock.time = 5000.0
    (item,) = resolve(bench.inputs, (intent,), clock, boot=HERE)
    assert (item.outcome, clock.time) == ("did-not-happen", 5075.0)


def test_a_machine_that_counts_from_a_later_start_proves_nothing() -> None:
    intent = intent_of(Clock(), HERE)
    earlier = Clock()
    earlier.time = 3.0
    assert seconds_left(intent, earlier, HERE) == 75.0


def test_the_wait_ends_when_the_object_shows() -> None:
    intent = intent_of(Clock(), ELSEWHERE)
    bench, clock = bench_with(intent, *[DidNotHappen()] * 4, Happened(id="late")), Clock()
    (item,) = resolve(bench.inputs, (intent,), clock, boot=HERE)
    assert (item.outcome, item.id) == ("happened", "late")
    assert clock.time < 1020.0


def test_a_platform_that_answers_again_during_the_wait_is_believed() -> None:
    intent = intent_of(Clock(), ELSEWHERE)
    silent = UnclearOutcome(error=problem("No answer"))
    bench, clock = bench_with(intent, DidNotHappen(), silent, silent, Happened(id="late")), Clock()
    (item,) = resolve(bench.inputs, (intent,), clock, boot=HERE)
    assert (item.outcome, item.id) == ("happened", "late")


def test_candidates_are_not_waited_for() -> None:
    intent = intent_of(Clock(), ELSEWHERE)
    doubt = UnclearOutcome(error=problem(), candidates=("x", "y"))
    bench, clock = bench_with(intent, DidNotHappen(), doubt), Clock()
    (item,) = resolve(bench.inputs, (intent,), clock, boot=HERE)
    assert (item.outcome, clock.time) == ("unclear", 1001.0)


@pytest.mark.parametrize(
    ("deadline", "waits"), [(50.0, 50.0), (-600.0, 75.0), (86400.0, 75.0)], ids=["young", "clock behind", "clock ahead"]
)
def test_an_intent_of_an_earlier_version_is_waited_for_as_long_as_any_call_takes(deadline: float, waits: float) -> None:
    clock = Clock()
    intent = replace(intent_of(clock, ""), timeout=0.0, begun=0.0, deadline=clock.now() + deadline)
    bench = bench_with(intent, DidNotHappen())
    resolve(bench.inputs, (intent,), clock, boot=HERE)
    assert clock.time == 1000.0 + waits


@pytest.mark.parametrize(
    ("wall", "later", "outcome"),
    [
        (0.0, 10.0, "unclear"),
        (BEHIND + 100, 10.0, "unclear"),
        (0.0, 3600.0, "did-not-happen"),
        (AHEAD, 10.0, "did-not-happen"),
    ],
)
def test_a_plan_waits_for_nothing_and_blocks_nobody_for_long(wall: float, later: float, outcome: str) -> None:
    intent = intent_of(Clock(wall=wall), ELSEWHERE)
    bench, clock = bench_with(intent, DidNotHappen()), Clock()
    clock.time += later
    (item,) = resolve(bench.inputs, (intent,), clock, wait=False, boot=HERE)
    assert (item.outcome, clock.time) == (outcome, 1000.0 + later)


def test_what_the_wait_found_is_recorded_with_the_intents_record() -> None:
    bench = Bench()
    bench.platform.during = lambda _: bench.session.log.append(("seen", *map(str, bench.session.intents)))
    bench.apply(create("a"))
    (begun,) = [entry for entry in bench.session.log if entry[0] == "seen"]
    assert begun == ("seen", "1")
    again = Bench(session=FakeSession(intents=(intent_of(Clock(), ELSEWHERE),)))
    again.platform.recoveries = [Happened(id="n")]
    recovered = resolve(again.inputs, again.inputs.state.intents, Clock(), boot=HERE)
    again.apply_plan(plan_of(recovered=recovered))
    assert again.session.objects[address("a")].id == "n"
