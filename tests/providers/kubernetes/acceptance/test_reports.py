"""On a cluster too: what is said of a plan is what it calls, and without drift the record plans the same."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from support.cluster_stage import ClusterStage, container

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle

LABELS = {"app": "web"}


@pytest.fixture
def stage(fakes: ClusterHandle, namespace: str, tmp_path: Path) -> ClusterStage:
    """Return a stage on a cluster whose nodes run pods, so that every apply ends."""
    return ClusterStage(cluster=fakes, namespace=namespace, folder=tmp_path / "project")


def drawn(random: Random) -> list[dict[str, Any]]:
    """Return a few objects, each of them as one of several."""
    selector = random.choice([LABELS, LABELS, {"app": "other"}])
    spec: dict[str, Any] = {
        "replicas": random.choice([0, 1, 2]),
        "selector": {"matchLabels": selector},
        "strategy": random.choice([{"type": "Recreate"}, {"type": "RollingUpdate"}]),
        "template": {
            "metadata": {"labels": selector},
            "spec": {"containers": [container(random.choice(["nginx:1", "nginx:2"]))]},
        },
    }
    web = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}
    data = {name: "1" for name in ("a", "b", "c") if random.random() < 0.6}
    settings = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": data}
    gate = {"ports": [{"port": 80}], "type": random.choice(["ClusterIP", "NodePort"]), "selector": LABELS}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "gate"}, "spec": gate}
    return [item for item in (web, settings, service) if random.random() < 0.85]


def essence(plan: dict[str, Any]) -> list[Any]:
    return [
        (
            change["address"],
            change["action"],
            change["label"],
            change["blast_radius"],
            [step["operation"] for step in change["steps"]],
            sorted((item["attribute"], item["effect"]) for item in change["attributes"]),
        )
        for change in plan["changes"]
    ]


def amounts(plan: dict[str, Any]) -> dict[str, int]:
    """Return what an apply will say, as the calls tell it."""
    steps = [change["steps"] for change in plan["changes"] if change["steps"]]
    makes = [any(step["makes"] for step in each) for each in steps]
    removes = [any(step["removes"] for step in each) for each in steps]
    recorded = sum(change["action"] == "update" and not change["steps"] for change in plan["changes"])
    changed = sum(not (made or removed) for made, removed in zip(makes, removes, strict=True))
    return {"added": sum(makes), "destroyed": sum(removes), "changed": changed + recorded}


def remember(stage: ClusterStage, seed: int) -> int:
    """Go through one history; return how many plans were compared."""
    random = Random(seed)
    compared = 0
    for _ in range(4):
        stage.manifests(*drawn(random))
        live = stage.run("plan", "--allow-empty", "--format", "json").json
        assert live["errors"] == []
        recorded = stage.run("plan", "--allow-empty", "--refresh=false", "--format", "json").json
        assert essence(recorded) == essence(live)
        for change in live["changes"]:
            assert (change["label"] == "recorded only") == (change["action"] == "update" and not change["steps"])
        lines = [json.loads(line) for line in stage.apply("--allow-empty", "--json").out.splitlines()]
        result = next((line for line in lines if line["type"] == "apply_result"), None)
        if result is not None:
            calls = sum(len(change["steps"]) for change in live["changes"])
            assert sum(line["type"] == "step_done" for line in lines) == calls
            assert {name: result["counts"][name] for name in ("added", "destroyed", "changed")} == amounts(live)
        compared += 2
    return compared


@pytest.mark.parametrize("seed", [1, 2])
def test_reports_agree(stage: ClusterStage, seed: int) -> None:
    assert remember(stage, seed) == 8


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(10, 20))
def test_reports_agree_in_more_histories(stage: ClusterStage, seed: int) -> None:
    assert remember(stage, seed) == 8
