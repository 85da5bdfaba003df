"""What is recorded is gone and something else bears its name: it is offered to be taken over, never doubled."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.command_line import CommandLine
from support.memory_stage import MemoryStage, Thing

from wlinfra.changes.model import Action, ActionReason
from wlinfra.diff.model import Origin

VALUES = {"size": 1, "image": "x:1", "zone": "a"}


@pytest.fixture
def stage(tmp_path: Path) -> MemoryStage:
    stage = MemoryStage(folder=tmp_path)
    assert stage.apply([Thing("a"), Thing("b", size=2)]).ok
    return stage


def by_hand(stage: MemoryStage, name: str, *, times: int = 1) -> list[str]:
    """Delete what bears the name and make others instead."""
    for old in stage.world.find("thing", name):
        stage.world.delete(old)
    return [stage.world.create("thing", name, VALUES).id for _ in range(times)]


def test_what_was_made_again_by_hand_is_imported_and_nothing_is_doubled(stage: MemoryStage) -> None:
    (made,) = by_hand(stage, "b")
    things = [Thing("a"), Thing("b", size=2)]
    (change,) = stage.plan(things).effective
    assert (change.action, change.reason, change.id) == (Action.IMPORT, ActionReason.FOUND_INSTEAD, made)
    assert stage.apply(things).ok
    record = next(item for item in stage.state.objects.values() if item.name == "b")
    assert (record.id, record.created, record.deposed) == (made, False, ())
    stage.check(lambda: things)


def test_nothing_recorded_of_the_old_one_is_believed_of_the_new_one(stage: MemoryStage) -> None:
    (made,) = by_hand(stage, "a")
    stage.world.update(made, {"size": 7, "peers": ["somebody's"]})
    (change,) = stage.plan([Thing("a"), Thing("b", size=2)]).effective
    assert (change.action, change.drift) == (Action.IMPORT, ())
    assert {item.origin for item in change.attributes} == {Origin.UNATTRIBUTED}


def test_a_refresh_records_nothing_of_the_new_one_as_the_old_one(stage: MemoryStage) -> None:
    (made,) = by_hand(stage, "a")
    stage.world.update(made, {"size": 7})
    things = [Thing("a"), Thing("b", size=2)]
    (change,) = stage.plan(things, refresh_only=True).effective
    assert (change.action, change.reason, change.drift) == (Action.FORGET, ActionReason.GONE, ())
    assert stage.apply(things, refresh_only=True).ok
    assert [item.name for item in stage.state.objects.values()] == ["b"]
    assert made in stage.world.objects


def test_several_are_told_apart_by_a_person(stage: MemoryStage) -> None:
    made = by_hand(stage, "a", times=2)
    (error,) = stage.plan([Thing("a"), Thing("b", size=2)]).errors
    assert error.summary == "Several objects match"
    assert all(f'workspace.import_("thing.a", "{identity}")' in error.fix for identity in made)


def test_what_another_address_has_under_the_same_name_is_no_substitute(tmp_path: Path) -> None:
    stage = MemoryStage(folder=tmp_path)
    things = [Thing("a", platform_name="same"), Thing("b", platform_name="same")]
    assert stage.apply(things).ok
    gone = next(item.id for item in stage.state.objects.values() if item.address == "thing.a")
    stage.world.delete(str(gone))
    (change,) = stage.plan(things).effective
    assert (change.address, change.action, change.reason) == ("thing.a", Action.CREATE, ActionReason.GONE)


def test_what_is_gone_and_not_declared_any_more_is_forgotten_whatever_bears_its_name(stage: MemoryStage) -> None:
    (made,) = by_hand(stage, "b")
    (change,) = stage.plan([Thing("a")]).effective
    assert (change.action, change.reason) == (Action.FORGET, ActionReason.GONE)
    assert stage.apply([Thing("a")]).ok
    assert made in stage.world.objects


def test_the_command_it_prints_takes_it_over(tmp_path: Path) -> None:
    line = CommandLine(tmp_path)
    line.write()
    assert line.run("apply", "--auto-approve").code == 0
    world = line.provider.world
    (old,) = world.find("workload", "chat")
    values = world.objects[old].values
    world.delete(old)
    made = world.create("workload", "chat", values).id
    refused = line.run("apply", "--auto-approve")
    assert (refused.code, f"wlinfra import workload.chat {made}" in refused.err) == (1, True)
    assert line.run("import", "workload.chat", made).code == 0
    assert line.run("apply", "--auto-approve").code == 0
    assert world.find("workload", "chat") == [made]


def test_an_import_over_something_that_still_exists_is_refused(tmp_path: Path) -> None:
    line = CommandLine(tmp_path)
    line.write()
    assert line.run("apply", "--auto-approve").code == 0
    other = line.provider.world.create("workload", "chat", {}).id
    assert "state rm workload.chat" in line.run("import", "workload.chat", other).err
