"""One artifact and one workload, from nothing to nothing."""

from __future__ import annotations

from support.datarobot_stage import Stage, chat

from wlinfra.changes.model import Action


def test_a_first_apply_makes_both_and_waits_until_it_runs(stage: Stage) -> None:
    stage.apply(chat(replicas=2))
    assert stage.calls() == ["POST /artifacts", "PATCH /artifacts/*", "POST /workloads"]
    workload = stage.workload()
    assert (workload["status"], workload["artifact"]["status"]) == ("running", "locked")
    assert workload["runtime"]["containerGroups"][0]["replicaCount"] == 2


def test_the_outputs_are_id_endpoint_and_version(stage: Stage) -> None:
    stage.apply(chat())
    workload = stage.workload()
    assert stage.record("workload.chat").outputs["endpoint"] == workload["endpoint"]
    assert stage.record("artifact.server").outputs["version"] == 1
    assert stage.record("artifact.server").outputs["repository_id"] == workload["artifact"]["artifactRepositoryId"]


def test_a_second_plan_changes_nothing_and_needs_one_request_per_object(stage: Stage) -> None:
    stage.apply(chat(replicas=2))
    stage.calls()
    plan = stage.plan(chat(replicas=2))
    assert [change.action for change in plan.changes] == [Action.NO_OP, Action.NO_OP]
    assert len(stage.emulator.requests) == 2


def test_a_new_image_makes_a_version_and_rolls(stage: Stage) -> None:
    stage.apply(chat())
    before = stage.workload()
    stage.calls()
    stage.apply(chat(artifact={"image": "acme/chat:2"}))
    assert stage.calls() == ["POST /artifacts", "PATCH /artifacts/*", "POST /workloads/*/replacement"]
    after = stage.workload()
    assert (after["id"], after["endpoint"]) == (before["id"], before["endpoint"])
    assert after["artifact"]["version"] == 2
    assert after["artifact"]["artifactRepositoryId"] == before["artifact"]["artifactRepositoryId"]


def test_the_plan_after_a_new_version_is_empty_and_keeps_the_old_one(stage: Stage) -> None:
    stage.apply(chat())
    stage.apply(chat(artifact={"image": "acme/chat:2"}))
    assert stage.plan(chat(artifact={"image": "acme/chat:2"})).is_empty
    assert [artifact["version"] for artifact in stage.artifacts()] == [1, 2]


def test_destroying_ends_the_workload_first_and_then_the_repository(stage: Stage) -> None:
    stage.apply(chat())
    stage.apply(chat(artifact={"image": "acme/chat:2"}))
    stage.calls()
    stage.apply(chat(), destroy=True)
    assert stage.calls() == ["DELETE /workloads/*", "DELETE /artifactRepositories/*"]
    assert stage.artifacts() == []
    assert stage.state.objects == {}
