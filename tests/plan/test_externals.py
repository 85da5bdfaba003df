"""A program may refer to what is declared elsewhere, and may declare a part of an environment only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

import wlinfra as wl
from wlinfra.changes.model import Action, Step
from wlinfra.errors import DeclarationError
from wlinfra.resources.base import Resource
from wlinfra.testing import MemoryProvider
from wlinfra.values import UNKNOWN, Json, find_refs
from wlinfra.workspace.workspace import Workspace

Declaring = Callable[[], Iterable[Resource | wl.Output]]
Open = Callable[..., Workspace]


def server() -> wl.Artifact:
    return wl.Artifact("server", containers=[wl.Container(image="shop:1", port=8080)])


def chat(artifact: wl.Artifact, **more: Any) -> wl.Workload:
    return wl.Workload("chat", artifact=artifact, replicas=1, **more)


@pytest.fixture
def provider() -> MemoryProvider:
    return MemoryProvider()


@pytest.fixture
def opened(tmp_path: Path, provider: MemoryProvider) -> Open:
    """Return a function that opens the environment for other declarations, on the same record and platform."""

    def make(declaring: Declaring, **options: Any) -> Workspace:
        stack = wl.Stack("demo")
        stack.resources(lambda env: declaring())
        stack.environment("test", provider="memory")
        environ = {"HOME": str(tmp_path), "WLINFRA_STATE_KEY": "k" * 32}
        return wl.open_workspace(
            stack, "test", state_dir=tmp_path, environ=environ, providers={"memory": provider}, **options
        )

    return make


def actions(workspace: Workspace) -> Mapping[str, Action]:
    plan = workspace.plan()
    assert plan.errors == ()
    return {str(change.address): change.action for change in plan.changes}


def external(artifact: wl.Artifact, **outputs: Json) -> wl.External:
    return wl.External(artifact, outputs)


def test_a_workload_runs_an_artifact_of_another_plan(opened: Open, provider: MemoryProvider) -> None:
    artifact = server()
    one = opened(lambda: [chat(artifact)], externals=[external(artifact, id="65f0")])
    assert actions(one) == {"workload.chat": Action.CREATE}
    assert one.apply().ok
    (made,) = provider.world.objects.values()
    assert (made.kind, made.values["artifact"]) == ("workload", "65f0")
    assert actions(one) == {"workload.chat": Action.NO_OP}
    other = opened(lambda: [chat(artifact)], externals=[external(artifact, id="65f1")])
    assert actions(other) == {"workload.chat": Action.UPDATE}


def test_an_output_that_is_not_known_yet_is_planned_as_unknown_and_never_sent(
    opened: Open, provider: MemoryProvider
) -> None:
    artifact = server()
    one = opened(lambda: [chat(artifact)], externals=[external(artifact, id=UNKNOWN)])
    (change,) = one.plan().changes
    assert change.action is Action.CREATE
    assert [ref.key for ref in find_refs(dict(change.values))] == [("artifact.server", "id")]
    applied = one.apply()
    assert applied.result is not None
    ((_, error),) = applied.result.failed
    assert error.summary == "An output of another plan is not known"
    assert "artifact.server.id" in error.detail
    assert not [call for call in provider.calls if isinstance(call.subject, Step)]


def test_what_is_declared_elsewhere_is_newer_than_its_record(opened: Open, provider: MemoryProvider) -> None:
    artifact = server()
    assert opened(lambda: [artifact, chat(artifact)]).apply().ok
    calls = len(provider.operations)
    part = opened(lambda: [chat(artifact)], externals=[external(artifact, id=UNKNOWN)], partial=True)
    (change,) = part.plan().changes
    assert change.action is Action.UPDATE
    applied = part.apply()
    assert applied.result is not None
    ((_, error),) = applied.result.failed
    assert error.summary == "An output of another plan is not known"
    assert len(provider.operations) == calls
    moved = opened(lambda: [chat(artifact)], externals=[external(artifact, id="65f1")], partial=True)
    assert moved.apply().ok
    assert [item.values["artifact"] for item in provider.world.objects.values() if item.kind == "workload"] == ["65f1"]


def test_an_output_of_the_stack_may_be_one_of_another_plan(opened: Open) -> None:
    artifact = server()
    one = opened(
        lambda: [chat(artifact), wl.Output("server", artifact.ref("id"))], externals=[external(artifact, id="65f0")]
    )
    assert one.apply().ok
    assert one.outputs() == {"server": "65f0"}


def test_what_it_does_not_have_is_named(opened: Open) -> None:
    artifact = server()
    one = opened(
        lambda: [chat(artifact, description=f"of {artifact.ref('version')}")],
        externals=[external(artifact, id="1", repository_id="2")],
    )
    with pytest.raises(DeclarationError, match="Reference to nothing") as error:
        one.plan()
    assert error.value.diagnostics[0].fix == "artifact.server has the outputs id, repository_id."


def test_what_is_external_is_not_declared_too(opened: Open) -> None:
    with pytest.raises(DeclarationError, match="Duplicate address"):
        opened(lambda: [server()], externals=[external(server(), id="1")])


def test_a_program_without_externals_is_told_what_is_missing(opened: Open) -> None:
    with pytest.raises(DeclarationError, match="Reference to nothing declared"):
        opened(lambda: [wl.Workload("front", artifact="1", replicas=1, description=f"{server().ref('id')}")])


@pytest.mark.parametrize(("ending", "failing"), [(False, False), (True, False), (True, True)])
def test_what_was_recorded_and_is_external_now_does_not_end(
    opened: Open, provider: MemoryProvider, ending: bool, failing: bool
) -> None:
    artifact = server()
    both = opened(lambda: [artifact, chat(artifact)])
    assert both.apply().ok
    record = both.state.objects[artifact.address]

    def declaring() -> Iterable[Resource]:
        yield chat(artifact)
        if failing:
            raise ValueError("no")

    one = opened(declaring, externals=[external(artifact, id=record.id)], ending=ending)
    assert [str(change.address) for change in one.plan(wl.PlanOptions(destroy=ending)).changes] == ["workload.chat"]
    assert (one.destroy() if ending else one.apply()).ok
    assert record.id in provider.world.objects
    assert one.state.objects[artifact.address].id == record.id


# ---------------------------------------------------------------- a part of an environment


def two() -> list[Resource | wl.Output]:
    first, second = (wl.Workload(name, artifact="65f0", replicas=1) for name in ("first", "second"))
    return [first, second, wl.Output("first", first.ref("id")), wl.Output("second", second.ref("id"))]


def test_a_part_leaves_the_rest_as_it_is(opened: Open, provider: MemoryProvider) -> None:
    assert opened(two).apply().ok
    everything = set(provider.world.objects)
    before = opened(two).outputs()
    first = wl.Workload("first", artifact="65f0", replicas=2)
    part = opened(lambda: [first, wl.Output("first", first.ref("id"))], partial=True)
    plan = part.plan()
    assert {str(one.address): one.action for one in plan.changes} == {"workload.first": Action.UPDATE}
    assert {output.name: output.differs for output in plan.outputs} == {"first": False}
    assert part.apply().ok
    assert set(provider.world.objects) == everything
    assert part.outputs() == before
    assert set(part.state.objects) == {"workload.first", "workload.second"}


def test_a_namesake_in_another_part_is_no_object_that_was_renamed(opened: Open, provider: MemoryProvider) -> None:
    first, second = (
        wl.Workload(name, artifact="65f0", replicas=1, platform_name="chat") for name in ("first", "second")
    )
    assert opened(lambda: [first]).apply().ok
    part = opened(lambda: [second], partial=True)
    assert actions(part) == {"workload.second": Action.CREATE}
    assert part.apply().ok
    assert len(provider.world.objects) == 2


def test_a_part_without_resources_ends_nothing(opened: Open) -> None:
    assert opened(two).apply().ok
    assert opened(list, partial=True).plan().changes == ()


def test_a_part_destroys_what_it_declares(opened: Open, provider: MemoryProvider) -> None:
    assert opened(two).apply().ok
    second = opened(two).outputs()["second"]
    part = opened(lambda: two()[:1], partial=True)
    assert part.destroy().ok
    assert list(provider.world.objects) == [second]
    assert part.outputs()["second"] == second


def test_a_part_leaves_what_it_uses_of_another_plan(opened: Open) -> None:
    artifact = server()
    assert opened(lambda: [artifact, chat(artifact)]).apply().ok
    part = opened(lambda: [chat(artifact)], externals=[external(artifact, id="65f0")], partial=True)
    assert part.destroy().ok
    assert set(part.state.objects) == {"artifact.server"}


def test_a_part_destroys_an_object_that_was_renamed_since(opened: Open, provider: MemoryProvider) -> None:
    assert opened(two).apply().ok
    renamed = wl.Workload("third", artifact="65f0", replicas=1, aliases=["workload.first"])
    part = opened(lambda: [renamed], partial=True)
    assert part.destroy().ok
    assert set(part.state.objects) == {"workload.second"}
    assert len(provider.world.objects) == 1


def test_the_end_of_what_others_still_use_is_noted(opened: Open) -> None:
    first = wl.Workload("first", artifact="65f0", replicas=1)
    second = wl.Workload("second", artifact="65f0", replicas=1, description=f"after {first.ref('id')}")
    assert opened(lambda: [first, second]).apply().ok
    plan = opened(lambda: [first], partial=True).plan(wl.PlanOptions(destroy=True))
    (change,) = plan.changes
    assert (change.address, change.action) == ("workload.first", Action.DELETE)
    assert any("still using what is deleted: workload.second" in note for note in change.notes)


@pytest.mark.parametrize("ending", [False, True])
def test_a_part_of_a_program_that_fails_ends_no_other(opened: Open, ending: bool) -> None:
    assert opened(two).apply().ok

    def failing() -> Iterable[Resource]:
        yield wl.Workload("first", artifact="65f0", replicas=1)
        raise ValueError("no")

    if not ending:
        with pytest.raises(DeclarationError):
            opened(failing, partial=True)
        return
    plan = opened(failing, partial=True, ending=True).plan(wl.PlanOptions(destroy=True))
    assert [str(change.address) for change in plan.changes] == ["workload.first"]
