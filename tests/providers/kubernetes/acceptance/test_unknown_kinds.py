"""What goes with a custom resource is not known: its end is never called harmless, and nothing replaces it unasked."""

from __future__ import annotations

import json
from typing import Any

import pytest
from engines.kubernetes.waiting import eventually
from support.cluster_stage import ClusterStage
from support.refusal_pairs import DATABASES, database


@pytest.fixture
def kept(stage: ClusterStage) -> ClusterStage:
    stage.cluster.kubectl("apply", "--server-side", "-f", "-", input=json.dumps(DATABASES))
    stage.cluster.kubectl("wait", "--for=condition=established", "crd/databases.demo.example.com", "--timeout=90s")
    stage.manifests(database("main", "one"))
    stage.apply("--no-wait")
    return stage


def effect(change: dict[str, Any]) -> tuple[str, str, bool]:
    return change["action"], change["blast_radius"], change["reversible"]


def test_its_end_is_data_loss_unknown_in_headline_effect_and_json(kept: ClusterStage) -> None:
    kept.manifests()
    (change,) = (
        item
        for item in kept.run("plan", "--allow-empty", "--format", "json").json["changes"]
        if item["address"] == "manifest.main"
    )
    assert effect(change) == ("delete", "data loss unknown", False)
    shown = kept.run("plan", "--allow-empty").out
    assert "DATA LOSS UNKNOWN." in shown.splitlines()[2]
    assert "Nothing that runs is interrupted" not in shown
    assert "effect: data loss unknown; cannot be undone" in shown
    assert "can be undone\n" not in shown


def test_another_name_is_refused_until_somebody_asks_for_it(kept: ClusterStage) -> None:
    renamed = database("main", "one")
    renamed["metadata"]["name"] = "other"
    text = (
        "import wlinfra as wl\nfrom wlinfra_kubernetes import Manifest\n\nstack = wl.Stack('shop')\n\n\n"
        f"@stack.resources\ndef resources(env):\n    yield Manifest('main', {renamed!r})\n\n"
    )
    kept.program(text)
    assert "--replace manifest.main" in kept.run("plan", code=1).out
    kept.run("apply", "--replace", "manifest.main", "--auto-approve", "--no-wait")
    assert eventually(lambda: kept.names("databases.demo.example.com") == {"other"})
    assert kept.actions() == {}
