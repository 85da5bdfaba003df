"""A roll of ours that is not over, or failed: nobody's drift, nothing to record, and told as what it is."""

from __future__ import annotations

from support.datarobot_stage import Stage, chat

from wlinfra.changes.model import Action
from wlinfra.diff.model import Origin
from wlinfra.render.text import render_plan
from wlinfra.state.model import Health

OLD, NEW = chat(artifact={"image": "acme/chat:1"}), chat(artifact={"image": "acme/chat:2"})
BROKEN = chat(artifact={"image": "acme/crashes:1"})


def rolling(stage: Stage) -> str:
    """Begin a roll that nobody waits for, and return the artifact that still runs."""
    stage.apply(OLD)
    runs = str(stage.workload()["artifactId"])
    stage.apply(NEW, wait=False)
    assert (stage.workload()["artifactId"], stage.record("workload.chat").health) == (runs, Health.UNREADY)
    return runs


def failed(stage: Stage) -> str:
    """Make a roll that fails, and return the artifact that still runs."""
    stage.apply(OLD)
    runs = str(stage.workload()["artifactId"])
    result = stage.apply(BROKEN, ok=False)
    assert [change.name for change, _ in result.failed] == ["chat"]
    assert stage.workload()["artifactId"] == runs
    return runs


def test_a_roll_under_way_is_no_drift(stage: Stage) -> None:
    runs = rolling(stage)
    plan = stage.plan(NEW, refresh_only=True)
    assert plan.is_empty
    assert [change.drift for change in plan.changes] == [(), ()]
    text = render_plan(plan)
    assert "is under way, or has failed. Until it succeeds, these values are live" in text
    assert f'workload.chat: artifact = "{runs}"' in text


def test_recording_what_is_live_keeps_what_was_applied(stage: Stage) -> None:
    rolling(stage)
    applied = dict(stage.record("workload.chat").values)
    stage.apply(NEW, refresh_only=True)
    assert dict(stage.record("workload.chat").values) == applied


def test_a_roll_that_is_over_is_told_no_more(stage: Stage) -> None:
    rolling(stage)
    stage.clock.advance(3600)
    plan = stage.plan(NEW, refresh_only=True)
    assert [change.unfinished for change in plan.changes] == [(), ()]
    stage.apply(NEW)
    assert stage.record("workload.chat").running == {}
    assert stage.plan(NEW).is_empty


def test_a_failed_roll_is_no_drift_and_was_never_applied(stage: Stage) -> None:
    runs = failed(stage)
    assert stage.plan(BROKEN, refresh_only=True).is_empty
    change = stage.change(BROKEN, "workload.chat")
    assert (change.action, change.drift) == (Action.ROLL, ())
    ((artifact, origin),) = [(item.live, item.origin) for item in change.attributes if item.path == ("artifactId",)]
    assert (artifact, origin) == (runs, Origin.INTENDED)


def test_what_somebody_changes_meanwhile_is_drift(stage: Stage) -> None:
    failed(stage)
    stage.api.ok("PATCH", f"/workloads/{stage.workload()['id']}", {"importance": "critical"})
    declared = chat(artifact={"image": "acme/crashes:1"}, importance="low")
    drift = stage.change(declared, "workload.chat").attributes
    assert "importance" in [item.path[0] for item in drift]


def test_reverting_a_failed_roll_uses_the_version_that_runs(stage: Stage) -> None:
    runs = failed(stage)
    versions = {row["id"] for row in stage.artifacts()}
    stage.calls()
    plan = stage.plan(OLD)
    assert [(change.action, change.steps) for change in plan.effective if change.kind == "artifact"] == [
        (Action.UPDATE, ())
    ]
    stage.apply(OLD)
    assert [call for call in stage.calls() if call.startswith("POST /artifacts")] == []
    assert {row["id"] for row in stage.artifacts()} == versions
    assert (stage.workload()["artifactId"], stage.record("artifact.server").id) == (runs, runs)
    assert stage.plan(OLD).is_empty


def test_an_equal_version_is_used_before_another_is_made(stage: Stage) -> None:
    stage.apply(OLD)
    first = stage.record("artifact.server").id
    stage.apply(NEW)
    stage.calls()
    stage.apply(OLD)
    assert stage.record("artifact.server").id == first
    assert [call for call in stage.calls() if "artifacts" in call] == []
    assert (stage.workload()["artifactId"], len(stage.artifacts())) == (first, 2)
    assert stage.plan(OLD).is_empty


def errored(stage: Stage) -> None:
    """Create a workload whose first start fails."""
    assert not stage.apply(BROKEN, ok=False).ok
    assert stage.workload()["status"] == "errored"


def test_a_first_start_that_failed_is_no_drift(stage: Stage) -> None:
    errored(stage)
    plan = stage.plan(BROKEN, refresh_only=True)
    assert plan.is_empty
    assert [change.drift for change in plan.changes] == [(), ()]
    assert 'workload.chat: power = "errored"' in render_plan(plan)
    text = render_plan(stage.plan(NEW))
    assert "outside of wlinfra" not in text
    assert 'was "running"' not in text
    stage.apply(NEW)
    assert stage.record("workload.chat").running == {}
    assert stage.plan(NEW).is_empty


def test_a_failed_start_is_rolled_again_although_what_is_live_was_recorded(stage: Stage) -> None:
    errored(stage)
    stage.apply(BROKEN, refresh_only=True)
    assert stage.change(BROKEN, "workload.chat").action is Action.ROLL


def test_a_replacement_that_does_not_start_is_no_drift(stage: Stage) -> None:
    stage.apply(OLD)
    stage.apply(BROKEN, ok=False, replaces=("workload.chat",))
    assert stage.plan(BROKEN, refresh_only=True).is_empty


def test_what_another_user_does_to_a_failed_start_is_drift(stage: Stage) -> None:
    errored(stage)
    stage.api.ok("POST", f"/workloads/{stage.workload()['id']}/stop")
    stage.clock.advance(60)
    (drift,) = stage.plan(BROKEN, refresh_only=True).changes[-1].drift
    assert (drift.recorded, drift.live) == ("running", "stopped")
