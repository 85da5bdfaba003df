"""One artifact and one workload on the DataRobot emulator: created, changed, replaced and deleted as the core plans it."""

from __future__ import annotations

from support.api_client import ApiClient
from support.pulumi_engine import ARTIFACT, WORKLOAD, Engine, chat, server

from wlinfra_datarobot.emulator import DataRobotEmulator


def test_what_was_created_shows_no_difference_and_asks_nothing(engine: Engine, emulator: DataRobotEmulator) -> None:
    assert engine.up(ARTIFACT, "server", server()) == "create"
    assert engine.up(WORKLOAD, "chat", chat(engine, server())) == "create"
    made = engine.recorded(WORKLOAD, "chat")
    assert made.outputs["workloadId"] == made.id
    assert made.outputs["endpoint"]
    engine.restart()
    before = len(emulator.requests)
    assert engine.up(ARTIFACT, "server", server()) == "same"
    assert engine.up(WORKLOAD, "chat", chat(engine, server())) == "same"
    assert len(emulator.requests) == before


def test_another_image_makes_a_version_and_rolls_what_runs_it(engine: Engine, emulator: DataRobotEmulator) -> None:
    engine.up(ARTIFACT, "server", server())
    engine.up(WORKLOAD, "chat", chat(engine, server()))
    artifact, workload = engine.recorded(ARTIFACT, "server"), engine.recorded(WORKLOAD, "chat")
    engine.restart()
    changed = server("ghcr.io/acme/chat:2")
    found = engine.diff(ARTIFACT, "server", changed)
    assert [(item.path, item.replaces) for item in found.differences] == [("containers[0].image", False)]
    assert engine.up(ARTIFACT, "server", changed) == "update"
    assert engine.recorded(ARTIFACT, "server").id == artifact.id
    assert engine.recorded(ARTIFACT, "server").outputs["artifactId"] != artifact.outputs["artifactId"]
    engine.lines.clear()
    assert engine.up(WORKLOAD, "chat", chat(engine, changed)) == "update"
    assert engine.recorded(WORKLOAD, "chat").id == workload.id
    assert engine.recorded(WORKLOAD, "chat").outputs["endpoint"] == workload.outputs["endpoint"]
    (line,) = engine.lines
    assert "rolling restart" in line
    assert "/replacement" in line
    assert engine.up(WORKLOAD, "chat", chat(engine, changed)) == "same"


def test_destroying_leaves_nothing(engine: Engine, emulator: DataRobotEmulator) -> None:
    engine.up(ARTIFACT, "server", server())
    engine.up(WORKLOAD, "chat", chat(engine, server()))
    engine.restart()
    engine.destroy(WORKLOAD, "chat")
    engine.destroy(ARTIFACT, "server")
    api = ApiClient(emulator.url)
    for kind in ("workloads", "artifacts"):
        assert api.call("GET", f"/{kind}/").body["data"] == []
