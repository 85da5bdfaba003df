"""After a crash the platform is asked what happened; doubt stays doubt."""

from __future__ import annotations

from typing import Any

from support.datarobot_stage import Stage, chat, server

import wlinfra as wl
from wlinfra.provider.base import DidNotHappen, Happened, Recovery, UnclearOutcome
from wlinfra.state.model import Intent
from wlinfra.values import Address


def _ask(stage: Stage, operation: str, *, kind: str = "workload", target: str | None = None, **lookup: Any) -> Recovery:
    intent = Intent(
        address=Address("workload.chat"),
        provider="default",
        kind=kind,
        operation=operation,
        verb="POST",
        target=target,
        lookup=lookup,
    )
    return stage.connection().recover(intent)


def test_exactly_one_new_object_of_the_name_is_the_created_one(stage: Stage) -> None:
    stage.apply(chat())
    created = stage.workload()["id"]
    found = _ask(stage, "create_workload", name="chat", known=[])
    assert isinstance(found, Happened)
    assert found.id == created
    assert isinstance(_ask(stage, "create_workload", name="chat", known=[created]), DidNotHappen)


def test_several_new_objects_are_unclear(stage: Stage) -> None:
    stage.apply(chat())
    stage.api.ok("POST", "/workloads", {"name": "chat", "artifactId": stage.workload()["artifactId"]})
    found = _ask(stage, "create_workload", name="chat", known=[])
    assert isinstance(found, UnclearOutcome)
    assert len(found.candidates) == 2


def test_a_version_is_looked_for_in_its_repository(stage: Stage) -> None:
    stage.apply(chat())
    (artifact,) = stage.artifacts()
    lookup: dict[str, Any] = {"name": "server", "known": [], "versions": [], "repositories": []}
    repository = artifact["artifactRepositoryId"]
    found = _ask(stage, "create_artifact", kind="artifact", repository=repository, **lookup)
    assert isinstance(found, Happened)
    assert found.memory == {"versions": [artifact["id"]], "repositories": []}
    other = _ask(stage, "create_artifact", kind="artifact", repository="elsewhere", **lookup)
    assert isinstance(other, DidNotHappen)


def _two() -> list[wl.Resource]:
    first, second = server(), server(name="second", image="acme/chat:2")
    return [first, second, wl.Workload("chat", artifact=first)]


def test_a_roll_is_judged_by_its_replacement_then_by_what_runs(stage: Stage) -> None:
    stage.apply(_two)
    workload = stage.workload()
    second = next(row["id"] for row in stage.artifacts() if row["name"] == "second")
    lookup = {"artifact_id": second, "proton": workload["protonId"], "candidates": [], "rerolls": False}
    assert isinstance(_ask(stage, "replace_workload", target=workload["id"], **lookup), DidNotHappen)
    body = {"artifactId": second, "strategy": "rolling"}
    stage.api.ok("POST", f"/workloads/{workload['id']}/replacement", body)
    assert isinstance(_ask(stage, "replace_workload", target=workload["id"], **lookup), Happened)
    stage.clock.advance(60)
    assert stage.workload()["replacement"] is None
    assert isinstance(_ask(stage, "replace_workload", target=workload["id"], **lookup), Happened)


def test_a_reroll_of_the_same_artifact_is_seen_by_its_proton(stage: Stage) -> None:
    stage.apply(chat(artifact={"status": "draft"}))
    workload = stage.workload()
    lookup = {
        "artifact_id": workload["artifactId"],
        "proton": workload["protonId"],
        "candidates": [],
        "rerolls": True,
    }
    assert isinstance(_ask(stage, "update_settings", target=workload["id"], **lookup), DidNotHappen)
    stage.api.ok("PATCH", f"/workloads/{workload['id']}/settings", {"runtime": {"containerGroups": [{}]}})
    stage.clock.advance(60)
    assert isinstance(_ask(stage, "update_settings", target=workload["id"], **lookup), Happened)


def test_deletions_locks_and_power_are_judged_by_what_is_there(stage: Stage) -> None:
    stage.apply(chat())
    workload, (artifact,) = stage.workload(), stage.artifacts()
    assert isinstance(_ask(stage, "lock_artifact", kind="artifact", target=artifact["id"]), Happened)
    assert isinstance(_ask(stage, "start_workload", target=workload["id"]), Happened)
    assert isinstance(_ask(stage, "stop_workload", target=workload["id"]), DidNotHappen)
    assert isinstance(_ask(stage, "delete_workload", target=workload["id"]), DidNotHappen)
    stage.api.ok("DELETE", f"/workloads/{workload['id']}")
    assert isinstance(_ask(stage, "delete_workload", target=workload["id"]), Happened)


def test_a_platform_that_cannot_be_asked_leaves_it_unclear(stage: Stage) -> None:
    from wlinfra.emulation import Reply

    stage.options["retries"] = 0
    stage.emulator.faults.on(Reply(503), method="GET", times=None)
    assert isinstance(_ask(stage, "create_workload", name="chat", known=[]), UnclearOutcome)


def test_what_a_killed_run_made_is_awaited_and_not_made_again(stage: Stage) -> None:
    declared = chat(replicas=2, bundles=["cpu.small"], importance="high", artifact={"env": {"LOG": "info"}})
    stage.apply(declared)
    stage.lose_values("artifact.server")
    stage.lose_values("workload.chat")
    stage.calls()
    stage.apply(declared)
    assert stage.calls() == []
    assert stage.plan(declared).is_empty


def test_a_draft_left_by_a_killed_run_is_locked(stage: Stage) -> None:
    stage.apply(chat(artifact={"status": "draft"}, power="stopped"))
    stage.lose_values("artifact.server")
    stage.calls()
    stage.apply(chat(power="stopped"))
    assert stage.calls() == ["PATCH /artifacts/*"]
    assert stage.artifacts()[0]["status"] == "locked"
