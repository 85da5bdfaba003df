"""What a replacement left behind is deleted, never taken over, never lost, and nothing else is deleted for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.memory_stage import MemoryStage, Thing

from wlinfra.changes.model import Action
from wlinfra.state.lease import LockRequest
from wlinfra.state.model import Deposed, ObjectState
from wlinfra.testing import refuse
from wlinfra.values import Address

THING = Address("thing.a")
VALUES = {"size": 1, "image": "x:1", "zone": "a"}


@pytest.fixture
def stage(tmp_path: Path) -> MemoryStage:
    return MemoryStage(folder=tmp_path)


def record(stage: MemoryStage, id: str | None, *deposed: str, retain: bool = False) -> None:
    others = tuple(Deposed(id=one) for one in deposed)
    item = ObjectState(address=THING, provider="default", kind="thing", name="a", id=id, deposed=others, retain=retain)
    with stage.store.acquire(LockRequest(owner="test")) as lease, stage.store.open(lease) as session:
        session.put(item)


def deleted(stage: MemoryStage, *resources: Thing) -> list[str | None]:
    changes = stage.plan(resources).effective
    return [change.id for change in changes if change.action is Action.DELETE]


def test_a_deposed_object_of_the_same_name_is_not_taken_over_while_it_is_deleted(stage: MemoryStage) -> None:
    old = stage.world.create("thing", "a", VALUES)
    record(stage, None, old.id)
    actions = [change.action for change in stage.plan([Thing("a")]).effective]
    assert sorted(action.value for action in actions) == ["create", "delete"]
    stage.settle(lambda: [Thing("a")])
    assert old.id not in stage.world.objects


def test_an_object_of_the_name_that_nobody_recorded_is_not_deleted(stage: MemoryStage) -> None:
    foreign = stage.world.create("thing", "a", VALUES)
    record(stage, None, "gone")
    assert deleted(stage) == ["gone"]
    assert stage.apply([]).ok
    assert (list(stage.world.objects), dict(stage.state.objects)) == ([foreign.id], {})


@pytest.mark.parametrize("retain", [False, True])
def test_letting_go_of_an_object_keeps_its_deposed_objects_until_they_are_deleted(
    stage: MemoryStage, retain: bool
) -> None:
    old = stage.world.create("thing", "a", VALUES)
    record(stage, "gone", old.id, retain=retain)
    stage.provider.on_run = lambda step, proceed: refuse("not now")
    assert len(stage.apply([]).failed) == 1
    assert old.id in stage.known_ids()
    stage.provider.on_run = None
    assert stage.apply([]).ok
    assert (stage.world.objects, dict(stage.state.objects)) == ({}, {})


def test_recording_that_an_object_is_gone_keeps_its_deposed_objects(stage: MemoryStage) -> None:
    old = stage.world.create("thing", "a", VALUES)
    record(stage, "gone", old.id)
    assert stage.apply([Thing("a")], refresh_only=True).ok
    assert old.id in stage.known_ids()
    stage.settle(lambda: [Thing("a")])


def test_a_deposed_object_follows_what_it_depends_on_to_a_new_address(stage: MemoryStage) -> None:
    stage.apply([Thing("a")])
    base = stage.state.objects[THING]
    user = ObjectState(
        address=Address("thing.b"),
        provider="default",
        kind="thing",
        id="b",
        deposed=(Deposed(id="b-old", depends_on=(THING,)),),
    )
    with stage.store.acquire(LockRequest(owner="test")) as lease, stage.store.open(lease) as session:
        session.put(user)
    renamed = [Thing("new", platform_name="a", aliases=["thing.a"]), Thing("b")]
    stage.provider.on_run = lambda step, proceed: refuse("not now")
    stage.apply(renamed)
    assert stage.state.objects[Address("thing.new")].id == base.id
    assert stage.state.objects[user.address].deposed == (Deposed(id="b-old", depends_on=(Address("thing.new"),)),)
