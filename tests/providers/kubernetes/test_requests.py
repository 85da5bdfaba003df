from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from support.kubernetes_objects import config

from wlinfra.provider import Absent, Action, Done, Live, PlanRequest, PlatformObject, ReadRequest, Refused
from wlinfra.testing import Driver
from wlinfra_kubernetes import Manifest
from wlinfra_kubernetes.provider import KubernetesConnection

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle

Connect = Callable[..., Driver]
MANY = 12


def wanted(item: PlatformObject) -> ReadRequest:
    return ReadRequest(address=item.address, kind=item.kind, name=item.name, desired=item)


def test_planning_unchanged_objects_takes_one_list_and_a_dry_run_each(drive: Connect) -> None:
    driver = drive()
    manifests = [config(f"c{number}", a="1") for number in range(MANY)]
    driver.apply(*manifests)
    connection = driver.connection
    assert isinstance(connection, KubernetesConnection)
    items = list(driver.objects(*manifests).values())
    before = connection.platform.client.requests
    readings = connection.read([wanted(item) for item in items])
    assert connection.platform.client.requests - before == 1
    for item, reading in zip(items, readings, strict=True):
        assert isinstance(reading, Live | Absent)
        prior = driver.records[item.address]
        request = PlanRequest(desired=item, prior=prior, reading=reading, dependencies={}, digest=driver.digest)
        assert connection.plan(request).action is Action.NO_OP
    assert connection.platform.client.requests - before == 1 + MANY


def requests_of(driver: Driver) -> int:
    """Return how many requests the driver's connection has made."""
    assert isinstance(driver.connection, KubernetesConnection)
    return driver.connection.platform.client.requests


def test_an_object_is_made_by_one_request(drive: Connect) -> None:
    driver = drive()
    changes = driver.plan(*(config(f"c{number}", a="1") for number in range(MANY)))
    before = requests_of(driver)
    results = [driver.run(step) for change in changes for step in change.steps]
    assert requests_of(driver) - before == MANY
    assert all(isinstance(result, Done) for result in results)


SPECS: dict[str, tuple[str, dict[str, Any]]] = {
    "ConfigMap": ("api/v1", {"data": {"a": "1"}}),
    "Service": ("api/v1", {"spec": {"ports": [{"port": 80}]}}),
    "PersistentVolumeClaim": (
        "api/v1",
        {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}},
    ),
    "Role": ("apis/rbac.authorization.k8s.io/v1", {"rules": []}),
    "NIMCache": (
        "apis/apps.nvidia.com/v1alpha1",
        {"spec": {"source": {"hf": {"endpoint": "x", "namespace": "x", "modelName": "x", "authSecret": "x", "modelPuller": "x", "pullSecret": "x"}}, "storage": {"pvc": {"name": "x"}}}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", SPECS)
def test_what_somebody_made_alike_after_the_plan_is_left_to_them(
    drive: Connect, cluster: ClusterHandle, namespace: str, kind: str
) -> None:
    root, rest = SPECS[kind]
    body = {"apiVersion": root.partition("/")[2], "kind": kind, "metadata": {"name": "mine"}, **rest}
    driver = drive()
    (change,) = driver.plan(Manifest("mine", body))
    path = f"/{root}/namespaces/{namespace}/{kind.lower()}s"
    theirs = cluster.api.create(path, body)
    (step,) = change.steps
    result = driver.run(step)
    assert isinstance(result, Refused)
    assert result.error.summary == "Object exists already"
    found = cluster.api.get(f"{path}/mine")["metadata"]
    assert (found["uid"], found.get("labels")) == (theirs["metadata"]["uid"], None)
    assert not any(entry["operation"] == "Apply" for entry in found["managedFields"])


def test_what_an_earlier_try_made_is_applied_to_once_more(
    drive: Connect, cluster: ClusterHandle, namespace: str
) -> None:
    driver = drive()
    (change,) = driver.plan(config(a="1"))
    (step,) = change.steps
    first, second = driver.run(step), driver.run(step)
    assert isinstance(first, Done)
    assert isinstance(second, Done)
    assert first.id == second.id
    assert cluster.api.get(f"/api/v1/namespaces/{namespace}/configmaps/settings")["data"] == {"a": "1"}


def test_planning_new_objects_takes_two_lists_and_a_dry_run_each(drive: Connect) -> None:
    driver = drive()
    connection = driver.connection
    items = list(driver.objects(*(config(f"c{number}", a="1") for number in range(MANY))).values())
    driver.plan(config("other", a="1"))  # which looks what the cluster serves
    before = requests_of(driver)
    readings = connection.read([wanted(item) for item in items])
    assert requests_of(driver) - before == 2
    assert all(isinstance(reading, Absent) for reading in readings)
    for item in items:
        request = PlanRequest(desired=item, prior=None, reading=Absent(), dependencies={}, digest=driver.digest)
        assert connection.plan(request).action is Action.CREATE
    assert requests_of(driver) - before == 2 + MANY


def test_what_is_new_is_told_from_what_somebody_else_has(
    drive: Connect, cluster: ClusterHandle, namespace: str
) -> None:
    cluster.api.create(f"/api/v1/namespaces/{namespace}/configmaps", {"metadata": {"name": "c3"}, "data": {"b": "2"}})
    driver = drive()
    items = driver.objects(*(config(f"c{number}", a="1") for number in range(MANY)))
    readings = driver.connection.read([wanted(item) for item in items.values()])
    assert [type(reading) for reading in readings].count(Live) == 1
    assert isinstance(readings[3], Live)
    assert not readings[3].owned
