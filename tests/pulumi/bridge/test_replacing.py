"""A replacement is a create and a delete that the engine asks for in either order, with the old names still there."""

from __future__ import annotations

import pytest
from support.api_client import ApiClient
from support.pulumi_engine import ARTIFACT, WORKLOAD, Engine, chat, server

from wlinfra.pulumi.contract import BridgeError, Recorded, Refusal
from wlinfra_datarobot.emulator import DataRobotEmulator


@pytest.fixture
def api(emulator: DataRobotEmulator) -> ApiClient:
    return ApiClient(emulator.url)


def ids(api: ApiClient, kind: str) -> set[str]:
    return {row["id"] for row in api.call("GET", f"/{kind}/").body["data"]}


def agent() -> dict[str, object]:
    return server(type="agent")


def test_a_change_of_type_replaces_the_artifact_and_what_runs_it(engine: Engine) -> None:
    engine.up(ARTIFACT, "server", server())
    engine.up(WORKLOAD, "chat", chat(engine, server()))
    found = engine.diff(ARTIFACT, "server", agent())
    assert [(item.path, item.replaces) for item in found.differences] == [("type", True)]
    moving = {**chat(engine, server()), "artifact": {**agent(), "id": "ffffffffffffffffffffffff"}}
    found = engine.diff(WORKLOAD, "chat", moving)
    assert any(item.replaces and item.path.startswith("artifact") for item in found.differences)


@pytest.mark.parametrize("delete_first", [False, True])
def test_both_orders_leave_the_new_one_alone(engine: Engine, api: ApiClient, delete_first: bool) -> None:
    engine.up(ARTIFACT, "server", server())
    engine.up(WORKLOAD, "chat", chat(engine, server()))
    old = engine.recorded(ARTIFACT, "server"), engine.recorded(WORKLOAD, "chat")
    engine.restart()
    if delete_first:
        workload, artifact = engine.subject(WORKLOAD, "chat"), engine.subject(ARTIFACT, "server")
        engine.diff(ARTIFACT, "server", agent())
        engine.bridge.delete(workload, old[1], 0)
        engine.bridge.delete(artifact, old[0], 0)
        engine.state.clear()
        engine.up(ARTIFACT, "server", agent())
        engine.up(WORKLOAD, "chat", chat(engine, agent()))
    else:
        workload, artifact = engine.subject(WORKLOAD, "chat"), engine.subject(ARTIFACT, "server")
        engine.diff(ARTIFACT, "server", agent())
        made = engine.bridge.create(artifact, agent(), 0)
        engine.state[artifact.urn] = Recorded(id=made.id, inputs=agent(), outputs=made.outputs)
        inputs = chat(engine, agent())
        assert any(item.replaces for item in engine.diff(WORKLOAD, "chat", inputs).differences)
        moved = engine.bridge.create(workload, inputs, 0)
        engine.state[workload.urn] = Recorded(id=moved.id, inputs=inputs, outputs=moved.outputs)
        assert ids(api, "workloads") == {old[1].id, moved.id}
        engine.bridge.delete(workload, old[1], 0)
        engine.bridge.delete(artifact, old[0], 0)
    now = engine.recorded(ARTIFACT, "server"), engine.recorded(WORKLOAD, "chat")
    assert {now[0].id, now[1].id}.isdisjoint({old[0].id, old[1].id})
    assert ids(api, "workloads") == {now[1].id}
    assert ids(api, "artifacts") == {now[0].outputs["artifactId"]}
    assert engine.up(WORKLOAD, "chat", chat(engine, agent())) == "same"
    assert engine.up(ARTIFACT, "server", agent()) == "same"
    engine.destroy(WORKLOAD, "chat")
    engine.destroy(ARTIFACT, "server")
    assert ids(api, "workloads") == ids(api, "artifacts") == set()


@pytest.mark.parametrize("lost", ["create", "delete"])
def test_a_replacement_whose_answer_was_lost_is_continued(engine: Engine, api: ApiClient, lost: str) -> None:
    engine.up(ARTIFACT, "server", server())
    old = engine.recorded(ARTIFACT, "server")
    subject = engine.subject(ARTIFACT, "server")
    engine.diff(ARTIFACT, "server", agent())
    made = engine.bridge.create(subject, agent(), 0)
    if lost == "delete":
        engine.bridge.delete(subject, old, 0)
    engine.restart()
    if lost == "create":
        engine.diff(ARTIFACT, "server", agent())
        again = engine.bridge.create(subject, agent(), 0)
        assert again.id == made.id
    engine.bridge.delete(subject, old, 0)
    assert ids(api, "artifacts") == {made.outputs["artifactId"]}


def test_an_update_that_became_a_replacement_is_refused_with_the_path(engine: Engine, api: ApiClient) -> None:
    engine.up(ARTIFACT, "server", server())
    inputs = chat(engine, server())
    engine.up(WORKLOAD, "chat", inputs)
    made = engine.recorded(WORKLOAD, "chat")
    assert api.call("PATCH", f"/workloads/{made.id}", {"description": "theirs"}).status == 200
    described = {**inputs, "description": "ours"}
    engine.up(WORKLOAD, "chat", described)
    made = engine.recorded(WORKLOAD, "chat")
    assert api.call("PATCH", f"/workloads/{made.id}", {"description": "theirs"}).status == 200
    tagged = {**described, "importance": "high"}
    with pytest.raises(BridgeError, match="description") as refused:
        engine.up(WORKLOAD, "chat", tagged)
    assert refused.value.refusal is Refusal.REFUSED
    assert "pulumi refresh" in str(refused.value)
    assert api.call("GET", f"/workloads/{made.id}").body["description"] == "theirs"
    with pytest.raises(BridgeError, match="description"):  # a refused update is none that was begun
        engine.up(WORKLOAD, "chat", tagged)
    assert api.call("GET", f"/workloads/{made.id}").body["description"] == "theirs"
