"""What a killed plugin did is found again by its journal; without one nothing is doubled and nothing taken over."""

from __future__ import annotations

import shutil
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from support.api_client import ApiClient
from support.pulumi_engine import ARTIFACT, WORKLOAD, Engine, chat, mutations, server

from wlinfra.emulation import Invoke, Phase
from wlinfra.pulumi.bridge.bridge import CoreBridge
from wlinfra.pulumi.contract import BridgeError, Made, Recorded, Refusal, SecretValue
from wlinfra_datarobot.emulator import DataRobotEmulator, Durations


@pytest.fixture
def api(emulator: DataRobotEmulator) -> ApiClient:
    return ApiClient(emulator.url)


def count(api: ApiClient, kind: str) -> int:
    return len(api.call("GET", f"/{kind}/").body["data"])


def test_a_create_whose_answer_was_lost_is_not_made_again(engine: Engine, api: ApiClient) -> None:
    subject = engine.subject(ARTIFACT, "server")
    made = engine.bridge.create(subject, server(), 0)
    engine.restart()
    before = count(api, "artifacts")
    again = engine.bridge.create(subject, server(), 0)
    assert again.id == made.id
    assert count(api, "artifacts") == before == 1


def test_an_update_whose_answer_was_lost_is_not_made_again(
    engine: Engine, api: ApiClient, emulator: DataRobotEmulator
) -> None:
    engine.up(ARTIFACT, "server", server())
    old = engine.recorded(ARTIFACT, "server")
    engine.up(ARTIFACT, "server", server("ghcr.io/acme/chat:2"))
    made = engine.recorded(ARTIFACT, "server")
    engine.restart()
    engine.state[engine.subject(ARTIFACT, "server").urn] = old
    before = len(emulator.requests)
    assert engine.up(ARTIFACT, "server", server("ghcr.io/acme/chat:2")) == "update"
    assert engine.recorded(ARTIFACT, "server").outputs["artifactId"] == made.outputs["artifactId"]
    assert mutations(emulator, before) == []


def test_a_delete_whose_answer_was_lost_is_over(engine: Engine, api: ApiClient) -> None:
    engine.up(ARTIFACT, "server", server())
    made = engine.recorded(ARTIFACT, "server")
    engine.destroy(ARTIFACT, "server")
    engine.restart()
    engine.bridge.delete(engine.subject(ARTIFACT, "server"), made, 0)
    assert count(api, "artifacts") == 0


def test_a_lost_journal_and_a_namesake_are_refused_with_the_import(
    engine: Engine, api: ApiClient, tmp_path: Path
) -> None:
    engine.up(ARTIFACT, "server", server())
    engine.up(WORKLOAD, "chat", chat(engine, server()))
    made = engine.recorded(WORKLOAD, "chat")
    inputs = chat(engine, server())
    engine.bridge.close()
    shutil.rmtree(tmp_path / "pulumi" / "wlinfra")
    engine.restart()
    for type_, name, identity in (
        (WORKLOAD, "chat", made.id),
        (ARTIFACT, "server", engine.recorded(ARTIFACT, "server").id),
    ):
        with pytest.raises(BridgeError, match=f"pulumi import {type_} {name} {identity}") as refused:
            engine.bridge.create(engine.subject(type_, name), inputs if name == "chat" else server(), 0)
        assert refused.value.refusal is Refusal.REFUSED
    assert (count(api, "workloads"), count(api, "artifacts")) == (1, 1)


def test_another_machine_goes_on_from_the_record_alone(engine: Engine, tmp_path: Path) -> None:
    secret = {"containers": [{"image": "a:1", "port": 8080, "env": {"TOKEN": SecretValue("canary")}}]}
    engine.up(ARTIFACT, "server", secret)
    engine.bridge.close()
    shutil.rmtree(tmp_path / "pulumi" / "wlinfra")
    engine.restart()
    assert engine.up(ARTIFACT, "server", secret) == "same"
    assert engine.up(ARTIFACT, "server", {**secret, "description": "more"}) == "update"
    engine.destroy(ARTIFACT, "server")


def test_a_new_stack_of_the_same_name_takes_nothing_over(engine: Engine, api: ApiClient) -> None:
    engine.up(ARTIFACT, "server", server())
    engine.state.clear()
    engine.provider_id = "00000000-0000-0000-0000-000000000001"
    engine.restart()
    with pytest.raises(BridgeError, match="pulumi import"):
        engine.up(ARTIFACT, "server", server())
    assert count(api, "artifacts") == 1


def test_what_is_never_ready_keeps_its_id_and_the_next_update_waits_on(engine: Engine) -> None:
    with DataRobotEmulator(durations=Durations(launching=3.0)) as slow:
        engine.config = {**engine.config, "endpoint": slow.url}
        engine.restart()
        engine.up(ARTIFACT, "server", server())
        inputs = chat(engine, server())
        subject = engine.subject(WORKLOAD, "chat")
        engine.bridge.check(subject, None, inputs)
        made = engine.bridge.create(subject, inputs, 1)
        assert made.reasons
        assert "running" in made.reasons[0]
        assert "the resource option customTimeouts" in made.reasons[0]
        recorded = Recorded(id=made.id, inputs=inputs, outputs=made.outputs)
        engine.restart()
        engine.state[subject.urn] = recorded
        assert engine.diff(WORKLOAD, "chat", inputs).changes
        before = len(slow.requests)
        ready = engine.bridge.update(subject, recorded, inputs, (), 0)
        assert (ready.id, ready.reasons) == (made.id, ())
        assert mutations(slow, before) == []


def test_a_cancel_ends_the_wait_and_keeps_the_id(engine: Engine) -> None:
    with DataRobotEmulator(durations=Durations(launching=60.0)) as slow:
        engine.config = {**engine.config, "endpoint": slow.url}
        engine.restart()
        engine.up(ARTIFACT, "server", server())
        inputs = chat(engine, server())
        subject = engine.subject(WORKLOAD, "chat")
        made: list[Made] = []
        thread = threading.Thread(target=lambda: made.append(engine.bridge.create(subject, inputs, 0)), daemon=True)
        thread.start()
        while not any(call.startswith("POST /workloads") for call in mutations(slow)):
            time.sleep(0.05)
        engine.bridge.cancel()
        thread.join(40)  # less than the start takes
        assert not thread.is_alive()
        (one,) = made
        assert one.id
        assert "cancelled" in one.reasons[0]
        with pytest.raises(BridgeError) as refused:
            engine.bridge.create(engine.subject(WORKLOAD, "other"), inputs, 0)
        assert refused.value.refusal is Refusal.CANCELLED


def end_now(engine: Engine) -> None:
    """End the plugin as a kill does: what runs is abandoned, and its intent stays open."""
    engine.bridge.cancel()
    assert isinstance(engine.bridge, CoreBridge)
    engine.bridge.configured.end_hard()


@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize("at", [1, 2])
def test_a_plugin_that_ends_in_a_create_leaves_nothing_behind_and_nothing_doubled(
    engine: Engine, api: ApiClient, emulator: DataRobotEmulator, at: int, phase: Phase
) -> None:
    emulator.faults.on(Invoke(lambda request: end_now(engine)), mutating=True, at=at, phase=phase)
    subject = engine.subject(ARTIFACT, "server")
    with suppress(BridgeError):
        engine.bridge.create(subject, server(), 0)
    engine.restart()
    made = engine.bridge.create(subject, server(), 0)
    assert made.reasons == ()
    assert count(api, "artifacts") == 1
    engine.state[subject.urn] = Recorded(id=made.id, inputs=server(), outputs=made.outputs)
    assert engine.up(ARTIFACT, "server", server()) == "same"
    engine.destroy(ARTIFACT, "server")
    assert count(api, "artifacts") == 0


@pytest.mark.parametrize("at", [1, 2])
def test_a_plugin_that_ends_in_an_update_is_continued(
    engine: Engine, api: ApiClient, emulator: DataRobotEmulator, at: int
) -> None:
    engine.up(ARTIFACT, "server", server())
    changed = server("ghcr.io/acme/chat:2")
    emulator.faults.on(Invoke(lambda request: end_now(engine)), mutating=True, at=at, phase=Phase.AFTER)
    with suppress(BridgeError):
        engine.up(ARTIFACT, "server", changed)
    engine.restart()
    subject = engine.subject(ARTIFACT, "server")
    recorded = engine.state[subject.urn]
    made = engine.bridge.update(subject, recorded, changed, (), 0)
    assert made.reasons == ()
    assert count(api, "artifacts") == 2  # two versions in one repository
    engine.state[subject.urn] = Recorded(id=made.id, inputs=changed, outputs=made.outputs)
    engine.destroy(ARTIFACT, "server")
    assert count(api, "artifacts") == 0
