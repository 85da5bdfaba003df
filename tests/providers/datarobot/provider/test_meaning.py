"""Spelling, order and defaults are no differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.datarobot_stage import Stage, chat

import wlinfra as wl


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param({"cpu": 1.0, "memory": "512MB"}, {"cpu": 1.0, "memory": 512_000_000}, id="memory by value"),
        pytest.param({"cpu": 1.0, "memory": "1GB"}, {"cpu": 1.0, "memory": "1000MB"}, id="memory units"),
    ],
)
def test_an_amount_is_compared_by_value(stage: Stage, first: dict[str, Any], second: dict[str, Any]) -> None:
    stage.apply(chat(**first))
    assert stage.plan(chat(**second)).is_empty


def test_the_order_of_variables_has_no_meaning(stage: Stage) -> None:
    stage.apply(chat(artifact={"env": {"A": "1", "B": "2"}}))
    assert stage.plan(chat(artifact={"env": {"B": "2", "A": "1"}})).is_empty


def test_what_the_platform_fills_in_is_no_drift(stage: Stage) -> None:
    declared = chat(artifact={"container": {"readiness": wl.Probe(path="/healthz")}})
    stage.apply(declared)
    assert stage.plan(declared).is_empty


def test_declaring_a_default_decisions_nothing(stage: Stage) -> None:
    def declared(**probe: Any) -> Callable[..., Any]:
        return chat(artifact={"container": {"readiness": wl.Probe(path="/healthz", **probe)}})

    stage.apply(declared())
    assert stage.plan(declared(failure_threshold=3, scheme="HTTP", success_threshold=1)).is_empty


def test_a_removed_probe_is_removed(stage: Stage) -> None:
    stage.apply(chat(artifact={"status": "draft", "container": {"readiness": wl.Probe(path="/healthz")}}))
    stage.apply(chat(artifact={"status": "draft"}))
    assert stage.artifacts()[0]["spec"]["containerGroups"][0]["containers"][0]["readinessProbe"] is None
    assert stage.plan(chat(artifact={"status": "draft"})).is_empty


def test_a_secret_variable_is_compared_and_never_shown(stage: Stage) -> None:
    secret = wl.Secret(lambda: "hunter2-canary", describe="a test")
    declared = chat(artifact={"env": {"TOKEN": secret}})
    plan = stage.plan(declared)
    assert "hunter2-canary" not in repr(plan)
    stage.apply(declared)
    assert stage.plan(declared).is_empty
    changed = chat(artifact={"env": {"TOKEN": wl.Secret(lambda: "other-canary", describe="a test")}})
    change = stage.change(changed, "artifact.server")
    assert change.decision.label == "new version"
    assert "canary" not in repr(change)


def test_a_removed_variable_goes(stage: Stage) -> None:
    stage.apply(chat(artifact={"env": {"A": "1", "B": "2"}}))
    stage.apply(chat(artifact={"env": {"A": "1"}}))
    spec = stage.artifacts()[-1]["spec"]
    assert [entry["name"] for entry in spec["containerGroups"][0]["containers"][0]["environmentVars"]] == ["A"]
