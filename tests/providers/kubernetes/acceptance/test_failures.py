"""What goes wrong on a cluster is told in one line, ends the wait, and is resumed once it is put right."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from support.cluster_stage import ClusterStage, container


def config(name: str, **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **metadata}, "data": {"a": "b"}}


@pytest.mark.parametrize(
    ("image", "reason"),
    [("acme/bad-image:1", "ImagePullBackOff"), ("acme/crashes:1", "CrashLoopBackOff")],
)
def test_pods_that_cannot_run_end_the_wait_with_their_reason_in_one_line(
    stage: ClusterStage, image: str, reason: str
) -> None:
    stage.deployment(image=image, image_grace=0, crash_restarts=1)
    ended = stage.apply(code=1)
    assert any(reason in line and "main" in line for line in (ended.out + ended.err).splitlines())
    stage.deployment()
    stage.apply()
    assert stage.actions() == {}


def test_a_gpu_that_no_node_has_free_ends_the_wait_with_the_scheduler_s_words(stage: ClusterStage) -> None:
    asked = container(resources={"limits": {"nvidia.com/gpu": "64"}})
    pod = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [asked]}}
    spec = {"selector": {"matchLabels": {"app": "web"}}, "template": pod}
    wanted = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}
    stage.manifests(wanted, schedule_timeout=0)
    ended = stage.apply(code=1)
    assert "Insufficient nvidia.com/gpu" in " ".join((ended.out + ended.err).split())
    stage.deployment()
    stage.apply()
    assert stage.actions() == {}


def test_a_missing_namespace_is_named_before_anything_is_made(stage: ClusterStage) -> None:
    away = f"{stage.namespace}-away"
    stage.manifests(config("one", namespace=away))
    ended = stage.run("plan", code=1)
    assert f'namespaces "{away}" not found' in " ".join((ended.out + ended.err).split())
    assert "one" not in stage.names("configmap")
    stage.manifests(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": away}}, config("one", namespace=away)
    )
    stage.apply()
    assert stage.actions() == {}
    stage.run("destroy", "--auto-approve", "--no-wait")


def test_a_missing_kind_is_named_with_what_to_install(stage: ClusterStage) -> None:
    stage.manifests({"apiVersion": "acme.example/v1", "kind": "Gadget", "metadata": {"name": "one"}, "spec": {}})
    ended = stage.run("plan", code=1)
    text = " ".join((ended.out + ended.err).split())
    assert "Gadget" in text
    assert "acme.example" in text


def test_a_quota_that_is_used_up_is_told_in_the_plan_and_resumed_when_raised(stage: ClusterStage) -> None:
    used = len(stage.names("configmap"))
    stage.kubectl("create", "quota", "few", f"--hard=count/configmaps={used}")
    stage.kubectl("wait", "quota/few", "--for=jsonpath={.status.hard}", "--timeout=30s")
    stage.manifests(config("one"))
    ended = stage.run("plan", code=1)
    assert "exceeded quota: few" in " ".join((ended.out + ended.err).split())
    stage.kubectl("delete", "quota", "few")
    stage.apply()
    assert stage.actions() == {}


def test_a_right_that_is_missing_is_named_and_nothing_is_made(stage: ClusterStage) -> None:
    barred = replace(stage, user="stack-user")
    barred.manifests(config("one"))
    ended = barred.run("plan", code=1)
    text = " ".join((ended.out + ended.err).split())
    assert "stack-user" in text
    assert "cannot" in text
    assert "one" not in stage.names("configmap")


def test_a_failed_object_holds_up_no_other_and_the_rest_follows(stage: ClusterStage) -> None:
    stage.deployment(image="acme/bad-image:1", image_grace=0)
    stage.apply(code=1)
    states = json.loads(stage.run("plan", "--format", "json").out)
    assert states["changes"]
    stage.deployment(image="nginx:2")
    assert stage.actions()["manifest.web"] == "roll"
    stage.apply()
    assert stage.actions() == {}
