"""Nothing this stack did not make is ever deleted."""

from __future__ import annotations

from typing import Any

from support.datarobot_stage import Quirks, Stage, chat, server

import wlinfra as wl
from wlinfra.changes.model import Action, ActionReason


def _foreign(stage: Stage, **more: Any) -> dict[str, Any]:
    container = {"name": "main", "imageUri": "f:1", "port": 8080}
    body = {"name": "foreign", "status": "locked", "spec": {"containerGroups": [{"containers": [container]}]}, **more}
    made: dict[str, Any] = stage.api.ok("POST", "/artifacts", body)
    return made


def test_a_repository_with_a_foreign_version_stays(stage: Stage) -> None:
    stage.apply(chat())
    repository = stage.record("artifact.server").outputs["repository_id"]
    foreign = _foreign(stage, artifactRepositoryId=repository)
    plan = stage.plan(chat(), destroy=True)
    change = next(change for change in plan.changes if change.address == "artifact.server")
    assert change.action is Action.FORGET
    assert foreign["id"] in change.notes[0]
    stage.calls()
    stage.apply(chat(), destroy=True)
    assert stage.calls() == ["DELETE /workloads/*"]
    assert len(stage.artifacts()) == 2


def test_a_named_repository_is_not_ours_to_delete(stage: Stage) -> None:
    foreign = _foreign(stage)
    wanted = chat(artifact={"repository": foreign["artifactRepositoryId"]})
    stage.apply(wanted)
    stage.apply(wanted, destroy=True)
    assert foreign["id"] in [artifact["id"] for artifact in stage.artifacts()]


def test_our_draft_in_a_foreign_repository_goes_alone(stage: Stage) -> None:
    foreign = _foreign(stage)
    wanted = chat(artifact={"repository": foreign["artifactRepositoryId"], "status": "draft"})
    stage.apply(wanted)
    stage.calls()
    stage.apply(wanted, destroy=True)
    assert stage.calls() == ["DELETE /workloads/*", "DELETE /artifacts/*"]
    assert [artifact["id"] for artifact in stage.artifacts()] == [foreign["id"]]


def test_what_was_deleted_by_hand_is_forgotten(stage: Stage) -> None:
    stage.apply(chat())
    stage.api.ok("DELETE", f"/workloads/{stage.workload()['id']}")
    stage.calls()
    stage.apply(chat(), destroy=True)
    assert stage.calls() == ["DELETE /artifactRepositories/*"]
    assert stage.state.objects == {}


def test_one_deleted_by_hand_is_made_again(stage: Stage) -> None:
    stage.apply(chat())
    stage.api.ok("DELETE", f"/workloads/{stage.workload()['id']}")
    stage.calls()
    stage.apply(chat())
    assert stage.calls() == ["POST /workloads"]


def test_a_502_of_a_deletion_that_took_effect_is_no_failure(stage: Stage) -> None:
    stage.apply(chat())
    stage.emulator.quirks = Quirks(delete_answers_502=True)
    stage.apply(chat(), destroy=True)
    assert stage.state.objects == {}


def test_another_type_is_another_repository_and_the_old_one_goes(stage: Stage) -> None:
    alone = [server()]
    stage.apply(lambda: alone)
    stage.calls()
    agent = [server(type="agent")]
    stage.apply(lambda: agent)
    assert stage.calls() == ["POST /artifacts", "PATCH /artifacts/*", "DELETE /artifactRepositories/*"]
    assert [artifact["type"] for artifact in stage.artifacts()] == ["agent"]
    assert stage.plan(lambda: agent).is_empty


def test_a_workload_follows_its_artifact_to_another_type(stage: Stage) -> None:
    stage.apply(chat())
    before = stage.workload()["id"]
    wanted = chat(artifact={"type": "agent"})
    change = stage.change(wanted, "workload.chat")
    assert (change.action, change.reason) == (Action.REPLACE, ActionReason.DEPENDENCY_REPLACED)
    stage.apply(wanted)
    after = stage.workload()
    assert (after["id"] != before, after["type"], len(stage.artifacts())) == (True, "agent", 1)
    assert stage.plan(wanted).is_empty


def test_an_unnamed_workload_is_deleted_and_its_artifact_stays(stage: Stage) -> None:
    stage.apply(chat())
    stage.calls()
    only = [server()]
    stage.apply(lambda: only)
    assert stage.calls() == ["DELETE /workloads/*"]
    assert len(stage.artifacts()) == 1


def test_an_artifact_that_another_user_s_workload_runs_is_not_deleted(stage: Stage) -> None:
    alone = [server()]
    stage.apply(lambda: alone)
    stranger = stage.api.ok(
        "POST", "/workloads", {"name": "stranger", "artifactId": stage.record("artifact.server").id}
    )
    (error,) = stage.plan(list, destroy=True).errors
    assert (error.summary, error.address) == ("Artifact is in use", "artifact.server")
    assert stranger["id"] in error.detail


def test_a_workload_that_names_an_artifact_by_its_id_moves_off_it_before_it_is_deleted(stage: Stage) -> None:
    one, two = server(name="one"), server(name="two")
    stage.apply(lambda: [one, two])
    first, second = (str(stage.record(f"artifact.{name}").id) for name in ("one", "two"))
    (error,) = stage.plan(lambda: [two, wl.Workload("chat", artifact=first)]).errors
    assert "workload.chat" in error.detail
    stage.apply(lambda: [one, two, wl.Workload("chat", artifact=first)])
    (error,) = stage.plan(lambda: [two, wl.Workload("chat", artifact=first)]).errors
    assert (error.summary, error.address) == ("Artifact is in use", "artifact.one")
    stage.calls()
    stage.apply(lambda: [two, wl.Workload("chat", artifact=second)])
    assert stage.calls() == ["POST /workloads/*/replacement", "DELETE /artifactRepositories/*"]
