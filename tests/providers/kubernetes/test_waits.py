from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from support.kubernetes_objects import config, deployment

from wlinfra.errors import ProviderError
from wlinfra.provider import Action, ReadRequest
from wlinfra.testing import Driver
from wlinfra_kubernetes import Manifest
from wlinfra_kubernetes.provider import KubernetesConnection

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle

Connect = Callable[..., Driver]


def test_a_bad_image_ends_the_wait_with_its_reason(drive: Connect) -> None:
    with pytest.raises(ProviderError, match="ImagePull"):
        drive(image_grace=0).apply(deployment("bad-image:1"))


def test_a_pod_without_a_node_ends_the_wait_with_the_scheduler_s_words(drive: Connect) -> None:
    resource = deployment()
    container = resource.manifest["spec"]["template"]["spec"]["containers"][0]
    container["resources"] = {"limits": {"nvidia.com/gpu": "64"}}
    with pytest.raises(ProviderError, match="finds no node"):
        drive(schedule_timeout=0).apply(resource)


def test_waiting_goes_on_after_the_cause_is_corrected(drive: Connect) -> None:
    driver = drive(image_grace=0)
    with pytest.raises(ProviderError):
        driver.apply(deployment("bad-image:1"))
    driver.apply(deployment("nginx:1"))
    assert {change.action for change in driver.plan(deployment("nginx:1"))} == {Action.NO_OP}


def test_what_bears_our_label_and_nobody_knows_is_found(drive: Connect, cluster: ClusterHandle, namespace: str) -> None:
    driver = drive()
    connection = driver.connection
    assert isinstance(connection, KubernetesConnection)
    objects = [*driver.objects(config("kept")).values(), *driver.objects(config("lost")).values()]
    (inventory,) = connection.implied(objects)
    driver.apply(config("kept"), config("lost"))
    driver.execute(driver.plan_one(inventory, {}))
    kept = next(item for item in objects if item.name.endswith("/kept"))
    known = [ReadRequest(address=kept.address, kind=kept.kind, name=kept.name)]
    found = connection.strays(known)
    assert [(stray.address, stray.name) for stray in found] == [("manifest.lost", f"{namespace}/lost")]


def test_an_output_named_by_its_path_is_awaited(drive: Connect) -> None:
    labels = {"app": "web"}
    body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"selector": labels, "ports": [{"port": 80}]}}  # fmt: skip
    driver = drive()
    (change,) = driver.apply(Manifest("web", body, outputs={"address": "spec.clusterIP"}))
    assert str(change.outputs["address"]).startswith("10.")
