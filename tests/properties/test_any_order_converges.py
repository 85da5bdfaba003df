"""However the calls of an apply end, in whatever order and with whatever failures, the same world comes out."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.memory_stage import ConductedClock, MemoryStage, Thing, name_of

from wlinfra.changes.model import Step
from wlinfra.provider.base import Ready, Status, StepResult, UnknownOutcome, Waiting, WaitingStill
from wlinfra.testing import lost_reply, refuse

QUICK = settings(deadline=None, derandomize=True, database=None, max_examples=60)
MANY = settings(QUICK, max_examples=600)
COUNT = 6

Peers = tuple[tuple[int, ...], ...]
"""For each thing, the earlier ones it refers to."""


@st.composite
def graphs(draw: st.DrawFn) -> Peers:
    """Draw which earlier things each thing refers to."""
    return tuple(
        tuple(draw(st.lists(st.integers(0, index - 1), max_size=2, unique=True))) if index else ()
        for index in range(COUNT)
    )


orders = st.permutations(range(COUNT)).map(lambda ranks: {f"t{index}": rank for index, rank in enumerate(ranks)})
slowness = st.lists(st.integers(0, 2), min_size=COUNT, max_size=COUNT)
variants = st.lists(st.sampled_from(["same", "size", "image", "zone", "gone"]), min_size=COUNT, max_size=COUNT)
troubles = st.dictionaries(st.integers(1, 8), st.sampled_from(["refused", "lost before", "lost after"]), max_size=3)


def things(graph: Peers, edits: list[str] | None = None) -> Callable[[], Iterator[Thing]]:
    """Return what declares one thing for each place, changed as the edits say."""

    def declare() -> Iterator[Thing]:
        made: dict[int, Thing] = {}
        for index, peers in enumerate(graph):
            edit = edits[index] if edits else "same"
            if edit == "gone":
                continue
            made[index] = Thing(
                f"t{index}",
                size=2 if edit == "size" else 1,
                image="x:2" if edit == "image" else "x:1",
                zone="b" if edit == "zone" else "a",
                peers=[made[peer].ref("endpoint") for peer in peers if peer in made],
            )
            yield made[index]

    return declare


def stage_in(
    folder: str, ranks: dict[str, int], waits: list[int], *, unique_names: bool, gather: int = 1
) -> MemoryStage:
    """Return a platform that answers in the order of the ranks and is ready after so many questions."""
    clock = ConductedClock(ranks, gather=gather)
    stage = MemoryStage(folder=Path(folder), unique_names=unique_names, clock=clock)
    left: dict[str, int] = {}

    def poll(waiting: list[Waiting], proceed: Callable[[], list[Status]]) -> list[Status]:
        return [_status(one, answer) for one, answer in zip(waiting, proceed(), strict=True)]

    def _status(one: Waiting, answer: Status) -> Status:
        index = int(one.address.name[1:])
        left[str(one.id)] = left.get(str(one.id), waits[index]) - 1
        return WaitingStill(reason="slow") if isinstance(answer, Ready) and left[str(one.id)] >= 0 else answer

    def run(step: Step, proceed: Callable[[], StepResult]) -> StepResult:
        clock.hold(name_of(step, stage.world))
        return proceed()

    stage.provider.on_poll = poll  # type: ignore[assignment]  # lists are sequences
    stage.provider.on_run = run
    return stage


def check_order(graph: Peers, edits: list[str], ranks: dict[str, int], waits: list[int], *, unique_names: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        stage = stage_in(folder, ranks, waits, unique_names=unique_names)
        assert stage.apply(things(graph)()).ok
        stage.check(things(graph))
        assert stage.apply(things(graph, edits)()).ok
        stage.check(things(graph, edits))


def check_failures(graph: Peers, edits: list[str], planned: dict[int, str], *, unique_names: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        stage = MemoryStage(folder=Path(folder), unique_names=unique_names)
        stage.settle(things(graph))
        counted = iter(range(1, 1000))

        def run(step: Step, proceed: Callable[[], StepResult]) -> StepResult:
            match planned.get(next(counted)):
                case "refused":
                    return refuse("The test says no.")
                case "lost before":
                    return UnknownOutcome(error=lost_reply(lambda: None).error)
                case "lost after":
                    return lost_reply(proceed)
                case _:
                    return proceed()

        stage.provider.on_run = run
        stage.apply(things(graph, edits)())
        stage.settle(things(graph, edits))


def test_what_ends_may_outlive_a_replaced_object_that_both_it_and_its_user_need() -> None:
    ranks = {f"t{index}": index for index in range(COUNT)}
    edits = ["zone", "same", "same", "same", "gone", "same"]
    check_order(((), (), (), (), (0,), (4, 0)), edits, ranks, [0] * COUNT, unique_names=True)


@pytest.mark.parametrize("unique_names", [False, True])
@QUICK
@given(graphs(), variants, orders, slowness)
def test_every_order_of_completion_leads_to_the_same_world(
    unique_names: bool, graph: Peers, edits: list[str], ranks: dict[str, int], waits: list[int]
) -> None:
    check_order(graph, edits, ranks, waits, unique_names=unique_names)


@pytest.mark.parametrize("unique_names", [False, True])
@QUICK
@given(graphs(), variants, troubles)
def test_after_any_failures_the_next_apply_converges(
    unique_names: bool, graph: Peers, edits: list[str], planned: dict[int, str]
) -> None:
    check_failures(graph, edits, planned, unique_names=unique_names)


def test_calls_really_end_in_the_order_of_their_ranks() -> None:
    with tempfile.TemporaryDirectory() as folder:
        ranks = {f"t{index}": -index for index in range(COUNT)}
        stage = stage_in(folder, ranks, [0] * COUNT, unique_names=False, gather=COUNT)
        assert stage.apply(things(((),) * COUNT)()).ok
        made = [found.name for found in stage.world.objects.values()]
        assert made == ["t5", "t4", "t3", "t2", "t1", "t0"]


@pytest.mark.nightly
@pytest.mark.parametrize("unique_names", [False, True])
@MANY
@given(graphs(), variants, orders, slowness, troubles)
def test_many_orders_and_failures_converge(
    unique_names: bool,
    graph: Peers,
    edits: list[str],
    ranks: dict[str, int],
    waits: list[int],
    planned: dict[int, str],
) -> None:
    check_order(graph, edits, ranks, waits, unique_names=unique_names)
    check_failures(graph, edits, planned, unique_names=unique_names)
