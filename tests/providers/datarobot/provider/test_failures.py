"""What people are told when the platform says no, or when a start fails."""

from __future__ import annotations

from collections.abc import Callable

from support.datarobot_stage import Quirks, Stage, chat

from wlinfra.apply.events import ApplyResult
from wlinfra.emulation import Drop, Phase, Reply
from wlinfra.values import Secret


def _why(result: ApplyResult) -> str:
    (_, error) = result.failed[0]
    return str(error)


def test_a_failed_start_quotes_condition_and_events(stage: Stage) -> None:
    result = stage.apply(chat(artifact={"image": "acme/does-not-exist:1"}), ok=False)
    assert "ErrImagePull" in _why(result)
    assert "image was not found" in _why(result)
    assert stage.record("workload.chat").id == stage.workload()["id"]


def test_a_failed_roll_says_who_serves(stage: Stage) -> None:
    stage.apply(chat())
    result = stage.apply(chat(artifact={"image": "acme/does-not-exist:2"}), ok=False)
    assert "the old version still serves" in _why(result)
    assert "ErrImagePull" in _why(result)
    assert stage.workload()["artifact"]["version"] == 1


def test_a_failed_roll_of_an_errored_workload_claims_no_service(stage: Stage) -> None:
    stage.apply(chat(artifact={"image": "acme/does-not-exist:1"}), ok=False)
    result = stage.apply(chat(artifact={"image": "acme/does-not-exist:2"}), ok=False)
    assert "the old version does not run either" in _why(result)
    assert "still serves" not in _why(result)


def test_a_refused_attribute_is_named_by_its_path_and_nothing_is_echoed(stage: Stage) -> None:
    body = {
        "detail": [
            {
                "loc": ["body", "spec", "containerGroups", 0, "containers", 0, "port"],
                "msg": "Port is taken",
                "type": "value_error",
                "input": "canary-input",
                "ctx": {"secret": "canary-ctx"},
            }
        ]
    }
    stage.emulator.faults.on(Reply(422, body=body), method="POST", path="/artifacts")
    result = stage.apply(chat(), ok=False)
    assert "containers[main].port: Port is taken" in str(result.failed)
    assert "canary" not in repr(result)


def test_too_large_a_request_is_refused_in_the_platforms_own_words(stages: Callable[..., Stage]) -> None:
    stage = stages(quirks=Quirks(max_workload_replicas=2))
    result = stage.apply(chat(replicas=5), ok=False)
    assert "exceeds the maximum allowed (2)" in str(result.failed)


def test_a_lost_answer_to_a_create_makes_no_second_one(stage: Stage) -> None:
    stage.emulator.faults.on(Drop(), method="POST", path="/workloads", phase=Phase.AFTER)
    stage.apply(chat())
    assert [call for call in stage.calls() if call == "POST /workloads"] == ["POST /workloads"]
    assert stage.plan(chat()).is_empty


def test_a_refusal_that_quotes_the_secret_just_sent_hides_it(stage: Stage) -> None:
    canary = Secret(lambda: "canary-4711", describe="TOKEN")
    for body in (
        {"detail": "env TOKEN: value canary-4711 is too short"},
        {"detail": [{"loc": ["body", "name"], "msg": "canary-4711 is too short"}]},
        {"message": "canary-4711"},
    ):
        stage.emulator.faults.on(Reply(422, body=body), method="POST", path="/artifacts")
        result = stage.apply(chat(artifact={"env": {"TOKEN": canary}}), ok=False)
        assert "(sensitive value)" in str(result.failed)
        assert "canary" not in repr(result)
