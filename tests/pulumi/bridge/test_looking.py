"""What a refresh and an import bring back: the program's own shape, and nothing that no one declared."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from support.api_client import ApiClient
from support.pulumi_engine import ARTIFACT, WORKLOAD, Engine, chat, server

from wlinfra.pulumi.contract import BridgeError, Found, Properties, Recorded, Refusal
from wlinfra.values import UNKNOWN
from wlinfra_datarobot.emulator import DataRobotEmulator

MEMORY = {"bundles": None, "allocations": {"main": {"cpu": 1, "memory": "512MB"}}}


@pytest.fixture
def api(emulator: DataRobotEmulator) -> ApiClient:
    return ApiClient(emulator.url)


def read(engine: Engine, type_: str, name: str) -> Found:
    found = engine.bridge.read(engine.subject(type_, name), engine.recorded(type_, name), 0)
    assert found is not None
    return found


def refresh(engine: Engine, type_: str, name: str) -> Properties:
    """Take over what a refresh returns; return its inputs."""
    found = read(engine, type_, name)
    engine.state[engine.subject(type_, name).urn] = Recorded(id=found.id, inputs=found.inputs, outputs=found.outputs)
    return found.inputs


def both(engine: Engine, **more: Any) -> dict[str, Any]:
    engine.up(ARTIFACT, "server", server())
    inputs = chat(engine, server(), **more)
    engine.up(WORKLOAD, "chat", inputs)
    return inputs


def test_a_refresh_of_what_nobody_touched_returns_what_the_program_has(engine: Engine) -> None:
    inputs = both(engine, **MEMORY)
    assert refresh(engine, ARTIFACT, "server") == server()
    assert refresh(engine, WORKLOAD, "chat") == inputs
    assert engine.up(WORKLOAD, "chat", inputs) == "same"
    assert engine.up(ARTIFACT, "server", server()) == "same"


def test_a_refresh_shows_the_one_path_that_was_edited_and_the_next_update_puts_it_back(
    engine: Engine, api: ApiClient
) -> None:
    inputs = both(engine, description="ours")
    made = engine.recorded(WORKLOAD, "chat")
    assert api.call("PATCH", f"/workloads/{made.id}", {"description": "theirs", "importance": "low"}).status == 200
    assert refresh(engine, WORKLOAD, "chat") == {**inputs, "description": "theirs"}
    found = engine.diff(WORKLOAD, "chat", inputs)
    assert [item.path for item in found.differences] == ["description"]
    assert engine.up(WORKLOAD, "chat", inputs) == "update"
    assert api.call("GET", f"/workloads/{made.id}").body["description"] == "ours"
    assert refresh(engine, WORKLOAD, "chat") == inputs
    assert engine.up(WORKLOAD, "chat", inputs) == "same"


def test_another_spelling_of_an_amount_is_no_change(engine: Engine, emulator: DataRobotEmulator) -> None:
    inputs = both(engine, **MEMORY)
    spelled = {**inputs, "allocations": {"main": {"cpu": 1.0, "memory": 512_000_000}}}
    before = len(emulator.requests)
    assert engine.up(WORKLOAD, "chat", spelled) == "same"
    assert len(emulator.requests) == before


def test_what_is_gone_is_none_and_what_cannot_be_asked_is_an_error(
    engine: Engine, emulator: DataRobotEmulator, api: ApiClient
) -> None:
    both(engine)
    made = engine.recorded(WORKLOAD, "chat")
    assert api.call("DELETE", f"/workloads/{made.id}").status < 300
    subject = engine.subject(WORKLOAD, "chat")
    assert engine.bridge.read(subject, made, 0) is None
    engine.bridge.close()
    emulator.stop()
    engine.config = {**engine.config, "connectTimeout": 1, "retries": 0}
    engine.restart()
    with pytest.raises(BridgeError) as silent:
        engine.bridge.read(subject, made, 0)
    assert silent.value.refusal is Refusal.UNREACHABLE
    moving = {**made.inputs, "artifact": {**server("ghcr.io/acme/chat:2"), "id": "65f0c0ffee0123456789abcd"}}
    found = engine.diff(WORKLOAD, "chat", moving)
    assert {item.path for item in found.differences} == {"artifact.id", "artifact.containers[0].image"}
    assert "did not answer" in engine.lines[-1]
    assert engine.bridge.preview_update(subject, made, moving, ())["record"] is UNKNOWN


@pytest.mark.parametrize("by", ["id", "name"])
def test_what_was_imported_shows_no_difference(engine: Engine, by: str, emulator: DataRobotEmulator) -> None:
    inputs = both(engine, **MEMORY)
    for type_, name, program in ((ARTIFACT, "server", server()), (WORKLOAD, "chat", inputs)):
        subject = engine.subject(type_, name)
        made = engine.state.pop(subject.urn)
        engine.restart()
        given = made.id if by == "id" else name
        found = engine.bridge.read(subject, Recorded(id=given, inputs={}, outputs={}), 0)
        assert found is not None
        assert found.id == made.id
        engine.state[subject.urn] = Recorded(id=found.id, inputs=found.inputs, outputs=found.outputs)
        before = len(emulator.requests)
        assert engine.up(type_, name, found.inputs) == "same"
        assert engine.up(type_, name, program) == "same"
        assert len(emulator.requests) == before
    again = engine.recorded(WORKLOAD, "chat")
    assert engine.up(WORKLOAD, "chat", {**inputs, "description": "imported"}) == "update"
    assert engine.recorded(WORKLOAD, "chat").id == again.id
    engine.destroy(WORKLOAD, "chat")


def test_an_import_of_nothing_is_none(engine: Engine) -> None:
    subject = engine.subject(WORKLOAD, "chat")
    assert engine.bridge.read(subject, Recorded(id="nothing", inputs={}, outputs={}), 0) is None


def test_a_list_names_what_exists(engine: Engine) -> None:
    both(engine)
    made = engine.recorded(ARTIFACT, "server")
    assert engine.bridge.enumerate(ARTIFACT, {}, 0) == ((made.id, "server"),)
    assert engine.bridge.enumerate(WORKLOAD, {"name": "nobody"}, 10) == ()


def test_another_installation_is_no_place_where_things_are_gone(engine: Engine) -> None:
    both(engine)
    made = engine.recorded(WORKLOAD, "chat")
    subject = engine.subject(WORKLOAD, "chat")
    with DataRobotEmulator() as other:
        engine.config = {**engine.config, "endpoint": other.url}
        engine.restart()
        for ask in (
            lambda: engine.bridge.diff(subject, made, made.inputs, ()),
            lambda: engine.bridge.read(subject, made, 0),
            lambda: engine.bridge.delete(subject, made, 0),
            lambda: engine.bridge.update(subject, made, {**made.inputs, "replicas": 2}, (), 0),
        ):
            with pytest.raises(BridgeError, match="pulumi state delete") as refused:
                ask()
            assert refused.value.refusal is Refusal.REFUSED
        assert not [one for one in other.requests if one.method != "GET"]


def test_a_damaged_record_is_refused_in_one_sentence(engine: Engine) -> None:
    both(engine)
    made = engine.recorded(WORKLOAD, "chat")
    for damaged in ("{", "[]", '{"version": 1}', '{"version": 99}'):
        broken = replace(made, outputs={**made.outputs, "record": damaged})
        with pytest.raises(BridgeError, match="record"):
            engine.bridge.diff(engine.subject(WORKLOAD, "chat"), broken, made.inputs, ())


def test_a_refresh_shows_a_new_name_and_the_next_update_puts_it_back(engine: Engine, api: ApiClient) -> None:
    inputs = both(engine, name="talk")
    api.call("PATCH", f"/workloads/{engine.recorded(WORKLOAD, 'chat').id}", {"name": "edited"})
    assert refresh(engine, WORKLOAD, "chat") == {**inputs, "name": "edited"}
    assert [item.path for item in engine.diff(WORKLOAD, "chat", inputs).differences] == ["name"]
    assert "for name (" in engine.lines[-1]
    assert engine.up(WORKLOAD, "chat", inputs) == "update"
    assert [one["name"] for one in api.call("GET", "/workloads").body["data"]] == ["talk"]


def test_an_edit_of_an_artifact_inside_a_workload_is_shown_there(engine: Engine, api: ApiClient) -> None:
    inputs = {
        "artifact": server(description="what runs"),
        "description": "who runs it",
        "replicas": 1,
        "bundles": ["cpu.small"],
    }
    engine.up(WORKLOAD, "chat", inputs)
    (artifact,) = api.call("GET", "/artifacts").body["data"]
    api.call("PATCH", f"/artifacts/{artifact['id']}", {"description": "edited"})
    assert refresh(engine, WORKLOAD, "chat") == {**inputs, "artifact": server(description="edited")}
    assert [item.path for item in engine.diff(WORKLOAD, "chat", inputs).differences] == ["artifact.description"]


def test_what_is_in_the_way_of_a_delete_is_imported_as_what_it_is(engine: Engine) -> None:
    both(engine)
    used_by = engine.recorded(WORKLOAD, "chat").id
    with pytest.raises(BridgeError, match=f"pulumi import {WORKLOAD} chat {used_by}"):
        engine.destroy(ARTIFACT, "server")


def test_what_another_user_created_in_place_of_what_is_gone_is_not_shown(engine: Engine, api: ApiClient) -> None:
    inputs = both(engine)
    recorded = engine.recorded(WORKLOAD, "chat")
    live = api.call("GET", f"/workloads/{recorded.id}").body
    api.call("DELETE", f"/workloads/{recorded.id}")
    other = api.call(
        "POST", "/workloads", {"name": "chat", "artifactId": live["artifactId"], "runtime": live["runtime"]}
    ).body["id"]
    subject = engine.subject(WORKLOAD, "chat")
    assert engine.bridge.read(subject, recorded, 0) is None
    engine.bridge.cancel(in_order=True)
    engine.restart()
    with pytest.raises(BridgeError, match=f"pulumi import {WORKLOAD} chat {other}"):
        engine.bridge.create(subject, inputs, 0)
    assert [one["id"] for one in api.call("GET", "/workloads").body["data"]] == [other]
