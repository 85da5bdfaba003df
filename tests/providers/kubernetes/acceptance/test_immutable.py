"""Fields that nobody may change: replaced where that is safe, refused where data would be lost without a word."""

from __future__ import annotations

from typing import Any

import pytest
from support.cluster_stage import ClusterStage, container

LABELS = {"app": "web"}


def made(api: str, kind: str, spec: dict[str, Any], name: str = "web") -> dict[str, Any]:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name}, "spec": spec}


def pods(image: str = "nginx:1", app: str = "web", **more: Any) -> dict[str, Any]:
    return {"metadata": {"labels": {"app": app}}, "spec": {"containers": [container(image)], **more}}


def deployment(app: str) -> dict[str, Any]:
    return made("apps/v1", "Deployment", {"selector": {"matchLabels": {"app": app}}, "template": pods(app=app)})


def stateful(service: str) -> dict[str, Any]:
    spec = {"serviceName": service, "replicas": 1, "selector": {"matchLabels": LABELS}, "template": pods()}
    return made("apps/v1", "StatefulSet", spec)


def job(image: str) -> dict[str, Any]:
    return made("batch/v1", "Job", {"template": pods(image, restartPolicy="Never")})


def service(address: str | None) -> dict[str, Any]:
    given = {} if address is None else {"clusterIP": address}
    return made("v1", "Service", {"selector": LABELS, "ports": [{"port": 80}], **given})


def claim(storage_class: str) -> dict[str, Any]:
    asked = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    return made("v1", "PersistentVolumeClaim", {**asked, "storageClassName": storage_class}, "models")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (deployment("web"), deployment("other")),
        (stateful("one"), stateful("two")),
        (job("nginx:1"), job("nginx:2")),
        (service(None), service("None")),
    ],
    ids=["deployment-selector", "stateful-set-spec", "job-template", "service-address"],
)
def test_what_cannot_be_changed_is_replaced_under_its_name(
    stage: ClusterStage, before: dict[str, Any], after: dict[str, Any]
) -> None:
    stage.manifests(before)
    stage.apply()
    first = stage.get(before["kind"], "web")["metadata"]["uid"]
    stage.manifests(after)
    change = stage.project.changes("-e", "cluster")["manifest.web"]
    assert (change["action"], change["blast_radius"]) == ("replace", "downtime")
    stage.apply()
    assert stage.get(before["kind"], "web")["metadata"]["uid"] != first
    assert stage.actions() == {}


def test_the_class_of_a_volume_is_refused_until_its_loss_is_asked_for(stage: ClusterStage) -> None:
    stage.manifests(claim("standard"))
    stage.apply()
    first = stage.get("pvc", "models")["metadata"]["uid"]
    stage.manifests(claim("shared"))
    refused = stage.run("plan", code=1)
    assert "loses what is on it" in " ".join((refused.out + refused.err).replace("│", " ").split())
    assert stage.get("pvc", "models")["metadata"]["uid"] == first
    change = stage.project.changes("-e", "cluster", "--replace", "manifest.models")["manifest.models"]
    assert (change["action"], change["blast_radius"]) == ("replace", "data loss")
