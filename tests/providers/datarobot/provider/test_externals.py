"""A workload runs an artifact of another plan: its declaration names the containers, its id is all that is sent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import wlinfra as wl
from wlinfra.changes.model import Action, ActionReason
from wlinfra.values import UNKNOWN, Address, Json
from wlinfra.workspace.workspace import Workspace
from wlinfra_datarobot.emulator import DataRobotEmulator


@pytest.fixture
def emulator() -> Iterator[DataRobotEmulator]:
    with DataRobotEmulator() as emulator:
        yield emulator


def opened(
    folder: Path,
    emulator: DataRobotEmulator,
    name: str,
    *resources: wl.Artifact | wl.Workload,
    externals: tuple[wl.External, ...] = (),
    partial: bool = False,
) -> Workspace:
    """Open a stack of its own, with a record of its own."""
    stack = wl.Stack(name)
    stack.resources(lambda env: resources)
    stack.environment("test", provider="datarobot", endpoint=emulator.url, token="none")
    return wl.open_workspace(
        stack, state_dir=folder, environ={"HOME": str(folder)}, externals=externals, partial=partial
    )


def server(**options: Any) -> wl.Artifact:
    container = wl.Container(image="ghcr.io/acme/chat:1", port=8080)
    return wl.Artifact("server", containers=[container], **options)


def test_an_artifact_of_another_plan_is_run_and_not_made_again(tmp_path: Path, emulator: DataRobotEmulator) -> None:
    artifact = server()
    chat = wl.Workload("chat", artifact=artifact, replicas=1, bundles=["cpu.small"])

    def chatting(identity: Json) -> Workspace:
        return opened(tmp_path, emulator, "chats", chat, externals=(wl.External(artifact, {"id": identity}),))

    with chatting(UNKNOWN) as before:
        (planned,) = before.plan().changes
        assert (planned.address, planned.action) == ("workload.chat", Action.CREATE)
    with opened(tmp_path, emulator, "servers", artifact) as servers:
        assert servers.apply().ok
        identity = servers.state.objects[artifact.address].id
    with chatting(identity) as chats:
        assert chats.apply().ok
        assert set(chats.state.objects) == {"workload.chat"}
        assert chats.state.objects[chat.address].outputs["artifact_id"] == identity
        assert chats.plan().is_empty
    with chatting(UNKNOWN) as after:
        (planned,) = after.plan().changes
        assert planned.action is Action.ROLL
        assert planned.id == chats_id(tmp_path, emulator, chat)


def chats_id(folder: Path, emulator: DataRobotEmulator, chat: wl.Workload) -> str | None:
    with opened(folder, emulator, "chats", chat) as workspace:
        return workspace.state.objects[chat.address].id


def test_an_artifact_of_another_plan_that_changes_its_type_replaces_what_runs_it(
    tmp_path: Path, emulator: DataRobotEmulator
) -> None:
    def chatting(artifact: wl.Artifact, identity: Json) -> Workspace:
        chat = wl.Workload("chat", artifact=artifact, replicas=1, bundles=["cpu.small"])
        return opened(tmp_path, emulator, "chats", chat, externals=(wl.External(artifact, {"id": identity}),))

    with opened(tmp_path, emulator, "servers", server()) as servers:
        assert servers.apply().ok
        identity = servers.state.objects[Address("artifact.server")].id
    with chatting(server(), identity) as chats:
        assert chats.apply().ok
    with chatting(server(type="agent"), UNKNOWN) as chats:
        (planned,) = chats.plan().changes
        assert (planned.action, planned.reason) == (Action.REPLACE, ActionReason.DEPENDENCY_REPLACED)


def test_a_part_destroys_what_only_it_brings_along(tmp_path: Path, emulator: DataRobotEmulator) -> None:
    container = wl.Container(image="ghcr.io/acme/other:1", port=8080)
    yielded = wl.Artifact("yielded", containers=[container])
    other = wl.Workload("other", artifact=yielded, replicas=1, bundles=["cpu.small"])
    chat = wl.Workload("chat", artifact=server(), replicas=1, bundles=["cpu.small"])
    with opened(tmp_path, emulator, "chats", yielded, other, chat) as everything:
        assert everything.apply().ok
    with opened(tmp_path, emulator, "chats", chat, partial=True) as part:
        assert part.destroy().ok
        assert set(part.state.objects) == {"artifact.yielded", "workload.other"}


def test_a_plan_from_the_record_asks_as_much_of_one_as_of_many(tmp_path: Path, emulator: DataRobotEmulator) -> None:
    artifact = server()
    many = [wl.Workload(f"w{number}", artifact=artifact, replicas=1, bundles=["cpu.small"]) for number in range(5)]
    with opened(tmp_path, emulator, "chats", artifact, *many) as chats:
        assert chats.apply().ok
    counts = []
    for declared in ([artifact, *many], [artifact]):
        with opened(tmp_path, emulator, "chats", *declared, partial=True) as part:
            before = len(emulator.requests)
            assert part.plan(wl.PlanOptions(refresh=False)).is_empty
            counts.append(len(emulator.requests) - before)
    assert counts == [counts[0]] * 2
    assert counts[0] <= 1
