"""Stopped, running and errored workloads against what is declared."""

from __future__ import annotations

from support.datarobot_stage import Stage, chat

from wlinfra.changes.model import Action, BlastRadius


def test_one_stopped_by_hand_is_started(stage: Stage) -> None:
    stage.apply(chat())
    stage.api.ok("POST", f"/workloads/{stage.workload()['id']}/stop")
    stage.clock.advance(5)
    change = stage.change(chat(), "workload.chat")
    assert [step.operation for step in change.steps] == ["start_workload"]
    stage.calls()
    stage.apply(chat())
    assert stage.calls() == ["POST /workloads/*/start"]
    assert stage.workload()["status"] == "running"


def test_one_still_stopping_is_started_when_it_has_stopped(stage: Stage) -> None:
    stage.apply(chat())
    stage.api.ok("POST", f"/workloads/{stage.workload()['id']}/stop")
    assert stage.workload()["status"] == "stopping"
    stage.apply(chat())
    assert stage.workload()["status"] == "running"


def test_stopping_is_downtime(stage: Stage) -> None:
    stage.apply(chat())
    change = stage.change(chat(power="stopped"), "workload.chat")
    assert (change.action, change.blast_radius) == (Action.UPDATE, BlastRadius.DOWNTIME)


def test_an_errored_one_is_rolled_and_never_started(stage: Stage) -> None:
    failed = stage.apply(chat(artifact={"image": "acme/crashes:1"}), ok=False)
    assert "CrashLoopBackOff" in str(failed.failed)
    wanted = chat(artifact={"image": "acme/chat:2"})
    stage.calls()
    stage.apply(wanted)
    assert stage.calls() == ["POST /artifacts", "PATCH /artifacts/*", "POST /workloads/*/replacement"]
    assert stage.workload()["status"] == "running"
    assert stage.plan(wanted).is_empty


def test_an_errored_one_of_the_same_version_is_rolled_again(stage: Stage) -> None:
    crashing = chat(artifact={"image": "acme/crashes:1"})
    stage.apply(crashing, ok=False)
    change = stage.change(crashing, "workload.chat")
    assert (change.action, [step.operation for step in change.steps]) == (Action.ROLL, ["update_settings"])
    assert not stage.apply(crashing, ok=False).ok


def test_a_stopped_one_takes_settings_and_stays_stopped(stage: Stage) -> None:
    stage.apply(chat(power="stopped"))
    wanted = chat(power="stopped", replicas=3)
    change = stage.change(wanted, "workload.chat")
    assert (change.action, change.blast_radius) == (Action.UPDATE, BlastRadius.NONE)
    stage.apply(wanted)
    after = stage.workload()
    assert (after["status"], after["runtime"]["containerGroups"][0]["replicaCount"]) == ("stopped", 3)
    assert stage.plan(wanted).is_empty


def test_a_stopped_one_is_rolled_and_then_started(stage: Stage) -> None:
    stage.apply(chat(power="stopped"))
    wanted = chat(artifact={"image": "acme/chat:2"})
    stage.calls()
    stage.apply(wanted)
    assert stage.calls()[2:] == ["POST /workloads/*/replacement", "POST /workloads/*/start"]
    after = stage.workload()
    assert (after["status"], after["artifact"]["version"]) == ("running", 2)
    assert stage.plan(wanted).is_empty


def test_stopping_comes_before_other_settings(stage: Stage) -> None:
    stage.apply(chat())
    stage.calls()
    stage.apply(chat(power="stopped", replicas=2))
    assert stage.calls() == ["POST /workloads/*/stop", "PATCH /workloads/*/settings"]
    assert stage.plan(chat(power="stopped", replicas=2)).is_empty


def test_stopping_while_a_roll_of_ours_is_under_way_sets_what_was_rolled(stage: Stage) -> None:
    stage.apply(chat())
    stage.apply(chat(replicas=3), wait=False)
    wanted = chat(replicas=3, power="stopped")
    stage.calls()
    stage.apply(wanted)
    assert stage.calls() == ["POST /workloads/*/stop", "PATCH /workloads/*/settings"]
    assert stage.workload()["runtime"]["containerGroups"][0]["replicaCount"] == 3
    assert stage.plan(wanted).is_empty


def test_an_errored_one_is_stopped_before_it_gets_another_version(stage: Stage) -> None:
    stage.apply(chat(artifact={"image": "acme/crashes:1"}), ok=False)
    wanted = chat(power="stopped")
    stage.calls()
    stage.apply(wanted)
    assert stage.calls()[-2:] == ["POST /workloads/*/stop", "POST /workloads/*/replacement"]
    assert stage.workload()["status"] == "stopped"
    assert stage.plan(wanted).is_empty
