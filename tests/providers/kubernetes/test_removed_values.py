"""A change that only removes values is an update, and what the cluster made of our apply is nobody's change."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from support.kubernetes_objects import config

from wlinfra.changes.outcome import label_of
from wlinfra.provider import Action
from wlinfra.testing import Driver
from wlinfra_kubernetes import Manifest

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle

Connect = Callable[..., Driver]


def service(**spec: Any) -> Manifest:
    body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "gate"}}
    return Manifest("gate", {**body, "spec": {"ports": [{"port": 80}], **spec}})


def test_what_is_declared_no_more_is_an_update_and_defaults_are_nobodys(drive: Connect) -> None:
    driver = drive()
    driver.apply(service(type="NodePort", selector={"app": "gate"}, externalTrafficPolicy="Local"))
    (change,) = driver.plan(service())
    assert (change.action, label_of(change.decision), len(change.steps)) == (Action.UPDATE, "", 1)
    removed = {".".join(map(str, item.path)) for item in change.attributes if item.planned is None}
    assert removed >= {"spec.selector", "spec.ports.80.nodePort", "spec.externalTrafficPolicy"}
    assert change.drift == ()


def test_what_is_empty_is_as_good_as_absent(drive: Connect) -> None:
    driver = drive()
    driver.apply(service(selector={"app": "gate"}, loadBalancerSourceRanges=[]))
    (change,) = driver.plan(service(selector={"app": "other"}, loadBalancerSourceRanges=[]))
    assert [item.path for item in change.attributes] == [("spec", "selector", "app")]
    assert change.drift == ()


def test_what_another_removes_or_sets_is_theirs(drive: Connect, cluster: ClusterHandle, namespace: str) -> None:
    driver = drive(conflicts={"data.*": "force"})
    driver.apply(config(a="1", b="1"))
    patch = json.dumps({"data": {"a": "9", "b": None}})
    cluster.kubectl("patch", "configmap", "settings", "-n", namespace, "-p", patch, "--field-manager=kubectl-edit")
    (change,) = driver.plan(config(a="2", b="1"))
    assert {item.path[-1] for item in change.drift} == {"a", "b"}


def test_what_a_webhook_makes_of_our_own_apply_is_nobodys_change(
    drive: Connect, cluster: ClusterHandle, namespace: str
) -> None:
    driver = drive()
    driver.apply(config(a="1"))
    document = json.loads(
        cluster.kubectl("get", "configmap", "settings", "-n", namespace, "-o", "json", "--show-managed-fields")
    )
    # As an admission webhook does it: the request is ours, the value is not what we sent.
    manager = next(entry["manager"] for entry in document["metadata"]["managedFields"])
    body = {**document, "data": {"a": "mirrored"}}
    body["metadata"] = {name: document["metadata"][name] for name in ("name", "namespace", "labels", "annotations")}
    cluster.kubectl(
        "apply", "--server-side", f"--field-manager={manager}", "--force-conflicts", "-f", "-", input=json.dumps(body)
    )
    (change,) = driver.plan(config(a="2"))
    assert [(item.path[-1], item.origin.value) for item in change.attributes if item.path[0] == "data"] == [
        ("a", "intended")
    ]
    assert change.drift == ()
