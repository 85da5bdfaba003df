"""A draft is edited in place, and the workload that runs it is rolled, because it never adopts an edit by itself."""

from __future__ import annotations

from support.datarobot_stage import Stage, chat, server

import wlinfra as wl
from wlinfra.changes.model import Action

DRAFT = {"status": "draft"}
EDITED = {"status": "draft", "image": "acme/chat:2"}


def test_an_edit_rolls_the_workload_although_the_id_stays(stage: Stage) -> None:
    stage.apply(chat(artifact=DRAFT))
    before = stage.workload()
    stage.calls()
    stage.apply(chat(artifact=EDITED))
    assert stage.calls() == ["PATCH /artifacts/*", "PATCH /workloads/*/settings"]
    after = stage.workload()
    assert after["artifactId"] == before["artifactId"]
    assert after["protonId"] != before["protonId"]
    assert stage.plan(chat(artifact=EDITED)).is_empty


def test_an_edit_without_its_roll_is_seen_by_the_next_plan(stage: Stage) -> None:
    stage.apply(chat(artifact=DRAFT))
    stage.apply(chat(artifact=EDITED), targets=("artifact.server",))
    stage.calls()
    change = stage.change(chat(artifact=EDITED), "workload.chat")
    assert (change.action, [step.operation for step in change.steps]) == (Action.ROLL, ["update_settings"])
    stage.apply(chat(artifact=EDITED))
    assert stage.calls() == ["PATCH /workloads/*/settings"]
    assert stage.plan(chat(artifact=EDITED)).is_empty


def test_a_failed_roll_of_an_edit_is_rolled_again(stage: Stage) -> None:
    stage.apply(chat(artifact=DRAFT))
    result = stage.apply(chat(artifact={**DRAFT, "image": "acme/crashes:2"}), ok=False)
    assert "CrashLoopBackOff" in str(result.failed)
    assert "the last run of container main ended with exit code 1 (Error)" in str(result.failed)
    stage.apply(chat(artifact=EDITED))
    assert stage.workload()["status"] == "running"
    assert stage.plan(chat(artifact=EDITED)).is_empty


def test_name_and_description_of_a_draft_roll_nothing(stage: Stage) -> None:
    stage.apply(chat(artifact=DRAFT))
    stage.calls()
    stage.apply(chat(artifact={**DRAFT, "description": "d", "platform_name": "s2"}))
    assert stage.calls() == ["PATCH /artifacts/*"]


def test_locking_a_running_draft_promotes_it(stage: Stage) -> None:
    stage.apply(chat(artifact=DRAFT))
    before = stage.workload()
    change = stage.change(chat(), "artifact.server")
    assert (change.decision.reversible, change.decision.label) == (False, "lock")
    stage.calls()
    stage.apply(chat())
    assert stage.calls() == ["POST /workloads/*/promote"]
    after = stage.workload()
    assert (after["artifact"]["status"], after["protonId"]) == ("locked", before["protonId"])
    assert stage.record("artifact.server").outputs["version"] == 1
    assert stage.plan(chat()).is_empty


def test_locking_a_draft_that_does_not_run_patches_its_status(stage: Stage) -> None:
    stage.apply(chat(artifact=DRAFT, power="stopped"))
    stage.calls()
    stage.apply(chat(power="stopped"))
    assert stage.calls() == ["PATCH /artifacts/*"]


def test_locking_a_draft_does_not_go_through_a_workload_that_ends(stage: Stage) -> None:
    stage.apply(chat(artifact=DRAFT))
    alone = [server()]
    assert [step.operation for step in stage.change(lambda: alone, "artifact.server").steps] == ["lock_artifact"]
    stage.apply(lambda: alone)
    assert stage.plan(lambda: alone).is_empty


def test_locking_a_draft_while_its_workload_moves_to_another_is_refused(stage: Stage) -> None:
    stage.apply(chat(artifact=DRAFT))
    other = server(name="other", status="draft")
    errors = stage.plan(lambda: [server(), other, wl.Workload("chat", artifact=other)]).errors
    assert [error.summary for error in errors] == ["Locked while its workload moves on"]
    assert "workload.chat" in errors[0].fix


def test_editing_and_locking_a_running_draft_at_once_is_refused(stage: Stage) -> None:
    stage.apply(chat(artifact=DRAFT))
    errors = stage.plan(chat(artifact={"image": "acme/chat:2"})).errors
    assert [error.summary for error in errors] == ["Edited and locked at once"]


def test_a_locked_artifact_never_becomes_a_draft(stage: Stage) -> None:
    stage.apply(chat())
    errors = stage.plan(chat(artifact=DRAFT)).errors
    assert [error.summary for error in errors] == ["Locked artifact cannot become draft"]
    assert errors[0].location is not None


def test_a_draft_is_not_replaced_by_a_locked_artifact(stage: Stage) -> None:
    from support.datarobot_stage import server

    import wlinfra as wl

    stage.apply(chat(artifact=DRAFT))

    def other() -> list[wl.Resource]:
        second = server(name="second")
        return [server(**DRAFT), second, wl.Workload("chat", artifact=second)]

    errors = stage.plan(other).errors
    assert [error.summary for error in errors] == ["Draft and locked do not mix"]
    assert "Lock the draft that runs now" in str(errors[0].fix)


def test_a_locked_artifact_is_not_replaced_by_a_draft(stage: Stage) -> None:
    from support.datarobot_stage import server

    import wlinfra as wl

    stage.apply(chat())

    def other() -> list[wl.Resource]:
        second = server(name="second", status="draft")
        return [server(), second, wl.Workload("chat", artifact=second)]

    errors = stage.plan(other).errors
    assert [error.summary for error in errors] == ["Draft and locked do not mix"]
    assert "Lock the draft that it is to run" in str(errors[0].fix)


def test_a_plan_needs_no_secret_of_a_draft(stage: Stage) -> None:
    def missing() -> str:
        raise wl.ConfigurationError.of("Secret is missing", "CHAT_TOKEN is not set.")

    secret = wl.Secret(missing, describe="CHAT_TOKEN")
    assert not stage.plan(chat(artifact={**DRAFT, "env": {"TOKEN": secret}})).errors


def test_a_draft_is_locked_once_the_roll_of_its_workload_is_over(stage: Stage) -> None:
    stage.apply(chat(artifact=DRAFT))
    stage.apply(chat(artifact=DRAFT, replicas=2), wait=False)
    step = stage.change(chat(replicas=2), "artifact.server").steps[-1]
    assert (step.operation, step.gate is not None) == ("promote_workload", True)
    stage.calls()
    stage.apply(chat(replicas=2))
    assert stage.calls() == ["POST /workloads/*/promote"]
    assert stage.plan(chat(replicas=2)).is_empty


def test_locking_a_draft_while_its_stopped_workload_moves_to_another_is_refused(stage: Stage) -> None:
    stage.apply(chat(artifact=DRAFT, power="stopped"))
    other = server(name="other", status="draft")
    moved = wl.Workload("chat", artifact=other, power="stopped")
    errors = stage.plan(lambda: [server(), other, moved]).errors
    assert [error.summary for error in errors] == ["Locked while its workload moves on"]


def test_another_type_takes_nothing_over_that_only_the_old_type_has(stage: Stage) -> None:
    agent, service = server(type="agent"), server()
    stage.apply(lambda: [agent])
    stage.apply(lambda: [service])
    assert stage.plan(lambda: [service]).is_empty
