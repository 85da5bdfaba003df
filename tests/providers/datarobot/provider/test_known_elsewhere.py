"""What users of other tools for this platform suffered from, once each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from support.datarobot_stage import Quirks, Stage, chat

import wlinfra as wl
from wlinfra.changes.model import Action
from wlinfra.emulation import Reply
from wlinfra_datarobot.configuration import DataRobotConfig, resolve


def variables(artifact: dict[str, Any]) -> dict[str, Any]:
    (group,) = artifact["spec"]["containerGroups"]
    return {item["name"]: item.get("value") for item in group["containers"][0].get("environmentVars", ())}


def test_three_images_are_three_versions_in_one_repository(stage: Stage) -> None:
    for tag in (1, 2, 3):
        stage.apply(chat(artifact={"image": f"acme/chat:{tag}"}))
    rows = stage.artifacts()
    assert [row["version"] for row in rows] == [1, 2, 3]
    assert len({row["artifactRepositoryId"] for row in rows}) == 1
    assert stage.plan(chat(artifact={"image": "acme/chat:3"})).is_empty


def test_a_roll_whose_record_the_platform_has_dropped_is_a_roll_that_is_over(stage: Stage) -> None:
    stage.apply(chat())
    stage.emulator.faults.on(Reply(404), method="GET", path="/replacement", times=None)
    stage.apply(chat(artifact={"image": "acme/chat:2"}))
    stage.emulator.faults.clear()
    assert stage.plan(chat(artifact={"image": "acme/chat:2"})).is_empty


def test_a_number_comes_and_goes_where_the_platform_scales_by_itself(stage: Stage) -> None:
    stage.emulator.quirks = Quirks(default_scaling="to-zero")
    for replicas in (None, 2, None):
        stage.apply(chat(bundles=["cpu.small"], replicas=replicas))
        assert stage.plan(chat(bundles=["cpu.small"], replicas=replicas)).is_empty


def test_another_version_bundle_and_number_are_one_roll(stage: Stage) -> None:
    stage.apply(chat(bundles=["gpu.a100"], replicas=1))
    stage.calls()
    stage.apply(chat(artifact={"image": "acme/chat:2"}, bundles=["gpu.h100"], replicas=2))
    calls = stage.calls()
    assert [call for call in calls if "/workloads" in call] == ["POST /workloads/*/replacement"]
    (group,) = stage.workload()["runtime"]["containerGroups"]
    assert (group["resourceBundles"], group["replicaCount"]) == (["gpu.h100"], 2)


def test_a_value_that_changes_in_an_apply_reaches_what_refers_to_it_in_that_apply(stage: Stage) -> None:
    def chain(tag: int) -> Iterable[wl.Resource]:
        model = wl.Artifact("model", containers=[wl.Container(image=f"acme/model:{tag}", port=8080)])
        told = {"VERSION": f"v{model.version}", "ID": model.id}
        gate = wl.Artifact("gate", containers=[wl.Container(image="acme/gate:1", port=8080, env=told)])
        return [model, wl.Workload("model", artifact=model), gate, wl.Workload("gate", artifact=gate)]

    stage.apply(lambda: chain(1))
    assert stage.change(lambda: chain(2), "workload.gate").action is Action.ROLL
    stage.apply(lambda: chain(2))
    rows = {row["id"]: row for row in stage.artifacts()}
    told = variables(rows[stage.workload("gate")["artifactId"]])
    assert told == {"VERSION": "v2", "ID": stage.workload("model")["artifactId"]}
    assert stage.plan(lambda: chain(2)).is_empty


def test_what_is_no_longer_declared_is_cleared_and_an_empty_string_is_no_drift(stage: Stage) -> None:
    full = {
        "status": "draft",
        "description": "A draft",
        "env": {"MODE": "fast", "LEVEL": ""},
        "container": {
            "entrypoint": ["serve"],
            "description": "The server",
            "readiness": wl.Probe(path="/ready", period_seconds=5),
        },
    }
    stage.apply(chat(artifact=full, description="Sells", importance="high"))
    assert stage.plan(chat(artifact=full, description="Sells", importance="high")).is_empty
    bare = {"status": "draft", "env": {"MODE": "fast"}}
    stage.apply(chat(artifact=bare))
    (artifact,) = stage.artifacts()
    (container,) = artifact["spec"]["containerGroups"][0]["containers"]
    left = [artifact.get("description"), stage.workload().get("description")]
    left += [container.get(name) for name in ("entrypoint", "description", "readinessProbe")]
    assert [item for item in left if item] == []
    assert variables(artifact) == {"MODE": "fast"}
    assert stage.plan(chat(artifact=bare)).is_empty


def test_a_start_without_room_ends_in_its_own_time_and_names_what_it_waits_for(stage: Stage) -> None:
    stage.emulator.quirks = Quirks(exhausted_bundles=frozenset({"gpu.h100"}))
    begun = stage.clock.now()
    result = stage.apply(chat(bundles=["gpu.h100"], timeouts={"create": 60}), ok=False)
    (failure,) = result.failed
    assert stage.clock.now() - begun < 120
    assert "gpu.h100" in str(failure)


def test_a_limit_of_the_platform_is_quoted(stage: Stage) -> None:
    stage.emulator.quirks = Quirks(max_workload_replicas=3)
    result = stage.apply(chat(bundles=["cpu.small"], replicas=9), ok=False)
    (failure,) = result.failed
    assert "3" in str(failure)


@pytest.mark.parametrize("form", ["{}", "{}/", " {} ", "{}///"])
def test_an_endpoint_may_end_with_slashes_and_stand_between_blanks(stage: Stage, form: str) -> None:
    given = form.format(stage.emulator.url)
    assert resolve(DataRobotConfig.parse({"endpoint": given, "token": "t"}), {}).endpoint == stage.emulator.url
    environ = {"DATAROBOT_ENDPOINT": given, "DATAROBOT_API_TOKEN": "t"}
    assert resolve(DataRobotConfig.parse({}), environ).endpoint == stage.emulator.url
