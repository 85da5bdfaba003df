"""One declaration, each version of the API in its own words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.datarobot_stage import Stage, chat

import wlinfra as wl

SCALED = [wl.concurrency(target=10, min=1, max=4)]


@pytest.mark.parametrize(
    ("dialect", "expected"),
    [
        (
            "2026-06",
            {"policies": [{"scalingMetric": "httpRequestsConcurrency", "target": 10, "minCount": 1, "maxCount": 4}]},
        ),
        (
            "2026-10",
            {
                "minReplicaCount": 1,
                "maxReplicaCount": 4,
                "policies": [{"scalingMetric": "httpRequestsConcurrency", "target": 10}],
            },
        ),
    ],
)
def test_replica_bounds_stand_where_the_version_has_them(
    stages: Callable[..., Stage], dialect: str, expected: dict[str, Any]
) -> None:
    stage = stages(dialect=dialect)
    stage.apply(chat(autoscaling=SCALED))
    (group,) = stage.body("POST", "/workloads")["runtime"]["containerGroups"]
    assert group["autoscaling"] == {"enabled": True, **expected}
    assert stage.plan(chat(autoscaling=SCALED)).is_empty


@pytest.mark.parametrize(("dialect", "source"), [("2026-06", "dr-api-token"), ("2026-10", "api-key")])
def test_an_api_key_has_the_versions_own_source(stages: Callable[..., Stage], dialect: str, source: str) -> None:
    stage = stages(dialect=dialect)
    declared = chat(artifact={"env": {"DATAROBOT_API_TOKEN": wl.api_key()}})
    stage.apply(declared)
    (variable,) = stage.body("POST", "/artifacts")["spec"]["containerGroups"][0]["containers"][0]["environmentVars"]
    assert variable["source"] == source
    assert stage.plan(declared).is_empty


def test_bounds_of_each_policy_hold_where_the_version_has_them(stages: Callable[..., Stage]) -> None:
    stage = stages(dialect="2026-06")
    declared = chat(autoscaling=[wl.concurrency(target=10, min=0, max=4), wl.cpu(target=70, min=1, max=8)])
    stage.apply(declared)
    assert stage.plan(declared).is_empty


@pytest.mark.parametrize("dialect", ["2026-06", "2026-10"])
def test_the_whole_life_is_the_same(stages: Callable[..., Stage], dialect: str) -> None:
    stage = stages(dialect=dialect)
    stage.apply(chat(autoscaling=SCALED))
    stage.apply(chat(artifact={"image": "acme/chat:2"}, replicas=2))
    assert stage.plan(chat(artifact={"image": "acme/chat:2"}, replicas=2)).is_empty
    stage.apply(chat(), destroy=True)
    assert stage.artifacts() == []


def test_the_version_is_found_out_where_it_is_not_named(stages: Callable[..., Stage]) -> None:
    stage = stages(dialect="2026-06")
    stage.apply(chat(name="first", autoscaling=SCALED))
    del stage.options["api"]
    changed = chat(name="first", autoscaling=[wl.concurrency(target=10, min=1, max=6)])
    stage.apply(changed)
    (group,) = stage.body("PATCH", "/settings")["runtime"]["containerGroups"]
    assert group["autoscaling"]["policies"][0]["maxCount"] == 6


def test_what_the_found_version_cannot_do_is_refused_by_the_plan(stages: Callable[..., Stage]) -> None:
    stage = stages(dialect="2026-06")
    stage.apply(chat(name="first", autoscaling=SCALED))
    del stage.options["api"]
    errors = stage.plan(chat(name="first", artifact={"name": "other", "type": "agent"}, autoscaling=SCALED)).errors
    assert [error.summary for error in errors] == ["Not in this API version"]
