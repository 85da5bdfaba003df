"""An object found by its name that is recorded elsewhere in the stack is nobody else's."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.memory_stage import MemoryStage, Thing

from wlinfra.changes.model import Action


@pytest.fixture
def stage(tmp_path: Path) -> MemoryStage:
    return MemoryStage(folder=tmp_path)


def test_a_rename_without_an_alias_is_refused_and_says_which_alias_to_give(stage: MemoryStage) -> None:
    stage.apply([Thing("old", platform_name="chat")])
    (error,) = stage.plan([Thing("new", platform_name="chat")]).errors
    assert (error.summary, error.address) == ("Object is managed already", "thing.new")
    assert 'aliases=["thing.old"]' in error.fix
    stage.settle(lambda: [Thing("new", platform_name="chat", aliases=["thing.old"])])


def test_a_name_that_another_gave_up_goes_to_an_object_of_its_own(stage: MemoryStage) -> None:
    stage.apply([Thing("one", platform_name="chat")])
    both = [Thing("one", platform_name="talk"), Thing("two", platform_name="chat")]
    assert {change.address: change.action for change in stage.plan(both).effective} == {"thing.two": Action.CREATE}
    assert stage.apply(both).ok
    assert len(stage.world.objects) == len(stage.known_ids()) == 2
    assert stage.plan(both).is_empty


def test_a_given_up_name_goes_to_one_that_refers_to_the_other(stage: MemoryStage) -> None:
    stage.apply([Thing("one", platform_name="chat", zone="a")])
    one = Thing("one", platform_name="talk", zone="b")
    both = [one, Thing("two", platform_name="chat", peers=[one.ref("endpoint")])]
    assert stage.apply(both).ok
    assert len(stage.world.objects) == 2
    assert stage.plan(both).is_empty


def test_what_nobody_recorded_is_still_offered_for_adoption(stage: MemoryStage) -> None:
    stage.world.create("thing", "chat", {"image": "x:1", "zone": "a", "size": 1})
    (change,) = stage.plan([Thing("chat")]).effective
    assert change.action is Action.IMPORT
