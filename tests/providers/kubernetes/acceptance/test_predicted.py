"""A plan of an account that may not try a change foresees what the API never changes, and says what it did not try."""

from __future__ import annotations

from typing import Any

import pytest
from support.cluster_stage import ClusterStage, container

BOTH = pytest.mark.parametrize("read_only", [False, True])


def deployment(label: str) -> dict[str, Any]:
    pod = {"metadata": {"labels": {"app": label}}, "spec": {"containers": [container()]}}
    spec = {"selector": {"matchLabels": {"app": label}}, "template": pod, "replicas": 1}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


def every_kind(word: str, *, parallel: bool, namespace: str) -> list[dict[str, Any]]:
    """Return objects that differ by the words given, each in a field that its kind never changes."""
    pod = {"metadata": {"labels": {"app": word}}, "spec": {"containers": [container()]}}
    selector = {"matchLabels": {"app": word}}
    still = {"matchLabels": {"app": "set"}}
    stable = {"metadata": {"labels": {"app": "set"}}, "spec": {"containers": [container()]}}
    order = "Parallel" if parallel else "OrderedReady"
    run = {"spec": {"restartPolicy": "Never", "containers": [container(f"nginx:{word}")]}}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": word}
    address = {"clusterIP": "None"} if parallel else {}
    made: list[tuple[str, str, str, dict[str, Any]]] = [
        ("apps/v1", "DaemonSet", "agent", {"spec": {"selector": selector, "template": pod}}),
        ("apps/v1", "ReplicaSet", "few", {"spec": {"selector": selector, "template": pod, "replicas": 0}}),
        ("apps/v1", "StatefulSet", "set",
         {"spec": {"selector": still, "template": stable, "serviceName": "x", "podManagementPolicy": order}}),
        ("batch/v1", "Job", "once", {"spec": {"template": run}}),
        ("v1", "Service", "svc", {"spec": {**address, "ports": [{"port": 80}]}}),
        ("v1", "ConfigMap", "fixed", {"immutable": True, "data": {"a": word}}),
        ("v1", "Secret", "sealed", {"immutable": True, "stringData": {"a": word}}),
        ("storage.k8s.io/v1", "StorageClass", f"class-{namespace}", {"provisioner": f"example.com/{word}"}),
        ("rbac.authorization.k8s.io/v1", "RoleBinding", "bound", {"roleRef": role, "subjects": []}),
    ]  # fmt: skip
    return [{"apiVersion": api, "kind": kind, "metadata": {"name": name}, **rest} for api, kind, name, rest in made]


def disk(*, size: str = "1Gi", storage: str = "slow") -> dict[str, Any]:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}, "storageClassName": storage}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "disk"}, "spec": spec}


@BOTH
def test_another_selector_is_a_replacement_with_downtime_for_readers_too(
    stage: ClusterStage, *, read_only: bool
) -> None:
    stage.manifests(deployment("web"))
    stage.apply()
    stage.user = "readonly"
    stage.manifests(deployment("shop"), read_only=read_only)
    change = stage.project.changes("-e", "cluster")["manifest.web"]
    assert (change["action"], change["blast_radius"]) == ("replace", "downtime")
    (why,) = change["predicted"]
    assert why.startswith("not tried, because the account may ")
    plan = stage.run("plan").out
    assert plan.count("DOWNTIME.  1 predicted, not tried.") == 2
    assert "Plan: 1 to add, 0 to change, 1 to destroy. 1 predicted, not tried." in plan
    assert "forbidden" not in plan


@BOTH
def test_readers_foresee_the_same_replacements_as_an_administrator(stage: ClusterStage, *, read_only: bool) -> None:
    stage.manifests(*every_kind("one", parallel=False, namespace=stage.namespace))
    stage.apply("--no-wait")
    stage.manifests(*every_kind("two", parallel=True, namespace=stage.namespace))
    truth = stage.actions()
    stage.user = "readonly"
    stage.manifests(*every_kind("two", parallel=True, namespace=stage.namespace), read_only=read_only)
    assert stage.actions() == truth
    assert set(truth.values()) == {"replace"}
    assert len(truth) == 9
    stage.user = "admin"
    stage.manifests()
    stage.run("destroy", "--auto-approve")


@BOTH
def test_what_a_stateful_set_does_change_is_no_replacement(stage: ClusterStage, *, read_only: bool) -> None:
    first = every_kind("one", parallel=False, namespace=stage.namespace)[2]
    stage.manifests(first)
    stage.apply("--no-wait")
    stage.user = "readonly"
    stage.manifests({**first, "spec": {**first["spec"], "replicas": 2, "minReadySeconds": 3}}, read_only=read_only)
    assert stage.actions() == {"manifest.set": "update"}


@BOTH
def test_a_volume_that_cannot_change_is_refused_to_readers_too(stage: ClusterStage, *, read_only: bool) -> None:
    stage.manifests(disk())
    stage.apply("--no-wait")
    stage.user = "readonly"
    stage.manifests(disk(storage="fast"), read_only=read_only)
    ended = stage.run("plan", code=1)
    assert "Change would lose data" in ended.out + ended.err
    stage.manifests(disk(size="2Gi"), read_only=read_only)
    assert stage.actions() == {}


def test_every_rendering_counts_what_was_not_tried(stage: ClusterStage) -> None:
    stage.manifests(deployment("web"))
    stage.apply()
    stage.user = "readonly"
    stage.manifests(deployment("shop"))
    for form in ("markdown", "html", "json"):
        assert "1 predicted, not tried." in stage.run("plan", "--format", form).out
