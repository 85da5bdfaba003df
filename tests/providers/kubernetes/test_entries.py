"""The way in to a model server of the NIM Operator bears a name that the operator does not clean up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from engines.kubernetes.waiting import eventually
from support.cluster_stage import ClusterStage

import wlinfra as wl
from wlinfra.provider import Action, PlatformObject
from wlinfra.testing import Driver

if TYPE_CHECKING:
    from pathlib import Path

    from engines.kubernetes.handle import ClusterHandle

Connect = Callable[..., Driver]
BUNDLES = {"gpu.one": {"cpu": 1, "memory": "1GB", "gpu": {"products": ["NVIDIA-H100-80GB-HBM3"], "type": "H100"}}}
ENTRIES = {"Ingress": {"class_name": "nginx"}, "HTTPRoute": {"name": "edge"}}
PROGRAM = """
import wlinfra as wl

stack = wl.Stack("models")


@stack.resources
def resources(env):
    image = wl.Container(image="nvcr.io/nim/meta/llama:1", port=8000)
    model = wl.Artifact("model", type="nim", containers=[image], storage=wl.Storage(pvc_size="10Gi"))
    yield model
    yield wl.Workload("llm", artifact=model, replicas=1, bundles=["gpu.one"])

"""


def target(kind: str, **entry: Any) -> dict[str, Any]:
    return {
        "ngc_secret": "ngc",
        "domain": "example.com",
        "entry": {**ENTRIES[kind], **entry},
        "storage_class": "shared",
    }


def declared(driver: Driver, kind: str) -> PlatformObject:
    image = wl.Container(image="nvcr.io/nim/meta/llama:1", port=8000)
    model = wl.Artifact("model", type="nim", containers=[image], storage=wl.Storage(pvc_size="10Gi"))
    objects = driver.objects(model, wl.Workload("llm", artifact=model, replicas=1, bundles=["gpu.one"]))
    return next(item for item in objects.values() if item.address.part == kind)


def as_earlier(item: PlatformObject) -> PlatformObject:
    """Return the object as earlier versions named it: like the NIMService."""
    namespace = item.name.partition("/")[0]
    meta: Any = item.values["metadata"]
    values = {**item.values, "metadata": {**meta, "name": "llm"}}
    return replace(item, name=f"{namespace}/llm", values=values, private=None)


@pytest.fixture
def stage(fakes: ClusterHandle, namespace: str, tmp_path: Path) -> ClusterStage:
    return ClusterStage(cluster=fakes, namespace=namespace, folder=tmp_path / "project")


@pytest.mark.parametrize("kind", ENTRIES)
def test_the_operator_leaves_it_alone(stage: ClusterStage, fakes: ClusterHandle, kind: str) -> None:
    fakes.kubectl("-n", stage.namespace, "create", "secret", "generic", "ngc")
    stage.program(PROGRAM, bundles=BUNDLES, target=target(kind))
    stage.apply()
    assert stage.names(kind) == {"llm-entry"}
    stage.kubectl("label", "nimservice", "llm", "seen=again")  # another reconcile
    assert eventually(lambda: stage.actions() == {})
    assert stage.names(kind) == {"llm-entry"}


def test_what_bears_the_name_of_the_service_is_cleaned_up(stage: ClusterStage, fakes: ClusterHandle) -> None:
    fakes.kubectl("-n", stage.namespace, "create", "secret", "generic", "ngc")
    stage.program(PROGRAM, bundles=BUNDLES, target=target("Ingress"))
    stage.apply()
    stage.kubectl("create", "ingress", "llm", "--rule=other.example.com/*=llm:8000")
    stage.kubectl("annotate", "deployment", "llm", "seen=again")
    assert eventually(lambda: stage.names("ingress") == {"llm-entry"})


@pytest.mark.parametrize("kind", ENTRIES)
def test_one_of_an_earlier_version_keeps_its_name_until_it_changes(drive: Connect, kind: str) -> None:
    driver = drive(bundles=BUNDLES, target=target(kind))
    item = declared(driver, kind)
    driver.execute(driver.plan_one(as_earlier(item), {}))
    assert driver.plan_one(item, {}).action is Action.NO_OP
    changed = drive(bundles=BUNDLES, target={**target(kind), "domain": "example.org"})
    changed.records.update(driver.records)
    change = changed.plan_one(declared(changed, kind), {})
    assert (change.action, [step.verb for step in change.steps]) == (Action.REPLACE, ["PATCH", "DELETE"])
    changed.execute(change)
    assert changed.records[item.address].name == item.name
    assert changed.plan_one(declared(changed, kind), {}).action is Action.NO_OP


def test_one_whose_record_is_lost_keeps_its_name_too(drive: Connect) -> None:
    driver = drive(bundles=BUNDLES, target=target("Ingress"))
    item = declared(driver, "Ingress")
    driver.execute(driver.plan_one(as_earlier(item), {}))
    driver.records.clear()
    change = driver.plan_one(item, {})
    assert (change.action, change.name) == (Action.IMPORT, as_earlier(item).name)
    assert [attribute for attribute in change.attributes if attribute.live != attribute.planned] == []


def test_one_that_the_operator_deleted_comes_back_under_the_new_name(
    drive: Connect, cluster: ClusterHandle, namespace: str
) -> None:
    driver = drive(bundles=BUNDLES, target=target("Ingress"))
    item = declared(driver, "Ingress")
    driver.execute(driver.plan_one(as_earlier(item), {}))
    cluster.kubectl("-n", namespace, "delete", "ingress", "llm")
    change = driver.plan_one(item, {})
    assert (change.action, change.name) == (Action.CREATE, item.name)
