"""A run dies with a request under way, which arrives later: whatever the clocks say, nothing is made twice.

The next run is on the same machine or on another one, whose wall clock differs from that of the first.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from apply.fakes import LeapingClock
from apply.test_crash_matrix import DEAD, Machine, after, before, settled

from wlinfra.apply.recovery import resolve
from wlinfra.changes.model import Step
from wlinfra.errors import StateError
from wlinfra.plan.inputs import Inputs
from wlinfra.plan.model import Recovered
from wlinfra.provider.base import StepResult

CALLS = 7
CLOCKS = {"right": 0.0, "10 minutes behind": -600.0, "1 day ahead": 86400.0}
ARRIVALS = {"at once": 0.0, "after 8 s": 8.0, "after 70 s": 70.0, "never": 1e9}
TIMEOUT = 75.0
"""Seconds in which the request of a step can take effect."""


class SkewedClock(LeapingClock):
    """A wall clock that is wrong by so much, and what arrives when a time comes."""

    def __init__(self, wall: float) -> None:
        super().__init__()
        self.wall = wall
        self.coming: list[tuple[float, Callable[[], Any]]] = []

    def now(self) -> float:
        return 1e9 + self.time + self.wall

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self.arrive()

    def arrive(self) -> None:
        due = [item for item in self.coming if item[0] <= self.time]
        self.coming = [item for item in self.coming if item[0] > self.time]
        for _, effect in due:
            effect()


class Cut(Machine):
    """Dies while its n-th call is under way; the call takes effect some time later."""

    def __init__(self, clock: SkewedClock) -> None:
        super().__init__()
        self.clock: SkewedClock = clock
        self.cut_at = -1
        self.arrives = 0.0
        self.boot: str | None = None
        self.waited: list[float] = []

    def run_step(self, step: Step, proceed: Callable[[], StepResult]) -> StepResult:
        self.cut_at -= 1
        if self.cut_at != -1:
            return super().run_step(step, proceed)
        self.dies_at = self.moments
        self.clock.coming.append((self.clock.time + self.arrives, proceed))
        self.clock.arrive()
        raise DEAD

    def clear_up(self, inputs: Inputs) -> tuple[Recovered, ...]:
        begun = self.clock.time
        found = resolve(inputs, inputs.state.intents, self.clock, boot=self.boot)
        self.waited.append(self.clock.time - begun)
        return found


POINTS = list(itertools.product(range(CALLS), CLOCKS, ["the same machine", "another machine"], ARRIVALS))


def interrupted(call: int, clock: str, machine: str, arrival: str) -> Cut:
    """Return what a run leaves that died in this call, with the next run about to begin."""
    cut = Cut(SkewedClock(CLOCKS[clock]))
    cut.start(before(), parallelism=1)
    cut.cut_at, cut.arrives = call, ARRIVALS[arrival]
    with suppress(StateError):
        cut.start(after(), parallelism=1)
    assert len(cut.intents) == 1
    cut.clock.wall = 0.0
    cut.boot = None if machine == "the same machine" else "another start of another machine"
    return cut


def test_what_arrives_late_is_neither_doubled_nor_lost_nor_waited_for_too_long(
    capsys: pytest.CaptureFixture[str],
) -> None:
    longest: Counter[str] = Counter()
    for call, clock, machine, arrival in POINTS:
        cut = interrupted(call, clock, machine, arrival)
        cut.start(after(), parallelism=1)
        waited = max(cut.waited)
        assert waited <= TIMEOUT, (call, clock, machine, arrival)
        longest[arrival] = max(longest[arrival], round(waited))
        cut.clock.coming = [item for item in cut.clock.coming if item[0] < 1e8]
        cut.clock.sleep(2 * TIMEOUT)
        assert cut.clock.coming == []
        settled(cut)
    assert max(longest.values()) == TIMEOUT
    with capsys.disabled():
        told = ", ".join(f"{seconds} s where it arrives {arrival}" for arrival, seconds in longest.items())
        print(
            f"\nlate arrivals: {len(POINTS)} points = {CALLS} calls x {len(CLOCKS)} clocks x 2 machines x {len(ARRIVALS)} arrivals; longest waits: {told}"
        )
