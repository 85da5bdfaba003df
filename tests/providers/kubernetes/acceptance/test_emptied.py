"""Maps and lists that are declared empty are empty after one apply, and pods are replaced once for it."""

from __future__ import annotations

from typing import Any

import pytest
from engines.kubernetes.waiting import eventually
from support.cluster_stage import ClusterStage, container
from support.refusal_pairs import LABELS, deployment, made, stateful

TERM = {"nodeSelectorTerms": [{"matchExpressions": [{"key": "kubernetes.io/os", "operator": "Exists"}]}]}
FULL: dict[str, Any] = {
    "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": TERM}},
    "securityContext": {"runAsUser": 1000},
    "nodeSelector": {"pool": "gpu"},
    "tolerations": [{"key": "gpu", "operator": "Exists"}],
}
CONTAINER: dict[str, Any] = {
    "lifecycle": {"preStop": {"exec": {"command": ["true"]}}},
    "securityContext": {"runAsUser": 1000},
    "env": [{"name": "A", "value": "1"}],
}
SERVICE: dict[str, Any] = {
    "nodeSelector": {"pool": "gpu"},
    "resources": {"limits": {"cpu": "1"}},
    "annotations": {"team": "search"},
    "tolerations": [{"key": "gpu", "operator": "Exists"}],
}


def empty(value: dict[str, Any]) -> dict[str, Any]:
    return {name: type(item)() for name, item in value.items()}


def filled(body: dict[str, Any], pod: dict[str, Any], inner: dict[str, Any]) -> dict[str, Any]:
    template = {"metadata": {"labels": LABELS}, "spec": {"containers": [container(**inner)], **pod}}
    return {**body, "spec": {**body["spec"], "template": template}}


def model_server(**spec: Any) -> dict[str, Any]:
    wanted = {
        "image": {"repository": "x", "tag": "1"},
        "authSecret": "n",
        "storage": {"pvc": {"name": "p"}},
        "replicas": 1,
        "expose": {"service": {"port": 8000}},
        **spec,
    }
    return made("apps.nvidia.com/v1alpha1", "NIMService", "web", spec=wanted)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (filled(deployment("web"), FULL, CONTAINER), filled(deployment("web"), empty(FULL), empty(CONTAINER))),
        (filled(stateful("web"), FULL, CONTAINER), filled(stateful("web"), empty(FULL), empty(CONTAINER))),
        (model_server(**SERVICE), model_server(**empty(SERVICE))),
    ],
    ids=["deployment", "stateful-set", "custom-resource"],
)
def test_one_apply_is_enough(stage: ClusterStage, before: dict[str, Any], after: dict[str, Any]) -> None:
    stage.manifests(before)
    stage.apply("--no-wait")
    first = stage.get(before["kind"], "web")
    stage.manifests(after)
    assert stage.project.changes("-e", "cluster")["manifest.web"]["action"] == "roll"
    stage.apply("--no-wait")
    assert stage.get(before["kind"], "web")["metadata"]["uid"] == first["metadata"]["uid"]
    changes = stage.project.changes("-e", "cluster")
    assert [change for change in changes.values() if change["steps"]] == []


def test_the_pods_of_a_stateful_set_are_replaced_once(stage: ClusterStage) -> None:
    stage.manifests(filled(stateful("web"), FULL, CONTAINER))
    stage.apply("--no-wait")
    assert eventually(lambda: len(stage.names("controllerrevisions")) == 1)
    stage.manifests(filled(stateful("web"), empty(FULL), empty(CONTAINER)))
    stage.apply("--no-wait")
    stage.apply("--no-wait")
    live = stage.get("statefulset", "web")

    def caught_up() -> bool:
        status = stage.get("statefulset", "web")["status"]
        return bool(status.get("observedGeneration") == live["metadata"]["generation"])

    assert eventually(caught_up)
    assert len(stage.names("controllerrevisions")) == 2
    assert live["spec"]["template"]["spec"]["affinity"] == {}
