"""A part of a union that the server filled in makes way for another alternative, in place."""

from __future__ import annotations

from typing import Any

import pytest
from support.cluster_stage import ClusterStage
from support.refusal_pairs import deployment, stateful


def recreated(image: str = "nginx:1") -> dict[str, Any]:
    return deployment("web", image=image, strategy={"type": "Recreate"})


def on_delete() -> dict[str, Any]:
    body = stateful("web")
    return {**body, "spec": {**body["spec"], "updateStrategy": {"type": "OnDelete"}}}


@pytest.mark.parametrize(
    ("before", "after", "path", "left"),
    [
        (deployment("web"), recreated(), "strategy", {"type": "Recreate"}),
        (deployment("web"), recreated("nginx:2"), "strategy", {"type": "Recreate"}),
        (stateful("web"), on_delete(), "updateStrategy", {"type": "OnDelete"}),
    ],
    ids=["deployment", "with-another-image", "stateful-set"],
)
def test_the_default_makes_way_and_comes_back(
    stage: ClusterStage, before: dict[str, Any], after: dict[str, Any], path: str, left: dict[str, Any]
) -> None:
    stage.manifests(before)
    stage.apply("--no-wait")
    first = stage.get(before["kind"], "web")
    stage.manifests(after)
    change = stage.project.changes("-e", "cluster")["manifest.web"]
    assert [step["operation"] for step in change["steps"]] == ["claim", "apply"]
    assert change["action"] in ("update", "roll")
    stage.apply("--no-wait")
    found = stage.get(before["kind"], "web")
    assert (found["metadata"]["uid"], found["spec"][path]) == (first["metadata"]["uid"], left)
    assert stage.actions() == {}
    stage.manifests(before)
    stage.apply("--no-wait")
    assert stage.get(before["kind"], "web")["spec"][path]["type"] == "RollingUpdate"
    assert stage.actions() == {}


def test_no_value_stands_in_the_call_that_claims(stage: ClusterStage) -> None:
    stage.manifests(deployment("web"))
    stage.apply("--no-wait")
    stage.manifests(recreated())
    (claim, _) = stage.project.changes("-e", "cluster")["manifest.web"]["steps"]
    assert "maxSurge" not in str(claim)
    assert "spec.strategy.rollingUpdate" in claim["summary"]
