"""Somebody else's HorizontalPodAutoscaler scales a Deployment whose replicas are declared: the three ways out.

The autoscaler is made by kubectl, and the controller manager writes the replicas through the scale subresource.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from engines.kubernetes.waiting import eventually
from support.cluster_stage import ClusterStage, container

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle

PATH = "spec.replicas"


def said(stage: ClusterStage) -> str:
    ended = stage.run("plan", code=None)
    return re.sub(r"[\s│]+", " ", ended.out + ended.err)


def replicas(stage: ClusterStage) -> int:
    return int(stage.get("deployment", "web")["spec"]["replicas"])


def autoscale(stage: ClusterStage, *, least: int = 1, most: int = 3) -> None:
    stage.kubectl("autoscale", "deployment", "web", f"--min={least}", f"--max={most}", "--cpu=70%")


def scaled(stage: ClusterStage, count: int) -> bool:
    """Return whether the autoscaler made it so many, and says when."""

    def done() -> bool:
        return replicas(stage) == count and "lastScaleTime" in stage.get("hpa", "web")["status"]

    return eventually(done, seconds=90)


@pytest.fixture
def fought(fakes: ClusterHandle, stage: ClusterStage) -> ClusterStage:
    """A stack that declares one replica of what an autoscaler of kubectl's has scaled to three."""
    stage.deployment(replicas=1)
    stage.apply()
    fakes.set_usage(stage.namespace, cpu="900m")
    autoscale(stage)
    assert scaled(stage, 3)
    return stage


def test_the_conflict_names_path_manager_autoscaler_time_and_ways_out(fought: ClusterStage) -> None:
    text = said(fought)
    entry = next(
        entry
        for entry in fought.cluster.api.get(f"/apis/apps/v1/namespaces/{fought.namespace}/deployments/web")["metadata"][
            "managedFields"
        ]
        if entry.get("subresource") == "scale"
    )
    assert "time" not in entry  # the API server notes none, so it is the autoscaler's own
    at = fought.get("hpa", "web")["status"]["lastScaleTime"]
    who = "kube-controller-manager through its scale subresource for HorizontalPodAutoscaler web"
    assert f"{PATH} is managed by {who}, last scaled at {at}" in text
    assert all(way in text for way in (f'"{PATH}": "force"', f'"{PATH}": "yield"', "leave it out of the declaration"))
    assert "Forced replicas last until HorizontalPodAutoscaler web scales next" in text
    assert replicas(fought) == 3


def test_yielded_replicas_are_never_touched_whatever_the_autoscaler_wants(
    fought: ClusterStage, fakes: ClusterHandle
) -> None:
    fought.deployment(replicas=1, image="nginx:2", conflicts={PATH: "yield"})
    assert "replicas: 3" not in said(fought)
    with fought.watched("web") as seen:
        fought.apply()
    assert seen == [3]
    fakes.set_usage(fought.namespace, cpu="1m")
    assert scaled(fought, 1)  # the declared number, which is still not ours
    assert fought.actions() == {}


def test_replicas_that_are_left_out_stay_with_the_autoscaler(fought: ClusterStage) -> None:
    fought.deployment(replicas=None)
    assert "Nothing that runs is interrupted" in said(fought)
    assert "replicas: 3" not in said(fought)
    fought.deployment(replicas=None, image="nginx:2")
    with fought.watched("web") as seen:
        fought.apply()
    assert seen == [3]
    assert fought.actions() == {}


def test_forced_replicas_are_set_and_the_plan_says_that_they_are_fought(fought: ClusterStage) -> None:
    fought.deployment(replicas=1, conflicts={PATH: "force"})
    assert "taken over until HorizontalPodAutoscaler web scales next" in said(fought)
    with fought.watched("web") as seen:
        fought.apply()
        assert eventually(lambda: seen == [3, 1, 3])
    fought.kubectl("delete", "hpa", "web")
    assert "it is taken over until" not in said(fought)
    fought.apply()
    assert replicas(fought) == 1
    assert fought.actions() == {}


def test_without_its_autoscaler_replicas_are_taken_back_without_being_asked(fought: ClusterStage) -> None:
    fought.kubectl("delete", "hpa", "web")
    assert "taken over" in said(fought)
    fought.apply()
    assert replicas(fought) == 1
    assert fought.actions() == {}


def test_replicas_that_are_left_out_before_the_autoscaler_wrote_them_do_not_drop_to_one(
    fakes: ClusterHandle, stage: ClusterStage
) -> None:
    fakes.set_usage(stage.namespace, cpu="70m")
    stage.deployment(replicas=2)
    stage.apply()
    autoscale(stage, least=2)
    stage.deployment(replicas=None)
    assert "keep 2 replicas for the autoscaler" in said(stage)
    with stage.watched("web") as seen:
        stage.apply()
    assert seen == [2]
    assert stage.actions() == {}
    stage.kubectl("delete", "hpa", "web")
    stage.deployment(replicas=1)
    stage.apply()
    assert replicas(stage) == 1


def test_a_declared_autoscaler_takes_the_replicas_over_in_the_same_apply(
    fakes: ClusterHandle, stage: ClusterStage
) -> None:
    fakes.set_usage(stage.namespace, cpu="70m")
    stage.deployment(replicas=2)
    stage.apply()
    labels = {"app": "web"}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [container()]}}
    web = {"selector": {"matchLabels": labels}, "template": pod}
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    scaler = {"minReplicas": 2, "maxReplicas": 3, "scaleTargetRef": target}
    stage.manifests(
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": web},
        {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "hpa"},
            "spec": scaler,
        },
    )
    with stage.watched("web") as seen:
        stage.apply()
    assert seen == [2]
    assert stage.actions() == {}


def test_an_account_that_may_not_list_autoscalers_is_still_told_the_conflict(fought: ClusterStage) -> None:
    role = {
        "apiGroups": ["", "apps"],
        "resources": ["configmaps", "deployments"],
        "verbs": ["get", "list", "create", "patch"],
    }
    api, where = fought.cluster.api, f"/apis/rbac.authorization.k8s.io/v1/namespaces/{fought.namespace}"
    api.create(f"{where}/roles", {"metadata": {"name": "few"}, "rules": [role]})
    subject = {"kind": "User", "name": "stack-user", "apiGroup": "rbac.authorization.k8s.io"}
    reference = {"kind": "Role", "name": "few", "apiGroup": "rbac.authorization.k8s.io"}
    api.create(f"{where}/rolebindings", {"metadata": {"name": "few"}, "roleRef": reference, "subjects": [subject]})
    fought.user = "stack-user"
    fought.deployment(replicas=1)
    text = said(fought)
    assert f"{PATH} is managed by kube-controller-manager through its scale subresource, at a time" in text


def test_a_foreign_scaled_object_is_named_with_the_last_time_of_its_own_autoscaler(
    keda: ClusterHandle, stage: ClusterStage
) -> None:
    stage.deployment(replicas=1)
    stage.apply()
    keda.set_prometheus("30", "waiting", stage.namespace)
    keda.set_external_metric(stage.namespace, "s0-prometheus", "30")
    query = f'sum(waiting{{namespace="{stage.namespace}"}})'
    metadata = {"serverAddress": keda.prometheus, "query": query, "threshold": "10"}
    trigger = {"type": "prometheus", "metricType": "AverageValue", "metadata": metadata}
    spec = {"scaleTargetRef": {"name": "web"}, "pollingInterval": 1, "maxReplicaCount": 3, "triggers": [trigger]}
    scaler = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {"name": "web"}, "spec": spec}
    keda.kubectl("-n", stage.namespace, "apply", "-f", "-", input=json.dumps(scaler))
    assert eventually(lambda: replicas(stage) == 3, seconds=90)
    times = [
        item["status"].get("lastScaleTime") for item in json.loads(stage.kubectl("get", "hpa", "-o", "json"))["items"]
    ]
    text = said(stage)
    assert f"for ScaledObject web, last scaled at {times[0]}" in text
    assert "Forced replicas last until ScaledObject web scales next" in text
