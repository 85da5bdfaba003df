"""What the engine's own options, names and configurations mean here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.api_client import ApiClient
from support.pulumi_engine import ARTIFACT, WORKLOAD, Engine, chat, mutations, server

from wlinfra.pulumi.bridge.bridge import CoreBridge
from wlinfra.pulumi.contract import BridgeError, Recorded, Refusal, SecretValue, Subject
from wlinfra_datarobot.emulator import DataRobotEmulator


@pytest.mark.parametrize("name", ["a/b", "a.b", "a::b", "größe", "x" * 200, "chat server"])
def test_any_name_of_pulumi_is_one_resource(engine: Engine, emulator: DataRobotEmulator, name: str) -> None:
    assert engine.up(ARTIFACT, name, server()) == "create"
    found = ApiClient(emulator.url).call("GET", "/artifacts/").body["data"]
    assert [row["name"] for row in found] == [name]
    engine.restart()
    assert engine.up(ARTIFACT, name, server()) == "same"
    engine.destroy(ARTIFACT, name)


def test_two_components_may_have_a_resource_of_one_name(engine: Engine, emulator: DataRobotEmulator) -> None:
    for parent in ("one", "two"):
        base = engine.subject(ARTIFACT, "server")
        subject = replace(base, urn=f"urn:pulumi:dev::shop::my:{parent}:Comp${ARTIFACT}::server")
        engine.bridge.create(subject, server(name=f"server-{parent}"), 0)
    assert len(ApiClient(emulator.url).call("GET", "/artifacts/").body["data"]) == 2


def test_a_resource_that_gets_another_urn_stays_what_it_is(engine: Engine, emulator: DataRobotEmulator) -> None:
    engine.up(ARTIFACT, "server", server(name="server"))
    made = engine.recorded(ARTIFACT, "server")
    engine.restart()
    renamed = engine.subject(ARTIFACT, "renamed")
    inputs = server(name="server")
    before = len(emulator.requests)
    engine.bridge.check(renamed, made.inputs, inputs)
    assert not engine.bridge.diff(renamed, made, inputs, ()).changes
    assert len(emulator.requests) == before
    described = server(name="server", description="more")
    updated = engine.bridge.update(renamed, made, described, (), 0)
    assert updated.id == made.id
    engine.bridge.delete(renamed, Recorded(id=updated.id, inputs=described, outputs=updated.outputs), 0)
    assert ApiClient(emulator.url).call("GET", "/artifacts/").body["data"] == []


def test_what_is_ignored_is_left_alone_when_something_else_changes(engine: Engine, emulator: DataRobotEmulator) -> None:
    engine.up(ARTIFACT, "server", server())
    inputs = chat(engine, server(), description="ours")
    engine.up(WORKLOAD, "chat", inputs)
    made = engine.recorded(WORKLOAD, "chat")
    api = ApiClient(emulator.url)
    api.call("PATCH", f"/workloads/{made.id}", {"description": "theirs"})
    subject = engine.subject(WORKLOAD, "chat")
    updated = engine.bridge.update(subject, made, {**inputs, "importance": "low"}, ("description",), 0)
    assert updated.reasons == ()
    body = api.call("GET", f"/workloads/{made.id}").body
    assert (body["description"], body["importance"]) == ("theirs", "low")


def test_an_artifact_inside_a_workload_belongs_to_it(engine: Engine, emulator: DataRobotEmulator) -> None:
    api = ApiClient(emulator.url)
    inputs: dict[str, Any] = {"artifact": server(), "replicas": 1, "bundles": ["cpu.small"]}
    assert engine.up(WORKLOAD, "chat", inputs) == "create"
    assert engine.up(WORKLOAD, "chat", inputs) == "same"
    other = {**inputs, "artifact": server("ghcr.io/acme/chat:2")}
    assert "artifact.containers[0].image" in {item.path for item in engine.diff(WORKLOAD, "chat", other).differences}
    assert engine.up(WORKLOAD, "chat", other) == "update"
    engine.destroy(WORKLOAD, "chat")
    for kind in ("workloads", "artifacts"):
        assert api.call("GET", f"/{kind}/").body["data"] == []


@pytest.mark.parametrize(
    ("config", "path"),
    [
        ({"platform": "nomad"}, "platform"),
        ({}, ""),
        ({"endpoint": "not a url", "token": "t"}, "endpoint"),
        ({"endpoint": "emulator", "enpoint": "x"}, "enpoint"),
        ({"endpoint": "emulator", "readTimeout": "soon"}, "readTimeout"),
        ({"endpoint": "https://app.example.com/api/v2"}, ""),
    ],
)
def test_a_wrong_configuration_is_told_by_name(
    start: Callable[..., CoreBridge], config: dict[str, Any], path: str
) -> None:
    failures = start().check_config(config).failures
    assert failures
    assert path in {one.path for one in failures}, failures


def test_a_configuration_may_have_what_stack_configuration_has(
    start: Callable[..., CoreBridge], emulator: DataRobotEmulator
) -> None:
    config = {
        "endpoint": emulator.url,
        "token": SecretValue("t"),
        "readTimeout": "5",
        "bundles": '{"mine": {"cpu": 1, "memory": "1GB", "gpuType": "A10"}}',
        "version": "1.2.3",
    }
    assert start().check_config(config).failures == ()


def test_a_journal_that_is_locked_is_refused_with_its_holder(engine: Engine, start: Callable[..., CoreBridge]) -> None:
    engine.up(ARTIFACT, "server", server())
    other = Engine(start(), engine.config, start=start)
    with pytest.raises(BridgeError) as refused:
        other.up(ARTIFACT, "other", server())
    assert refused.value.refusal is Refusal.REFUSED
    other.bridge.close()


@pytest.mark.parametrize("damaged", [b"\x00\xff", b"abc", b"no hex"])
def test_a_damaged_key_of_the_journal_stops_nothing(engine: Engine, tmp_path: Path, damaged: bytes) -> None:
    engine.up(ARTIFACT, "server", server())
    engine.bridge.close()
    (key,) = (tmp_path / "pulumi" / "wlinfra").rglob("digest.key")
    key.write_bytes(damaged)
    engine.restart()
    assert engine.up(ARTIFACT, "server", server(description="more")) == "update"
    assert engine.up(ARTIFACT, "server", server(description="more")) == "same"


def test_a_damaged_lock_of_the_journal_is_refused_with_what_frees_it(engine: Engine, tmp_path: Path) -> None:
    engine.up(ARTIFACT, "server", server())
    engine.bridge.close()
    (lock,) = (tmp_path / "pulumi" / "wlinfra").rglob("lock.json")
    lock.write_text("damaged")
    engine.restart()
    with pytest.raises(BridgeError, match=r"delete the file lock\.json in the journal's folder"):
        engine.up(ARTIFACT, "server", server(description="more"))
    lock.unlink()
    assert engine.up(ARTIFACT, "server", server(description="more")) == "update"


def test_a_journal_in_a_folder_of_its_own(engine: Engine, tmp_path: Path) -> None:
    engine.config = {**engine.config, "journal": str(tmp_path / "mine")}
    engine.restart()
    engine.up(ARTIFACT, "server", server())
    assert list((tmp_path / "mine").rglob("journal*"))
    assert not (tmp_path / "pulumi").exists()


def test_a_type_of_another_platform_is_refused(engine: Engine, emulator: DataRobotEmulator) -> None:
    base = engine.subject("wlinfra:kubernetes:Manifest", "config")
    subject = Subject(urn=base.urn, type=base.type, name=base.name, report=base.report)
    with pytest.raises(BridgeError, match="kubernetes"):
        engine.bridge.check(subject, None, {"manifest": {}})
    assert mutations(emulator) == []
