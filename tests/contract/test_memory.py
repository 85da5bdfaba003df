from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import pytest
from support.manual_clock import ManualClock

from wlinfra.changes.model import Action, Step
from wlinfra.diff.schema import Attribute, Effect, fields
from wlinfra.provider.base import (
    Absent,
    Ambiguous,
    DidNotHappen,
    Done,
    Live,
    ProviderContext,
    ReadRequest,
    Ready,
    Refused,
    StepResult,
    UnclearOutcome,
    UnknownOutcome,
    Waiting,
    WaitingStill,
)
from wlinfra.resources.artifact import Artifact
from wlinfra.resources.base import Resource
from wlinfra.resources.container import Container
from wlinfra.resources.workload import Workload
from wlinfra.state.key import Digest
from wlinfra.state.model import Intent
from wlinfra.testing import Driver, MemoryConnection, MemoryProvider, MemoryWorld, lost_reply, refuse
from wlinfra.testing.contract import ProviderContract
from wlinfra.values import Address, Secret

SCHEMAS = {
    "artifact": Attribute(
        fields=fields(
            containers=Attribute(
                effect=Effect.ROLLS, items=Attribute(fields=fields(env=Attribute(keyed_by="name", items=Attribute())))
            ),
            artifact_type=Attribute(effect=Effect.REPLACES),
        )
    )
}


def artifact(*, image: str = "x:1", kind: Literal["service", "nim"] = "service", description: str = "") -> Artifact:
    secret = Secret(lambda: ProviderContract.canary, describe="a test")
    container = Container(image=image, port=8080, env={"A": "b", "TOKEN": secret})
    return Artifact("server", containers=[container], type=kind, description=description)


class TestMemoryProvider(ProviderContract):
    @pytest.fixture
    def provider(self) -> MemoryProvider:
        return MemoryProvider(schemas=SCHEMAS)

    @pytest.fixture
    def resource(self) -> Resource:
        return artifact()

    @pytest.fixture
    def variants(self) -> Mapping[Action, Resource]:
        return {
            Action.UPDATE: artifact(description="new"),
            Action.ROLL: artifact(image="x:2"),
            Action.REPLACE: artifact(kind="nim"),
        }

    @pytest.fixture
    def referring(self, resource: Resource) -> Resource:
        return Workload("chat", artifact=resource, bundles=["cpu.small"])

    @pytest.fixture
    def impossible(self) -> Step:
        return Step(
            operation="update", verb="PUT", path="/objects/{id}", summary="update it", target="missing", payload={}
        )


class TestMemoryProviderWithUniqueNames(TestMemoryProvider):
    @pytest.fixture
    def provider(self) -> MemoryProvider:
        return MemoryProvider(schemas=SCHEMAS, world=MemoryWorld(unique_names=True))


class TestMemoryProviderInAFile(TestMemoryProvider):
    @pytest.fixture
    def provider(self, tmp_path: Path) -> MemoryProvider:
        return MemoryProvider(schemas=SCHEMAS, world=MemoryWorld(tmp_path / "world.json"))


def connect(provider: MemoryProvider, *, guard: Callable[[], None] = lambda: None) -> MemoryConnection:
    return provider.connect(
        ProviderContext(
            name="default", options={}, environ={}, data_dir=Path(), stack="s", environment="e", guard=guard
        )
    )


def create(name: str = "a") -> Step:
    return Step(
        operation="create",
        verb="POST",
        path="/objects",
        summary="create it",
        payload={"kind": "thing", "name": name, "values": {"x": 1}},
        makes=True,
    )


def intent(operation: str, target: str | None = None) -> Intent:
    return Intent(
        address=Address("thing.a"),
        provider="default",
        kind="thing",
        operation=operation,
        verb="X",
        target=target,
        name="a",
        lookup={"before": []},
    )


def test_every_question_is_remembered_in_order() -> None:
    provider = MemoryProvider()
    Driver(connection=connect(provider)).apply(artifact())
    planned, applied = ["check", "expand", "read", "plan"], ["read", "run", "poll"]
    assert [call.question for call in provider.calls] == [*planned, *applied]
    assert provider.operations == ["create"]


def test_an_override_may_refuse_lose_the_answer_or_pass_the_question_on() -> None:
    provider = MemoryProvider()
    connection = connect(provider)
    provider.on_run = lambda _step, _proceed: refuse("no more room")
    assert isinstance(connection.run(create()), Refused)
    provider.on_run = lambda _step, proceed: lost_reply(proceed)
    assert isinstance(connection.run(create()), UnknownOutcome)
    provider.on_run = lambda _step, proceed: proceed()
    result = connection.run(create())
    assert isinstance(result, Done)
    assert (result.id, result.outputs["endpoint"]) == ("obj-2", "memory://thing/a/obj-2/")
    assert provider.world.log == ["create obj-1", "create obj-2"]


def test_names_that_must_be_unique_are_refused_twice() -> None:
    connection = connect(MemoryProvider(world=MemoryWorld(unique_names=True)))
    assert [type(connection.run(create())) for _ in range(2)] == [Done, Refused]


def test_several_objects_of_a_name_are_ambiguous_and_an_interrupted_create_is_unclear() -> None:
    connection = connect(MemoryProvider())
    connection.run(create())
    connection.run(create())
    wanted = ReadRequest(address=Address("thing.a"), kind="thing", name="a")
    assert connection.read([wanted]) == [Ambiguous(candidates=("obj-1", "obj-2"))]
    recovered = connection.recover(intent("create"))
    assert isinstance(recovered, UnclearOutcome)
    assert recovered.candidates == ("obj-1", "obj-2")


def test_an_interrupted_delete_is_judged_by_absence_and_an_update_is_planned_again() -> None:
    connection = connect(MemoryProvider())
    connection.run(create())
    assert isinstance(connection.recover(intent("delete", "obj-1")), DidNotHappen)
    assert isinstance(connection.recover(intent("update", "obj-1")), DidNotHappen)
    assert getattr(connection.recover(intent("delete", "obj-9")), "id", "") == "obj-9"


def test_time_passes_on_the_clock_that_was_given() -> None:
    clock = ManualClock()
    connection = connect(MemoryProvider(clock=clock, latency=2.0, ready_after=3.0))
    connection.run(create())
    waiting = Waiting(address=Address("thing.a"), kind="thing", id="obj-1", goal="ready")
    statuses = [connection.poll([waiting])[0] for _ in range(2)]
    assert [type(status) for status in statuses] == [WaitingStill, Ready]
    assert clock.sleeps == [2.0, 2.0, 2.0]


def test_a_run_that_lost_its_lock_changes_nothing() -> None:
    def guard() -> None:
        raise RuntimeError("lost")

    provider = MemoryProvider()
    with pytest.raises(RuntimeError, match="lost"):
        connect(provider, guard=guard).run(create())
    assert provider.world.log == []


def test_secrets_are_kept_and_never_shown() -> None:
    provider = MemoryProvider()
    driver = Driver(connection=connect(provider))
    driver.apply(artifact())
    (reading,) = driver.read(ReadRequest(address=Address("artifact.server"), kind="artifact", name="server"))
    assert isinstance(reading, Live)
    assert reading.values["containers"][0]["env"][1]["value"].reveal() == ProviderContract.canary


def test_threads_make_one_object_each() -> None:
    world = MemoryWorld()
    threads = [threading.Thread(target=lambda: [world.create("thing", "a", {}) for _ in range(50)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(world.objects) == len(set(world.log)) == 200


KILLED_AFTER_CREATE = """
import os, signal, sys
from pathlib import Path
from wlinfra.testing import MemoryWorld
world = MemoryWorld(Path(sys.argv[1]))
world.create("thing", "a", {"x": 1})
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_world_in_a_file_outlives_a_killed_process(tmp_path: Path) -> None:
    file = tmp_path / "world.json"
    done = subprocess.run([sys.executable, "-c", KILLED_AFTER_CREATE, str(file)], check=False, env=dict(os.environ))
    assert done.returncode == -signal.SIGKILL
    assert MemoryWorld(file).find("thing", "a") == ["obj-1"]
    assert MemoryWorld(file).log == ["create obj-1"]


def test_what_is_gone_cannot_be_awaited_updated_or_found() -> None:
    provider = MemoryProvider()
    connection = connect(provider)
    gone = Waiting(address=Address("thing.a"), kind="thing", id="obj-1", goal="ready")
    assert not isinstance(connection.poll([gone])[0], Ready | WaitingStill)
    results: list[StepResult] = [
        connection.run(Step(operation=name, verb="X", path="/", summary="x", target="obj-1", payload={}))
        for name in ("update", "delete", "other")
    ]
    assert [type(result) for result in results] == [Refused, Done, Refused]
    assert connection.read([ReadRequest(address=Address("thing.a"), kind="thing", name="a", id="obj-1")]) == [Absent()]
    assert Digest().known is False
