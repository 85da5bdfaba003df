"""Values that only an apply will tell, and properties that are wrong: what a preview does with them."""

from __future__ import annotations

from typing import Any

import pytest
from support.pulumi_engine import ARTIFACT, WORKLOAD, Engine, chat, server

from wlinfra.pulumi.contract import BridgeError, Refusal, SecretValue
from wlinfra.values import UNKNOWN
from wlinfra_datarobot.emulator import DataRobotEmulator


def positions(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return every place in the properties, the whole left out."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [path] if path else []
    for key, item in inner:
        found += positions(item, (*path, key))
    return found


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    head, *rest = path
    if isinstance(value, dict):
        return {key: put(item, tuple(rest), new) if key == head else item for key, item in value.items()}
    return [put(item, tuple(rest), new) if at == head else item for at, item in enumerate(value)]


ARTIFACT_INPUTS: dict[str, Any] = {
    "name": "server",
    "description": "serves",
    "status": "locked",
    "containers": [
        {
            "name": "main",
            "image": "ghcr.io/acme/chat:1",
            "port": 8080,
            "env": {"LOG": "info"},
            "readiness": {"path": "/ready", "port": 8080, "periodSeconds": 5},
        }
    ],
}
WORKLOAD_INPUTS: dict[str, Any] = {
    "artifact": {"id": "65f0c0ffee0123456789abcd", **server()},
    "autoscaling": {"policies": [{"metric": "cpuAverageUtilization", "target": 60, "min": 1, "max": 3}]},
    "bundles": ["cpu.small"],
    "description": "chats",
    "allocations": {"main": {"cpu": 1, "memory": "2GB"}},
}


@pytest.mark.parametrize("type_", [ARTIFACT, WORKLOAD])
def test_what_is_unknown_or_secret_anywhere_is_no_mistake_and_calls_nothing(
    engine: Engine, emulator: DataRobotEmulator, type_: str
) -> None:
    inputs = ARTIFACT_INPUTS if type_ == ARTIFACT else WORKLOAD_INPUTS
    subject = engine.subject(type_, "it")
    assert engine.bridge.check(subject, None, inputs).failures == ()
    for path in positions(inputs):
        value: Any = inputs
        for part in path:
            value = value[part]
        for given in (UNKNOWN, SecretValue(value), SecretValue(UNKNOWN)):
            news = put(inputs, path, given)
            checked = engine.bridge.check(subject, None, news)
            assert checked.failures == (), (path, given)
            outputs = engine.bridge.preview_create(subject, checked.inputs)
            assert outputs["record"] is UNKNOWN, path
    assert len(emulator.requests) == 0


def test_an_unknown_value_of_what_exists_is_an_update(engine: Engine, emulator: DataRobotEmulator) -> None:
    assert engine.up(ARTIFACT, "server", ARTIFACT_INPUTS) == "create"
    recorded = engine.recorded(ARTIFACT, "server")
    subject = engine.subject(ARTIFACT, "server")
    for path in positions(ARTIFACT_INPUTS):
        found = engine.diff(ARTIFACT, "server", put(ARTIFACT_INPUTS, path, UNKNOWN))
        assert found.changes, path
        assert found.differences, path
        outputs = engine.bridge.preview_update(subject, recorded, put(ARTIFACT_INPUTS, path, UNKNOWN), ())
        assert outputs["record"] is UNKNOWN


def test_an_unknown_value_of_a_workload_is_an_update_and_replaces_nothing(
    engine: Engine, emulator: DataRobotEmulator
) -> None:
    engine.up(ARTIFACT, "server", server())
    inputs = chat(engine, server(), description="chats", importance="high", replacement={"warmupMinutes": 1})
    engine.up(WORKLOAD, "chat", inputs)
    before = len(emulator.requests)
    for path in positions(inputs):
        found = engine.diff(WORKLOAD, "chat", put(inputs, path, UNKNOWN))
        assert found.differences, path
        assert [item.path for item in found.differences if item.replaces] == (
            ["artifact"] if path == ("artifact",) else []
        )
    assert len(emulator.requests) == before


def test_an_unknown_status_of_a_draft_may_lock_it(engine: Engine) -> None:
    engine.up(ARTIFACT, "server", server(status="draft"))
    assert [item.path for item in engine.diff(ARTIFACT, "server", server(status=UNKNOWN)).differences] == ["status"]
    assert "lock" in engine.lines[-1]


def test_what_an_update_leaves_as_it_was_is_known_before(engine: Engine) -> None:
    engine.up(ARTIFACT, "server", server())
    engine.up(WORKLOAD, "chat", chat(engine, server()))
    subject, recorded = engine.subject(ARTIFACT, "server"), engine.recorded(ARTIFACT, "server")
    outputs = engine.bridge.preview_update(subject, recorded, server(description="more"), ())
    assert outputs["artifactId"] == recorded.outputs["artifactId"]
    outputs = engine.bridge.preview_update(subject, recorded, server("ghcr.io/acme/chat:2"), ())
    assert outputs["artifactId"] is UNKNOWN
    assert outputs["repositoryId"] == recorded.id
    workload = engine.recorded(WORKLOAD, "chat")
    rolled = {**workload.inputs, "artifact": {**server("ghcr.io/acme/chat:2"), "id": UNKNOWN}}
    outputs = engine.bridge.preview_update(engine.subject(WORKLOAD, "chat"), workload, rolled, ())
    assert outputs["endpoint"] == workload.outputs["endpoint"]
    found = engine.diff(WORKLOAD, "chat", rolled)
    assert {item.path for item in found.differences} >= {"artifact.id"}
    assert not any(item.replaces for item in found.differences)


@pytest.mark.parametrize(
    ("type_", "inputs", "path"),
    [
        (ARTIFACT, {"containers": [{"image": "a:1", "port": "web"}]}, "containers[0].port"),
        (ARTIFACT, {"containers": [{"imgae": "a:1", "port": 80}]}, "containers[0].imgae"),
        (ARTIFACT, {"containers": [{"image": "a:1", "port": 8080, "env": {"A.B": 1}}]}, 'containers[0].env["A.B"]'),
        (ARTIFACT, {**server(), "containerGroups": [{"containers": []}]}, "containers"),
        (ARTIFACT, server(templateId="x"), "templateId"),
        (ARTIFACT, server(protect=True), "protect"),
        (ARTIFACT, server(depends_on=["workload.chat"]), "depends_on"),
        (WORKLOAD, {"replicas": 1}, "artifact"),
        (WORKLOAD, {"artifact": {"id": 5}, "replicas": 1}, "artifact.id"),
        (WORKLOAD, {"artifact": {"containers": [{"port": 8080}]}, "replicas": 1}, "artifact.containers[0].image"),
        (WORKLOAD, {"artifact": {**server(), "id": "65f0"}, "replicas": 0}, "replicas"),
        (WORKLOAD, {"artifact": {**server(), "id": "65f0"}, "replicas": 1, "autoscaling": [{"target": 1}]}, None),
    ],
)
def test_what_is_wrong_is_told_with_its_property_path(
    engine: Engine, emulator: DataRobotEmulator, type_: str, inputs: dict[str, Any], path: str | None
) -> None:
    failures = engine.bridge.check(engine.subject(type_, "it"), None, inputs).failures
    assert failures
    if path is not None:
        assert path in {one.path for one in failures}, failures
    for one in failures:
        assert "Traceback" not in one.reason
        assert "wlinfra " not in one.reason
    with pytest.raises(BridgeError) as refused:
        engine.bridge.create(engine.subject(type_, "it"), inputs, 0)
    assert refused.value.refusal is Refusal.INVALID
    assert len(emulator.requests) == 0
