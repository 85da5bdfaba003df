"""A claim that waits for its first consumer is compared like any other: only its size may wait, and the plan says so."""

from __future__ import annotations

from typing import Any

import pytest
from support.cluster_stage import ClusterStage, container


def claim(size: str = "1Gi", *, kind: str = "standard", mode: str = "ReadWriteOnce", **meta: Any) -> dict[str, Any]:
    spec = {"storageClassName": kind, "accessModes": [mode], "resources": {"requests": {"storage": size}}}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "models", **meta}, "spec": spec}


def user() -> dict[str, Any]:
    volume = {"name": "v", "persistentVolumeClaim": {"claimName": "models"}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "user"},
        "spec": {"containers": [container()], "volumes": [volume]},
    }


@pytest.fixture
def waiting(stage: ClusterStage) -> ClusterStage:
    stage.manifests(claim())
    stage.apply()
    return stage


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (claim("2Gi", kind="shared", mode="ReadWriteMany"), "spec is immutable"),
        (claim(kind="shared"), "spec is immutable"),
        (claim(mode="ReadWriteMany"), "spec is immutable"),
        (claim("500Mi"), "spec is immutable"),
        (claim("-5Gi"), "must be greater than zero"),
    ],
    ids=["all", "class", "mode", "smaller", "negative"],
)
def test_what_cannot_change_is_an_error(waiting: ClusterStage, wanted: dict[str, Any], said: str) -> None:
    waiting.manifests(wanted)
    refused = " ".join(waiting.run("plan", code=1).out.replace("│", "").split())
    assert said in refused
    assert "--replace manifest.models" in refused
    assert "No changes" not in refused


def test_a_larger_size_waits_until_the_claim_is_bound_and_the_plan_says_so(waiting: ClusterStage) -> None:
    waiting.manifests(claim("2Gi"))
    document = waiting.run("plan", "--format", "json").json
    (warning,) = document["warnings"]
    assert (warning["summary"], warning["address"]) == ("Size of volume waits", "manifest.models")
    assert "declared with 2Gi and stays at 1Gi" in warning["detail"]
    assert waiting.actions() == {}
    assert "stays at 1Gi" in waiting.run("plan").out
    waiting.manifests(claim("2Gi"), user())
    waiting.apply()
    assert waiting.actions() == {"manifest.models": "update"}
    (change,) = waiting.project.changes("-e", "cluster").values()
    assert change["drift"] == []
    waiting.apply()
    assert waiting.get("pvc", "models")["spec"]["resources"]["requests"]["storage"] == "2Gi"
    assert waiting.run("plan", "--format", "json").json["warnings"] == []


def test_the_rest_of_a_change_does_not_wait(waiting: ClusterStage) -> None:
    waiting.manifests(claim("2Gi", labels={"team": "search"}))
    assert waiting.actions() == {"manifest.models": "update"}
    waiting.apply()
    live = waiting.get("pvc", "models")
    assert live["metadata"]["labels"]["team"] == "search"
    assert live["spec"]["resources"]["requests"]["storage"] == "1Gi"
    assert waiting.actions() == {}


def test_an_account_that_may_only_read_gets_the_same_answer(waiting: ClusterStage) -> None:
    waiting.manifests(claim("2Gi"), read_only=True)
    assert waiting.actions() == {}
    assert "stays at 1Gi" in waiting.run("plan").out
    waiting.manifests(claim("2Gi", kind="shared"), read_only=True)
    assert "Change would lose data" in waiting.run("plan", code=1).out
