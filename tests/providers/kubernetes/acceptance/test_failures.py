"""What goes wrong on a cluster is told in one line, ends the run, and is resumed once it is put right."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from typing import Any

import pytest
from engines.kubernetes.waiting import eventually
from support.cluster_stage import ClusterStage, container
from support.project import Completed

GPU = {"nvidia.com/gpu": "64"}
PODS = "pods,replicasets.apps,deployments.apps,configmaps"


def config(name: str, **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **metadata}, "data": {"a": "b"}}


def gadget(group: str) -> dict[str, Any]:
    return {"apiVersion": f"{group}/v1", "kind": "Gadget", "metadata": {"name": "one"}, "spec": {"size": 1}}


def definition(group: str) -> dict[str, Any]:
    names = {"plural": "gadgets", "singular": "gadget", "kind": "Gadget", "listKind": "GadgetList"}
    spec = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
    versions = [{"name": "v1", "served": True, "storage": True, "schema": schema}]
    spec = {"group": group, "scope": "Namespaced", "names": names, "versions": versions}
    metadata = {"name": f"gadgets.{group}"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": metadata,
        "spec": spec,
    }


def lines(ended: Completed, *parts: str) -> list[str]:
    """Return the lines that hold all the parts; there is at least one."""
    found = [line for line in (ended.out + ended.err).splitlines() if all(part in line for part in parts)]
    assert found, f"no single line holds {parts}:\n{ended.out}\n{ended.err}"
    return found


def resumed(stage: ClusterStage) -> None:
    """Apply goes on to the end, and then nothing is left to do."""
    stage.apply()
    assert stage.actions() == {}


def allow(stage: ClusterStage, name: str, verbs: str) -> None:
    """Give the user without rights these on what tests make, and wait until it is so."""
    stage.kubectl("create", "role", name, f"--verb={verbs}", f"--resource={PODS}")
    stage.kubectl("create", "rolebinding", name, f"--role={name}", "--user=stack-user")
    eventually(lambda: may(stage, verbs.rpartition(",")[2]))


def may(stage: ClusterStage, verb: str) -> bool:
    try:
        return stage.kubectl("auth", "can-i", verb, "configmaps", "--as=stack-user").strip() == "yes"
    except subprocess.CalledProcessError:
        return False


# ---------------------------------------------------------------- pods


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        ("acme/bad-image:1", "ImagePullBackOff"),
        ("acme/crashes:1", "CrashLoopBackOff"),
        ("acme/no-secret:1", 'CreateContainerConfigError: secret "tokens" not found'),
        ("acme/invalid-name:1", "InvalidImageName"),
        ("acme/out-of-memory:1", "OOMKilled"),
    ],
)
def test_pods_that_cannot_run_end_the_wait_with_their_reason_in_one_line(
    stage: ClusterStage, image: str, reason: str
) -> None:
    stage.deployment(image=image, image_grace=0, crash_restarts=1)
    told = lines(stage.apply(code=1), "main", reason)
    assert told[-2].startswith("manifest.web: Failed after ")
    assert told[-1].startswith("│ Deployment ")
    stage.deployment()
    resumed(stage)


def test_the_reason_stands_in_the_progress_before_the_wait_is_given_up(stage: ClusterStage) -> None:
    stage.deployment(image="acme/bad-image:1", image_grace=6)
    progress, *_, failed, _ = lines(stage.apply(code=1), "main", "ImagePullBackOff")
    assert progress.startswith("manifest.web: Still creating...")
    assert "waiting: container main of pod web-" in progress
    assert failed.startswith("manifest.web: Failed after ")


def test_json_lines_say_the_reason_before_and_when_the_wait_is_given_up(stage: ClusterStage) -> None:
    stage.deployment(image="acme/bad-image:1", image_grace=6)
    events = [json.loads(line) for line in stage.apply("--json", code=1).out.splitlines()]
    progress = [event["reason"] for event in events if event["type"] == "apply_progress"]
    (failed,) = [event for event in events if event["type"] == "apply_errored"]
    assert any("ImagePullBackOff" in reason for reason in progress)
    assert "ImagePullBackOff" in failed["diagnostic"]["detail"]
    assert "\n" not in failed["diagnostic"]["detail"]


def test_a_gpu_that_no_node_has_ends_the_wait_with_the_scheduler_s_words(stage: ClusterStage) -> None:
    pod = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container(resources={"limits": GPU})]}}
    spec = {"selector": {"matchLabels": {"app": "web"}}, "template": pod}
    wanted = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}
    stage.manifests(wanted, schedule_timeout=0)
    lines(stage.apply(code=1), "Failed after", "finds no node: 0/", "Insufficient nvidia.com/gpu")
    stage.deployment()
    resumed(stage)


def test_a_quota_that_keeps_pods_away_ends_the_wait_and_is_resumed_when_raised(stage: ClusterStage) -> None:
    stage.kubectl("create", "quota", "few", "--hard=pods=0")
    stage.kubectl("wait", "quota/few", "--for=jsonpath={.status.hard}", "--timeout=90s")
    stage.deployment(schedule_timeout=0)
    lines(stage.apply(code=1), "Failed after", "FailedCreate: pods", "exceeded quota: few")
    stage.kubectl("delete", "quota", "few")
    stage.deployment()
    resumed(stage)


# ---------------------------------------------------------------- what is not there


@pytest.mark.parametrize("declared", [False, True])
def test_a_missing_namespace_is_named_before_anything_is_made(stage: ClusterStage, *, declared: bool) -> None:
    away = f"{stage.namespace}-away"
    stage.manifests(config("one", namespace=away), config("two"))
    lines(stage.apply(code=1), f'namespaces "{away}" not found')
    assert stage.names("configmap") == {"kube-root-ca.crt"}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": away}}
    if declared:
        stage.manifests(namespace, config("one", namespace=away), config("two"))
    else:
        stage.kubectl("create", "namespace", away)
    resumed(stage)
    stage.run("destroy", "--auto-approve", "--no-wait")


def test_a_missing_kind_is_named_with_what_to_do_and_applied_once_it_is_installed(stage: ClusterStage) -> None:
    group = f"{stage.namespace}.example"
    stage.manifests(gadget(group), config("two"))
    ended = stage.apply(code=1)
    lines(ended, f"manifest.one is a Gadget of {group}/v1, which this cluster does not know.")
    lines(ended, "Install what defines Gadget on the cluster")
    assert stage.names("configmap") == {"kube-root-ca.crt"}
    stage.cluster.kubectl("apply", "-f", "-", input=json.dumps(definition(group)))
    stage.cluster.kubectl("wait", "--for=condition=Established", f"crd/gadgets.{group}")
    resumed(stage)
    stage.cluster.kubectl("delete", "crd", f"gadgets.{group}", "--wait=false")


def test_a_quota_that_is_used_up_is_told_in_the_plan_and_resumed_when_raised(stage: ClusterStage) -> None:
    used = len(stage.names("configmap"))
    stage.kubectl("create", "quota", "few", f"--hard=count/configmaps={used}")
    stage.kubectl("wait", "quota/few", "--for=jsonpath={.status.hard}", "--timeout=90s")
    stage.manifests(config("one"))
    lines(stage.apply(code=1), "exceeded quota: few, requested: count/configmaps=1")
    stage.kubectl("delete", "quota", "few")
    resumed(stage)


# ---------------------------------------------------------------- rights


def test_a_right_that_is_missing_is_named_and_the_apply_resumed_when_it_is_given(stage: ClusterStage) -> None:
    barred = replace(stage, user="stack-user")
    barred.manifests(config("one"))
    lines(barred.apply(code=1), 'User "stack-user" cannot get resource "configmaps"')
    assert stage.names("configmap") == {"kube-root-ca.crt"}
    allow(stage, "writer", "get,list,create,patch,delete")
    resumed(barred)


def test_a_right_that_is_taken_away_after_the_plan_ends_the_apply_and_is_resumed(stage: ClusterStage) -> None:
    barred = replace(stage, user="stack-user")
    allow(stage, "reader", "get,list")
    allow(stage, "writer", "create,patch,delete")
    barred.manifests(config("one"))
    barred.run("plan", "--out", "plan.json")
    stage.kubectl("delete", "rolebinding", "writer")
    eventually(lambda: not may(stage, "patch"))
    ended = barred.project.run("apply", "plan.json", code=1)
    lines(ended, "Failed after", 'User "stack-user" cannot patch resource "configmaps"')
    assert stage.names("configmap") == {"kube-root-ca.crt"}
    stage.kubectl("create", "rolebinding", "again", "--role=writer", "--user=stack-user")
    eventually(lambda: may(stage, "patch"))
    barred.project.run("apply", "plan.json")
    assert barred.actions() == {}


# ---------------------------------------------------------------- between plan and apply


def test_a_namespace_that_went_after_the_plan_is_named_and_the_plan_holds_again_with_it(stage: ClusterStage) -> None:
    away = f"{stage.namespace}-away"
    stage.kubectl("create", "namespace", away)
    stage.manifests(config("one", namespace=away), config("two"))
    stage.run("plan", "--out", "plan.json")
    stage.kubectl("delete", "namespace", away)
    lines(stage.project.run("apply", "plan.json", code=1), f'namespaces "{away}" not found')
    assert stage.names("configmap") == {"kube-root-ca.crt"}
    stage.kubectl("create", "namespace", away)
    stage.project.run("apply", "plan.json")
    assert stage.actions() == {}
    stage.kubectl("delete", "namespace", away, "--wait=false")


def test_a_kind_that_went_after_the_plan_is_named_and_the_plan_holds_again_with_it(stage: ClusterStage) -> None:
    group = f"{stage.namespace}.example"
    install = ("apply", "-f", "-")
    stage.cluster.kubectl(*install, input=json.dumps(definition(group)))
    stage.cluster.kubectl("wait", "--for=condition=Established", f"crd/gadgets.{group}")
    stage.manifests(gadget(group), config("two"))
    stage.run("plan", "--out", "plan.json")
    stage.cluster.kubectl("delete", "crd", f"gadgets.{group}")
    lines(stage.project.run("apply", "plan.json", code=1), f"Gadget of {group}/v1")
    assert stage.names("configmap") == {"kube-root-ca.crt"}
    stage.cluster.kubectl(*install, input=json.dumps(definition(group)))
    stage.cluster.kubectl("wait", "--for=condition=Established", f"crd/gadgets.{group}")
    stage.project.run("apply", "plan.json")
    assert stage.actions() == {}
    stage.cluster.kubectl("delete", "crd", f"gadgets.{group}", "--wait=false")


# ---------------------------------------------------------------- the others


BESIDE = """\
import wlinfra as wl
from wlinfra_kubernetes import Manifest

stack = wl.Stack("shop")


@stack.resources
def resources(env):
    web = Manifest("web", WEB, outputs={"ready": "status.availableReplicas"})
    yield web
    yield settings("after", f"{web.output('ready')} ready")
    yield settings("beside", "nothing")


def settings(name, text):
    return Manifest(name, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"a": text}})
"""


def beside(stage: ClusterStage, image: str) -> None:
    """Write a program of a Deployment, a ConfigMap that needs its output, and one that needs nothing."""
    pod = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container(image)]}}
    spec = {"selector": {"matchLabels": {"app": "web"}}, "template": pod}
    web = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}
    stage.program(BESIDE.replace("WEB", repr(web)), image_grace=0)


def test_a_failed_object_stops_what_depends_on_it_and_nothing_else(stage: ClusterStage) -> None:
    beside(stage, "acme/bad-image:1")
    ended = stage.apply(code=1)
    lines(ended, "manifest.web: Failed after", "ImagePullBackOff")
    lines(ended, "manifest.after: Skipped: manifest.web failed")
    lines(ended, "manifest.beside: Creation complete")
    assert stage.names("configmap") >= {"beside"}
    assert "after" not in stage.names("configmap")
    beside(stage, "nginx:1")
    assert stage.actions() == {"manifest.web": "roll", "manifest.after": "create"}
    resumed(stage)


def test_a_missing_namespace_is_told_of_each_that_needs_it_and_not_of_the_inventory(stage: ClusterStage) -> None:
    objects = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"c{number}"}} for number in range(5)]
    away = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "away", "namespace": "default"}}
    stage.manifests(*objects, away, namespace="nowhere")
    errors = json.loads(stage.run("plan", "--format", "json", code=1).out)["errors"]
    assert [error["address"] for error in errors] == [f"manifest.c{number}" for number in range(5)]
    assert [error["location"]["line"] for error in errors] == [10, 11, 12, 13, 14]
    told = stage.run("plan", code=1).out
    assert told.count('The cluster says namespaces "nowhere" not found') == 1
    assert "kubectl create namespace nowhere\n" in told
    assert "inventory" not in told
