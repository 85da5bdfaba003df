"""Whatever is declared: once it is applied there is nothing to do, and what did not change was not touched."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.datarobot_stage import Stage
from support.generated_stacks import Sketch, edits_of, sketches
from support.world import World

DIALECTS = ("2026-10", "2026-06")
PATIENT = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@contextmanager
def staged(dialect: str) -> Iterator[Stage]:
    with tempfile.TemporaryDirectory() as folder, closing(Stage(Path(folder), dialect=dialect)) as stage:
        yield stage


def apply(stage: Stage, sketch: Sketch, **options: Any) -> None:
    """Apply; what fails, or is skipped, fails the test in few words."""
    result = stage.apply(sketch.resources, ok=False, **options)
    assert [(change.address, error) for change, error in result.failed] == []
    assert [(change.address, why) for change, why in result.skipped] == []


def still_planned(stage: Stage, sketch: Sketch) -> list[Any]:
    """Return what a plan would change, and its errors."""
    plan = stage.plan(sketch.resources)
    wrong = [
        (change.address, change.action.value, [(item.path, item.live, item.planned) for item in change.attributes])
        for change in plan.effective
    ]
    return [*plan.errors, *wrong]


def untouched(stage: Stage, one: Sketch, other: Sketch) -> dict[str, Any]:
    """Return what runs of the servers and services that are the same in both."""
    world, before, after = World(stage.emulator), one.essence(), other.essence()
    found: dict[str, Any] = {}
    for name in (name for name in before if before[name] == after.get(name)):
        found[name] = ids(world, "artifacts", name)
        if name.startswith("service"):
            workload = world.one("workloads", name)
            found[name] = (workload["id"], workload["protonId"], workload["artifactId"])
    return found


def ids(world: World, kind: str, name: str) -> list[str]:
    return sorted(document["id"] for document in world.documents(kind) if document["name"] == name)


def check(dialect: str, data: st.DataObject) -> None:
    first = data.draw(sketches(dialect))
    second = data.draw(edits_of(first, dialect))
    with staged(dialect) as stage:
        apply(stage, first)
        assert still_planned(stage, first) == []
        before = untouched(stage, first, second)
        apply(stage, second, allow_empty=True)
        assert still_planned(stage, second) == []
        assert untouched(stage, second, first) == before
        apply(stage, second, destroy=True)
        world = World(stage.emulator)
        assert {kind: world.documents(kind) for kind in ("workloads", "artifacts")} == {
            "workloads": [],
            "artifacts": [],
        }


@pytest.mark.parametrize("dialect", DIALECTS)
def test_after_an_apply_the_plan_is_empty_and_only_what_changed_was_touched(dialect: str) -> None:
    @settings(PATIENT, max_examples=12)
    @given(st.data())
    def examples(data: st.DataObject) -> None:
        check(dialect, data)

    examples()


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_many_stacks_converge(dialect: str) -> None:
    @settings(PATIENT, max_examples=500)
    @given(st.data())
    def examples(data: st.DataObject) -> None:
        check(dialect, data)

    examples()
