"""The reason why something is not ready is told at the first question after the cluster knows it, on one line."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from engines.kubernetes.waiting import eventually
from support.kubernetes_objects import deployment

from wlinfra.changes.change import Change
from wlinfra.provider import Done, Failed, Ready, Status, Waiting, WaitingStill
from wlinfra.testing import Driver
from wlinfra_kubernetes import Manifest
from wlinfra_kubernetes.provider import KubernetesConnection

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle

Connect = Callable[..., Driver]
GPU = {"limits": {"nvidia.com/gpu": "64"}}
CASES = {
    "bad-image:1": "ImagePullBackOff: Back-off pulling image",
    "invalid-name:1": "InvalidImageName: Failed to apply default image tag",
    "no-secret:1": 'CreateContainerConfigError: secret "tokens" not found',
    "crashes:1": "crashes (CrashLoopBackOff, ",
    "out-of-memory:1": ", OOMKilled, exit code 137)",
}


class Wait:
    """One Deployment that was sent, and is awaited one question at a time."""

    def __init__(self, driver: Driver, cluster: ClusterHandle, namespace: str) -> None:
        assert isinstance(driver.connection, KubernetesConnection)
        self.driver, self.connection, self.cluster = driver, driver.connection, cluster
        self.core = f"/api/v1/namespaces/{namespace}"
        self.apps = f"/apis/apps/v1/namespaces/{namespace}"
        self.change: Change | None = None
        self.id = ""

    def send(self, resource: Manifest) -> None:
        """Make the calls without waiting."""
        (self.change,) = self.driver.plan(resource)
        result = self.driver.run(self.change.steps[0])
        assert isinstance(result, Done)
        self.id = str(result.id)

    def poll(self) -> Status:
        """Ask once."""
        assert self.change is not None
        assert self.change.goal is not None
        waiting = Waiting(
            address=self.change.address,
            kind=self.change.kind,
            id=self.id,
            goal="ready",
            details=self.change.goal.details,
        )
        (status,) = self.connection.poll([waiting])
        return status

    def told(self) -> str:
        """Ask once and return the reason, which is one line."""
        status = self.poll()
        assert isinstance(status, WaitingStill | Failed)
        reason = status.reason if isinstance(status, WaitingStill) else status.error.detail
        assert "\n" not in reason
        return reason

    def pods(self) -> list[Any]:
        return [pod for pod in self.cluster.api.get(f"{self.core}/pods")["items"] if "conditions" in pod["status"]]

    def held_back(self) -> bool:
        """True when a container of a pod is said to wait for something, or to have ended."""
        listed = [
            status
            for pod in self.pods()
            for kind in ("initContainerStatuses", "containerStatuses")
            for status in pod["status"].get(kind, ())
        ]
        return any(status["state"].get("waiting") for status in listed)

    def pass_time(self, seconds: float) -> None:
        self.connection.platform.now = lambda: time.time() + seconds


@pytest.fixture
def wait(drive: Connect, fakes: ClusterHandle, namespace: str) -> Wait:
    return Wait(drive(), fakes, namespace)


@pytest.mark.parametrize(("image", "reason"), CASES.items())
def test_what_a_container_says_is_told_at_the_first_look(wait: Wait, image: str, reason: str) -> None:
    wait.send(deployment(image))
    eventually(wait.held_back)
    assert reason in wait.told()
    assert "container main of pod web-" in wait.told()


@pytest.mark.parametrize(("image", "reason"), CASES.items())
@pytest.mark.parametrize(("restarts", "role"), [({}, "init container"), ({"restartPolicy": "Always"}, "sidecar")])
def test_what_an_init_container_or_a_sidecar_says_is_told_before_what_waits_for_it(
    wait: Wait, image: str, reason: str, restarts: dict[str, str], role: str
) -> None:
    resource = deployment()
    resource.manifest["spec"]["template"]["spec"]["initContainers"] = [{"name": "first", "image": image, **restarts}]
    wait.send(resource)
    eventually(wait.held_back)
    told = wait.told()
    assert f"{role} first of pod web-" in told
    assert reason in told


def test_a_pod_without_a_node_is_told_at_the_first_look(wait: Wait) -> None:
    resource = deployment()
    resource.manifest["spec"]["template"]["spec"]["containers"][0]["resources"] = GPU
    wait.send(resource)
    eventually(lambda: bool(wait.pods()))
    assert "finds no node: 0/" in wait.told()
    assert "Insufficient nvidia.com/gpu" in wait.told()


def test_a_quota_that_keeps_pods_away_is_told_at_the_first_look_and_ends_the_wait_in_time(
    wait: Wait, fakes: ClusterHandle, namespace: str
) -> None:
    fakes.kubectl("create", "quota", "few", "-n", namespace, "--hard=pods=0")
    fakes.kubectl("wait", "quota/few", "-n", namespace, "--for=jsonpath={.status.hard}", "--timeout=90s")
    wait.send(deployment())
    eventually(lambda: "ReplicaFailure" in str(fakes.api.get(f"{wait.apps}/deployments/web")["status"]))
    status = wait.poll()
    assert isinstance(status, WaitingStill)
    assert "FailedCreate: pods" in status.reason
    assert "exceeded quota: few" in status.reason
    wait.pass_time(121.0)
    assert isinstance(wait.poll(), Failed)


def test_a_probe_that_never_succeeds_is_told_at_the_first_look_and_past_the_deadline(
    wait: Wait, fakes: ClusterHandle
) -> None:
    def probed(seconds: int) -> Manifest:
        resource = deployment("never-ready:1", progressDeadlineSeconds=seconds)
        probe = {"httpGet": {"path": "/ready", "port": 80}}
        resource.manifest["spec"]["template"]["spec"]["containers"][0]["readinessProbe"] = probe
        return resource

    wait.send(probed(600))
    eventually(lambda: "unavailableReplicas" in fakes.api.get(f"{wait.apps}/deployments/web").get("status", {}))
    eventually(lambda: any(pod["status"].get("phase") == "Running" for pod in wait.pods()))
    why = "runs and is not ready: its readiness probe has not succeeded"
    assert "0 of 1 replicas are available: container main of pod web-" in wait.told()
    assert why in wait.told()
    wait.send(probed(1))
    status = eventually(lambda: found if isinstance(found := wait.poll(), Failed) else None)
    assert status is not None
    assert "ProgressDeadlineExceeded: container main of pod web-" in status.error.detail
    assert why in status.error.detail


def test_what_takes_longer_than_usual_is_told_with_the_last_warning_about_the_pod(
    wait: Wait, fakes: ClusterHandle
) -> None:
    wait.send(deployment("never-ready:1"))
    (pod,) = eventually(wait.pods)
    said = {"type": "Warning", "reason": "Unhealthy", "message": "Readiness probe failed:\nstatuscode: 503"}
    of = {"kind": "Pod", **{name: pod["metadata"][name] for name in ("namespace", "name", "uid")}}
    event = {"metadata": {"name": "unhealthy"}, "involvedObject": of, "lastTimestamp": "2030-01-01T00:00:00Z", **said}
    fakes.api.create(f"{wait.core}/events", event)
    eventually(lambda: "is not ready" in wait.told())
    assert "Unhealthy" not in wait.told()
    wait.pass_time(6.0)
    assert wait.told().endswith("is not ready: Unhealthy: Readiness probe failed: statuscode: 503")


def test_a_name_that_is_none_ends_the_wait_at_once_and_an_image_that_may_come_does_not(wait: Wait) -> None:
    wait.send(deployment("bad-image:1"))
    eventually(wait.held_back)
    assert isinstance(wait.poll(), WaitingStill)
    wait.send(deployment("invalid-name:1"))
    eventually(lambda: "InvalidImageName" in wait.told())
    assert isinstance(wait.poll(), Failed)


@pytest.mark.parametrize("image", ["no-secret:1", "crashes:1"])
def test_what_an_earlier_run_gave_up_for_gets_its_time_anew(wait: Wait, image: str) -> None:
    wait.send(deployment(image))
    eventually(wait.held_back)
    wait.pass_time(3600.0)  # as a run an hour later sees it, for nothing was asked before
    assert isinstance(wait.poll(), WaitingStill)


def test_an_api_server_that_is_away_is_told_and_ends_no_wait(
    drive: Connect, fakes: ClusterHandle, namespace: str, tmp_path: Path
) -> None:
    from engines.kubernetes.handle import write_kubeconfig

    wait = Wait(drive(), fakes, namespace)
    wait.send(deployment("never-ready:1"))
    write_kubeconfig(tmp_path / "config", server="http://127.0.0.1:1", authority=None, token="admin-token")
    wait.connection = Wait(drive(kubeconfig=str(tmp_path / "config"), retries=0), fakes, namespace).connection
    status = wait.poll()
    assert isinstance(status, WaitingStill)
    assert status.reason.startswith("it cannot be read at the moment: ")


def test_what_keeps_only_some_pods_away_ends_no_wait_while_others_end(
    wait: Wait, fakes: ClusterHandle, namespace: str
) -> None:
    one = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 1}}
    wait.send(deployment(replicas=2, strategy=one))
    eventually(lambda: isinstance(wait.poll(), Ready))
    fakes.kubectl("create", "quota", "two", "-n", namespace, "--hard=pods=2")
    fakes.kubectl("wait", "quota/two", "-n", namespace, "--for=jsonpath={.status.used.pods}=2", "--timeout=90s")
    wait.send(deployment("nginx:2", replicas=2, strategy=one))
    # After each refusal the controller waits twice as long before it creates a pod again.
    status = eventually(lambda: found if isinstance(found := wait.poll(), Ready | Failed) else None, seconds=180)
    assert isinstance(status, Ready)
