"""For every step of every generated history: the record after a recovery equals the record without the interruption."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from support.datarobot_stage import LeapingClock, Stage
from support.generated_stacks import Sketch, edits_of, sketches
from support.memory_stage import MemoryStage, Thing
from support.recoveries import Counts, History, Program, Teller

import wlinfra as wl
from wlinfra.resources.lifecycle import ReplaceOrder

PATIENT = settings(
    deadline=None,
    database=None,
    phases=[Phase.generate],  # a history is told in full where it fails, and shrinking one takes minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
Check = Callable[[st.DataObject], Counts]
SLOTS = 4


# ---------------------------------------------------------------- on the platform in memory


@st.composite
def things(draw: Any, order: ReplaceOrder | None) -> dict[int, dict[str, Any]]:
    """Draw a program: for each place whether it is declared, and with what."""
    return {
        slot: {
            "size": draw(st.integers(1, 3)),
            "image": draw(st.sampled_from(["x:1", "x:2"])),
            "zone": draw(st.sampled_from("ab")),
            "retain": draw(st.sampled_from([False, False, True])),
            "replace_order": order,
            "peers": draw(st.lists(st.integers(0, SLOTS - 1), max_size=2, unique=True)),
        }
        for slot in range(SLOTS)
        if draw(st.sampled_from([True, True, False]))
    }


def program_of(drawn: dict[int, dict[str, Any]]) -> Program:
    def resources() -> Iterator[Thing]:
        made: dict[int, Thing] = {}
        for slot, attributes in drawn.items():
            peers = [made[peer].ref("endpoint") for peer in attributes["peers"] if peer in made]
            made[slot] = Thing(f"t{slot}", **{**attributes, "peers": peers})
            yield made[slot]

    return resources


def in_memory(data: st.DataObject) -> Counts:
    order = data.draw(st.sampled_from([None, *ReplaceOrder]))
    programs = [program_of(data.draw(things(order))) for _ in range(data.draw(st.integers(1, 3)))]
    with tempfile.TemporaryDirectory() as folder:
        number = iter(range(100))

        def teller() -> Teller:
            stage = MemoryStage(folder=Path(folder) / "unused")
            stage.provider.ready_after = 1.0
            stage.provider.clock = stage.clock
            return Teller(folder=Path(folder) / str(next(number)), inputs=stage.inputs, clock=stage.clock)

        history = History(programs=programs, teller=teller, ids=r"obj-\d+")
        return history.check(lambda steps: data.draw(st.integers(0, steps - 1)))


# ---------------------------------------------------------------- on the emulator of DataRobot


def sketched(sketch: Sketch, retained: frozenset[str]) -> Program:
    def resources() -> Iterator[wl.Resource]:
        for resource in sketch.resources():
            yield resource.model_copy(update={"retain": True}) if resource.name in retained else resource

    return resources


def on_datarobot(data: st.DataObject) -> Counts:
    dialect = data.draw(st.sampled_from(["2026-10", "2026-06"]))
    first = data.draw(sketches(dialect))
    second = data.draw(edits_of(first, dialect))
    # What is kept on the platform after its declaration would hold on to its artifact, which the platform then keeps.
    names = [service.name for service in second.services if service is not None]
    retained = frozenset(data.draw(st.sets(st.sampled_from(names), max_size=2)) if names else ())
    programs = [sketched(first, retained), sketched(second, retained)]
    with tempfile.TemporaryDirectory() as folder:
        stages: list[Stage] = []

        def teller() -> Teller:
            stage = Stage(Path(folder) / str(len(stages)), dialect=dialect)
            stages.append(stage)
            return Teller(
                folder=Path(folder) / f"state-{len(stages)}",
                inputs=lambda resources, state: stage.inputs(lambda: resources, state),
                clock=LeapingClock(stage.clock),
            )

        try:
            history = History(programs=programs, teller=teller, ids=r"[0-9a-f]{24}|127\.0\.0\.1:\d+")
            return history.check(lambda steps: data.draw(st.integers(0, steps - 1)))
        finally:
            for stage in stages:
                with closing(stage):
                    pass


# ---------------------------------------------------------------- how many


PLATFORMS: dict[str, Check] = {"memory": in_memory, "datarobot": on_datarobot}


PARTS = 5
"""A whole lot would take one test too long."""


def with_spares(histories: int) -> int:
    """Return how many to draw for so many that are told to the end: a plan may be refused, such as for a cycle."""
    return histories + -(-histories // 15)


def tell(platform: str, part: int, examples: int, capsys: pytest.CaptureFixture[str]) -> Counts:
    counts: Counts = Counter()

    @seed(part)
    @settings(PATIENT, max_examples=examples)
    @given(st.data())
    def histories(data: st.DataObject) -> None:
        counts.update(PLATFORMS[platform](data))

    histories()
    with capsys.disabled():
        told = ", ".join(f"{count} {what}" for what, count in counts.items())
        print(f"\nrecovered records, {platform}, seed {part}: {told}")
    return counts


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_recovered_record_is_the_one_without_the_interruption(
    platform: str, part: int, capsys: pytest.CaptureFixture[str]
) -> None:
    counts = tell(platform, part, with_spares(60 // PARTS), capsys)
    assert counts["histories"] >= 60 // PARTS
    assert counts["recovered"] > counts["histories"]


@pytest.mark.nightly
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("platform", PLATFORMS)
def test_so_it_is_in_many_histories(platform: str, part: int, capsys: pytest.CaptureFixture[str]) -> None:
    counts = tell(platform, part + PARTS, with_spares(2000 // PARTS), capsys)
    assert counts["histories"] >= 2000 // PARTS
