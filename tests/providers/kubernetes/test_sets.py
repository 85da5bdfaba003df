"""StatefulSets and DaemonSets say why they are not ready, though their own status does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from engines.kubernetes.waiting import eventually

from wlinfra.changes.change import Change
from wlinfra.errors import ProviderError
from wlinfra.provider import Action, Done, Failed, Ready, Status, Waiting, WaitingStill
from wlinfra.testing import Driver
from wlinfra_kubernetes import Manifest

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle

Connect = Callable[..., Driver]


def workload(kind: str, image: str = "nginx:1", **spec: Any) -> Manifest:
    container = {"name": "main", "image": image, "resources": {"requests": {"cpu": "0.1", "memory": "64M"}}}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}}
    wanted = {"selector": {"matchLabels": {"app": "web"}}, "template": template, **spec}
    return Manifest("web", {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "web"}, "spec": wanted})


def sent(driver: Driver, resource: Manifest) -> tuple[Change, str]:
    """Make the call without waiting; return the change and the object's id."""
    (change,) = driver.plan(resource)
    result = driver.run(change.steps[0])
    assert isinstance(result, Done)
    return change, str(result.id)


def ask(driver: Driver, change: Change, id: str) -> Status:
    assert change.goal is not None
    waiting = Waiting(address=change.address, kind=change.kind, id=id, goal="ready", details=change.goal.details)
    (status,) = driver.connection.poll([waiting])
    return status


def told(driver: Driver, change: Change, id: str, part: str) -> str:
    """Ask until the reason holds the part; return it."""

    def reason() -> str:
        status = ask(driver, change, id)
        said = status.reason if isinstance(status, WaitingStill) else ""
        return said if part in said else ""

    return eventually(reason)


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
def test_a_bad_image_ends_the_wait_with_its_reason(drive: Connect, kind: str) -> None:
    with pytest.raises(ProviderError, match=r"container main of pod web-.*: ImagePullBackOff"):
        drive(image_grace=0).apply(workload(kind, "bad-image:1"))


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
def test_a_quota_that_keeps_pods_away_is_told_from_events(
    drive: Connect, fakes: ClusterHandle, namespace: str, kind: str
) -> None:
    fakes.kubectl("create", "quota", "few", "-n", namespace, "--hard=pods=0")
    fakes.kubectl("wait", "quota/few", "-n", namespace, "--for=jsonpath={.status.hard}", "--timeout=90s")
    driver = drive()
    change, id = sent(driver, workload(kind))
    eventually(lambda: "exceeded quota" in fakes.kubectl("get", "events", "-n", namespace))
    assert "FailedCreate: " in told(driver, change, id, "exceeded quota: few")
    driver = drive(schedule_timeout=0)
    assert isinstance(ask(driver, change, id), Failed)


def test_a_broken_pod_that_a_stateful_set_does_not_replace_is_named_with_what_to_do(
    drive: Connect, fakes: ClusterHandle, namespace: str
) -> None:
    driver = drive(image_grace=0)
    with pytest.raises(ProviderError):
        driver.apply(workload("StatefulSet", "bad-image:1"))
    driver = drive()
    change, id = sent(driver, workload("StatefulSet", "nginx:1"))
    assert change.action is Action.ROLL
    assert "bad-image:1" in told(driver, change, id, f"kubectl delete pod web-0 -n {namespace}")
    fakes.kubectl("delete", "pod", "web-0", "-n", namespace, "--wait=false")
    eventually(lambda: isinstance(ask(driver, change, id), Ready))
