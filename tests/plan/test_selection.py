"""A selection that matches nothing, or that another option drops, is an error that names what was meant."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.memory_stage import MemoryStage, Thing

from wlinfra.changes.model import Action
from wlinfra.errors import ConfigurationError
from wlinfra.resources.base import Resource


def things(*, with_gone: bool = False) -> Iterator[Resource]:
    yield Thing("first")
    yield Thing("second", depends_on=["thing.first"])
    if with_gone:
        yield Thing("gone")


@pytest.fixture
def stage(tmp_path: Path) -> MemoryStage:
    stage = MemoryStage(folder=tmp_path)
    stage.apply(things(with_gone=True))
    return stage


@pytest.mark.parametrize("pattern", ["thing.*", "*", "thing.s*", "thing.second"])
def test_replace_takes_patterns_as_target_does(stage: MemoryStage, pattern: str) -> None:
    plan = stage.plan(things(), replaces=(pattern,))
    replaced = {str(change.address) for change in plan.changes if change.action is Action.REPLACE}
    expected = {"thing.second"} if "s" in pattern[5:] else {"thing.first", "thing.second"}
    assert replaced == expected


def test_a_pattern_replaces_in_an_apply_too(stage: MemoryStage) -> None:
    before = set(stage.world.objects)
    assert stage.apply(things(), replaces=("thing.*",)).ok
    assert not before & set(stage.world.objects)


@pytest.mark.parametrize("option", ["targets", "excludes", "replaces"])
@pytest.mark.parametrize("pattern", ["thing.secnd", "things.*", ""])
def test_what_matches_nothing_names_the_nearest(stage: MemoryStage, option: str, pattern: str) -> None:
    with pytest.raises(ConfigurationError, match="Address matches nothing") as error:
        stage.plan(things(), **{option: (pattern,)})
    assert "thing.second" in error.value.diagnostics[0].fix


@pytest.mark.parametrize(
    ("options", "summary"),
    [
        ({"replaces": ("thing.second",), "targets": ("thing.first",)}, "Replacement is left out"),
        ({"replaces": ("thing.second",), "excludes": ("thing.first",)}, "Replacement is left out"),
        ({"replaces": ("thing.first", "thing.second"), "targets": ("thing.first",)}, "Replacement is left out"),
        ({"replaces": ("thing.gone",)}, "Nothing to replace"),
        ({"replaces": ("thing.first",), "refresh_only": True}, "Options exclude each other"),
        ({"replaces": ("thing.first",), "destroy": True}, "Options exclude each other"),
        ({"refresh_only": True, "destroy": True}, "Options exclude each other"),
        ({"refresh_only": True, "refresh": False}, "Options exclude each other"),
        ({"targets": ("thing.first",), "excludes": ("thing.first",)}, "Selection leaves nothing"),
        ({"excludes": ("*",)}, "Selection leaves nothing"),
    ],
)
def test_options_that_undo_each_other_are_refused(stage: MemoryStage, options: dict[str, object], summary: str) -> None:
    with pytest.raises(ConfigurationError, match=summary):
        stage.plan(things(), **options)


def test_a_replacement_within_the_selection_is_planned(stage: MemoryStage) -> None:
    plan = stage.plan(things(), replaces=("thing.*",), targets=("thing.first",))
    assert [str(change.address) for change in plan.changes if change.action is Action.REPLACE] == ["thing.first"]
