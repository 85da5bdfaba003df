"""Whatever was done before: what is said of a plan is what it calls, and without drift the record plans the same."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from support.datarobot_stage import Stage
from support.generated_stacks import Sketch, edits_of, sketches
from support.memory_stage import MemoryStage, Thing
from support.reports import check_reports, check_result, essence

from wlinfra.plan.model import Plan

PATIENT = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
GATE, NIGHTLY = 60, 2_000


def compared(live: Plan, recorded: Plan, seen: Counter[str]) -> None:
    """Check both plans, and that they say the same."""
    check_reports(live)
    check_reports(recorded)
    assert essence(recorded) == essence(live)
    seen.update(change.action.value for change in live.effective)
    seen["plans"] += 2


# ---------------------------------------------------------------- the platform in memory

things = st.fixed_dictionaries(
    {"size": st.integers(1, 3), "image": st.sampled_from(["x:1", "x:2"]), "zone": st.sampled_from(["a", "b"])}
)
programs = st.dictionaries(st.integers(0, 3), things, max_size=4)


def declared(program: dict[int, dict[str, Any]], options: dict[str, Any]) -> Iterator[Thing]:
    for slot, attributes in sorted(program.items()):
        yield Thing(f"t{slot}", **attributes, **options)


@st.composite
def memory_steps(draw: Any) -> tuple[dict[int, dict[str, Any]], dict[str, Any], str]:
    options = draw(st.sampled_from([{}, {}, {"protect": False}, {"replace_on": ["size"]}, {"retain": True}]))
    return draw(programs), options, draw(st.sampled_from(["apply", "apply", "forget one", "replace one"]))


def remember_in_memory(history: list[Any], seen: Counter[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        stage = MemoryStage(folder=Path(folder))
        for program, options, deed in history:
            extra: dict[str, Any] = {}
            if deed == "replace one" and program and (recorded := sorted(stage.state.objects)):
                chosen = [address for address in recorded if int(str(address)[-1]) in program]
                extra = {"replaces": tuple(map(str, chosen[:1]))}
            live = stage.plan(declared(program, options), **extra)
            compared(live, stage.plan(declared(program, options), refresh=False, **extra), seen)
            before = len(stage.world.log)
            result = stage.apply(declared(program, options), **extra)
            check_result(live, result, len(stage.world.log) - before)
            seen["applies"] += 1
            if deed == "forget one" and (records := sorted(stage.state.objects)):
                stage.forget(str(records[0]))


def memory_histories(amount: int) -> Counter[str]:
    seen: Counter[str] = Counter()

    @settings(PATIENT, max_examples=amount)
    @given(st.lists(memory_steps(), min_size=2, max_size=5))
    def examples(history: list[Any]) -> None:
        seen["histories"] += 1
        remember_in_memory(history, seen)

    examples()
    return seen


def test_reports_agree_in_memory() -> None:
    seen = memory_histories(GATE)
    print(dict(seen))
    assert seen["histories"] >= GATE
    assert min(seen[action] for action in ("create", "update", "roll", "replace", "delete", "import")) > 0


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_reports_agree_in_many_histories_in_memory() -> None:
    seen = memory_histories(NIGHTLY)
    print(dict(seen))
    assert seen["histories"] >= NIGHTLY


# ---------------------------------------------------------------- the DataRobot emulator


def remember_on_datarobot(dialect: str, data: st.DataObject, seen: Counter[str]) -> None:
    first = sketch = data.draw(sketches(dialect))
    with tempfile.TemporaryDirectory() as folder, closing(Stage(Path(folder), dialect=dialect)) as stage:
        for _ in range(data.draw(st.integers(1, 3))):
            done(stage, sketch, seen)
            wanted = data.draw(edits_of(first, dialect))
            kept = sorted(f"workload.{name}" for name in {*sketch.essence()} & {*wanted.essence()})
            forgotten = [address for address in kept if address in stage.state.objects][:1]
            loses: bool = data.draw(st.booleans())
            if forgotten and loses:
                stage.forget(forgotten[0])
            sketch = wanted
        done(stage, sketch, seen)


def done(stage: Stage, sketch: Sketch, seen: Counter[str]) -> None:
    """Plan from both, apply, and hold each against what is said of it."""
    options: dict[str, Any] = {"allow_empty": True}
    live = stage.plan(sketch.resources, **options)
    if live.errors:
        seen["refused"] += 1
        return
    compared(live, stage.plan(sketch.resources, refresh=False, **options), seen)
    stage.calls()
    result = stage.apply(sketch.resources, **options)
    check_result(live, result, len(stage.calls()))
    seen["applies"] += 1


def datarobot_histories(dialect: str, amount: int, shard: int = 0) -> Counter[str]:
    seen: Counter[str] = Counter()

    @seed(shard)
    @settings(PATIENT, derandomize=False, max_examples=amount)
    @given(st.data())
    def examples(data: st.DataObject) -> None:
        seen["histories"] += 1
        remember_on_datarobot(dialect, data, seen)

    examples()
    return seen


SHARD = 5
"""How many histories one test goes through, so that none takes long."""
SHARDS = [(dialect, shard) for dialect in ("2026-10", "2026-06") for shard in range(GATE // SHARD // 2)]
NIGHTLY_SHARDS = [(dialect, shard) for dialect in ("2026-10", "2026-06") for shard in range(100, 110)]


@pytest.mark.parametrize(("dialect", "shard"), SHARDS)
def test_reports_agree_on_datarobot(dialect: str, shard: int) -> None:
    seen = datarobot_histories(dialect, SHARD, shard)
    print(dialect, dict(seen))
    assert seen["histories"] >= SHARD
    assert min(seen[action] for action in ("create", "applies", "plans")) > 0


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("dialect", "shard"), NIGHTLY_SHARDS)
def test_reports_agree_in_many_histories_on_datarobot(dialect: str, shard: int) -> None:
    seen = datarobot_histories(dialect, NIGHTLY // len(NIGHTLY_SHARDS), shard)
    print(dialect, dict(seen))
    assert seen["histories"] >= NIGHTLY // len(NIGHTLY_SHARDS)
