"""A replacement that is already under way: awaited, adopted or cancelled."""

from __future__ import annotations

from support.datarobot_stage import Stage, chat, server

import wlinfra as wl
from wlinfra.changes.model import Action, BlastRadius


def _start(stage: Stage, artifact_id: str) -> None:
    workload = stage.workload()
    body = {"artifactId": artifact_id, "strategy": "rolling"}
    stage.api.ok("POST", f"/workloads/{workload['id']}/replacement", body)


def _two(wanted: str) -> list[wl.Resource]:
    first, second = server(), server(name="second", image="acme/chat:2")
    return [first, second, wl.Workload("chat", artifact=second if wanted == "second" else first)]


def _id_of(stage: Stage, name: str) -> str:
    return str(next(row["id"] for row in stage.artifacts() if row["name"] == name))


def test_one_that_goes_where_we_want_is_adopted(stage: Stage) -> None:
    stage.apply(lambda: _two("server"))
    _start(stage, _id_of(stage, "second"))
    change = stage.change(lambda: _two("second"), "workload.chat")
    assert (change.action, change.decision.label, change.steps) == (Action.ROLL, "adopt", ())
    stage.calls()
    stage.apply(lambda: _two("second"))
    assert stage.calls() == []
    assert stage.workload()["artifactId"] == _id_of(stage, "second")
    assert stage.plan(lambda: _two("second")).is_empty


def test_one_with_another_runtime_is_not_adopted(stage: Stage) -> None:
    stage.apply(lambda: _two("server"))
    _start(stage, _id_of(stage, "second"))

    def wanted() -> list[wl.Resource]:
        first, second = server(), server(name="second", image="acme/chat:2")
        return [first, second, wl.Workload("chat", artifact=second, replicas=2)]

    change = stage.change(wanted, "workload.chat")
    assert (change.decision.label, change.steps[0].gate is not None) == ("", True)
    assert change.blast_radius is BlastRadius.ROLLING


def test_somebody_elses_is_awaited_before_ours_begins(stage: Stage) -> None:
    stage.apply(chat())
    foreign = stage.api.ok(
        "POST",
        "/artifacts",
        {
            "name": "foreign",
            "status": "locked",
            "spec": {"containerGroups": [{"containers": [{"name": "main", "imageUri": "f:1", "port": 8080}]}]},
        },
    )
    _start(stage, foreign["id"])
    wanted = chat(artifact={"image": "acme/chat:2"})
    change = stage.change(wanted, "workload.chat")
    (step,) = change.steps
    assert step.gate is not None
    assert step.gate.goal == "replacement-over"
    assert any("is under way" in note for note in change.notes)
    stage.apply(wanted)
    assert stage.workload()["artifact"]["name"] == "server"


def test_an_older_roll_of_ours_is_cancelled(stage: Stage) -> None:
    stage.apply(chat())
    stage.apply(chat(artifact={"image": "acme/never-ready:2"}), ok=False, wait=False)
    change = stage.change(chat(artifact={"image": "acme/chat:3"}), "workload.chat")
    assert [step.operation for step in change.steps] == ["cancel_replacement", "replace_workload"]
    stage.calls()
    stage.apply(chat(artifact={"image": "acme/chat:3"}))
    assert stage.calls()[2:] == ["DELETE /workloads/*/replacement", "POST /workloads/*/replacement"]
    assert stage.workload()["artifact"]["version"] == 3


def test_a_cancelled_roll_fails_with_the_reason(stage: Stage) -> None:
    stage.apply(chat())
    stage.apply(chat(artifact={"image": "acme/never-ready:2"}), ok=False, wait=False)
    workload = stage.workload()
    stage.api.ok("DELETE", f"/workloads/{workload['id']}/replacement")
    stage.clock.advance(5)
    wanted = chat(artifact={"image": "acme/never-ready:2"})
    change = stage.change(wanted, "workload.chat")
    assert (change.action, [step.operation for step in change.steps]) == (Action.ROLL, ["replace_workload"])


def test_an_adopted_one_that_fails_is_reported_at_once(stage: Stage) -> None:
    stage.apply(chat())
    crashing = chat(artifact={"image": "acme/crashes:1"})
    stage.apply(crashing, wait=False)
    assert stage.change(crashing, "workload.chat").decision.label == "adopt"
    began = stage.clock.now()
    ((change, error),) = stage.apply(crashing, ok=False).failed
    assert (change.address, error.summary) == ("workload.chat", "Workload did not become ready")
    assert "The roll failed" in error.detail
    assert change.goal is not None
    assert stage.clock.now() - began < change.goal.timeout


def test_an_older_roll_of_ours_to_an_artifact_by_its_id_is_cancelled_too(stage: Stage) -> None:
    one, two = server(name="one"), server(name="two")
    stage.apply(lambda: [one, two])
    first, second = (str(stage.record(f"artifact.{name}").id) for name in ("one", "two"))
    stage.apply(lambda: [one, two, wl.Workload("chat", artifact=first)])
    stage.apply(lambda: [one, two, wl.Workload("chat", artifact=second)], wait=False)
    stage.calls()
    stage.apply(lambda: [one, two, wl.Workload("chat", artifact=first)])
    assert stage.calls() == ["DELETE /workloads/*/replacement"]
    assert stage.plan(lambda: [one, two, wl.Workload("chat", artifact=first)]).is_empty
