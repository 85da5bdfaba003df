"""A plugin that is killed at a mutating request, in each operation: what runs again doubles nothing and loses nothing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from support.api_client import ApiClient
from support.pulumi_engine import ARTIFACT, WORKLOAD, Engine, chat, mutations, server

from wlinfra.emulation import Invoke, Phase
from wlinfra.pulumi.bridge.bridge import CoreBridge
from wlinfra.pulumi.contract import BridgeError
from wlinfra_datarobot.emulator import DataRobotEmulator

Operation = Callable[[Engine], None]


def create(engine: Engine) -> None:
    engine.up(ARTIFACT, "server", server())
    engine.up(WORKLOAD, "chat", chat(engine, server()))


def update(engine: Engine) -> None:
    changed = server(description="more")
    engine.up(ARTIFACT, "server", changed)
    engine.up(WORKLOAD, "chat", chat(engine, changed, description="more", importance="low"))


def roll(engine: Engine) -> None:
    changed = server("ghcr.io/acme/chat:2")
    engine.up(ARTIFACT, "server", changed)
    engine.up(WORKLOAD, "chat", chat(engine, changed))


def replace(engine: Engine) -> None:
    """Replace both, the new ones first and the old ones last, as the engine does."""
    changed = server(type="agent")
    old = dict(engine.old) if engine.old else dict(engine.state)
    engine.old = old
    artifact, workload = engine.subject(ARTIFACT, "server"), engine.subject(WORKLOAD, "chat")
    for subject, type_, name in ((artifact, ARTIFACT, "server"), (workload, WORKLOAD, "chat")):
        if subject.urn in old and engine.state[subject.urn].id == old[subject.urn].id:
            inputs = changed if type_ == ARTIFACT else chat(engine, changed)
            assert engine.diff(type_, name, inputs).changes
            engine.keep(subject, inputs, engine.bridge.create(subject, inputs, 0))
        else:  # what was not ready is continued
            engine.up(type_, name, engine.state[subject.urn].inputs)
    for subject in (workload, artifact):
        if subject.urn in engine.old:
            engine.bridge.delete(subject, old[subject.urn], 0)
            del engine.old[subject.urn]


def destroy(engine: Engine) -> None:
    for type_, name in ((WORKLOAD, "chat"), (ARTIFACT, "server")):
        subject = engine.subject(type_, name)
        if subject.urn in engine.state:
            engine.bridge.delete(subject, engine.state[subject.urn], 0)
            del engine.state[subject.urn]


OPERATIONS: dict[str, tuple[tuple[Operation, ...], Operation]] = {
    "create": ((), create),
    "update": ((create,), update),
    "roll": ((create,), roll),
    "replace": ((create,), replace),
    "destroy": ((create,), destroy),
}
CALLS = {"create": 3, "update": 2, "roll": 3, "replace": 5, "destroy": 2}
"""How many mutating requests each makes."""
GATE = {("create", 3), ("update", 2), ("roll", 2), ("replace", 3), ("destroy", 1)}


def cases() -> list[Any]:
    return [
        pytest.param(name, at, id=f"{name}-{at}", marks=() if (name, at) in GATE else pytest.mark.nightly)
        for name, calls in CALLS.items()
        for at in range(1, calls + 1)
    ]


def kill(engine: Engine) -> None:
    engine.bridge.cancel()
    assert isinstance(engine.bridge, CoreBridge)
    engine.bridge.configured.end_hard()


def ids(api: ApiClient, kind: str) -> list[str]:
    return sorted(row["id"] for row in api.call("GET", f"/{kind}/").body["data"])


@pytest.mark.parametrize("phase", [pytest.param(Phase.BEFORE, marks=pytest.mark.nightly), Phase.AFTER])
@pytest.mark.parametrize(("name", "at"), cases())
def test_a_kill_at_any_request_doubles_nothing_and_loses_nothing(
    engine: Engine, emulator: DataRobotEmulator, name: str, at: int, phase: Phase
) -> None:
    before, operation = OPERATIONS[name]
    for one in before:
        one(engine)
    emulator.faults.on(Invoke(lambda request: kill(engine)), mutating=True, at=at, phase=phase)
    since = len(emulator.requests)
    with suppress(BridgeError):
        operation(engine)
    assert len(mutations(emulator, since)) in (at - 1, at)  # the last one may still be on its way
    engine.restart()
    operation(engine)
    api = ApiClient(emulator.url)
    if name == "destroy":
        assert ids(api, "workloads") == ids(api, "artifacts") == []
        return
    workload, artifact = engine.recorded(WORKLOAD, "chat"), engine.recorded(ARTIFACT, "server")
    assert ids(api, "workloads") == [workload.id]
    repositories = {row["artifactRepositoryId"] for row in api.call("GET", "/artifacts/").body["data"]}
    assert repositories == {artifact.id}
    assert artifact.outputs["artifactId"] in ids(api, "artifacts")
    assert len(ids(api, "artifacts")) == (2 if name == "roll" else 1)
    assert engine.up(ARTIFACT, "server", artifact.inputs) == "same", engine.lines[-1]
    assert engine.up(WORKLOAD, "chat", workload.inputs) == "same", engine.lines[-1]
    destroy(engine)
    assert ids(api, "workloads") == ids(api, "artifacts") == []
