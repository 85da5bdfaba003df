"""Fake nodes with fake GPUs that run every pod they are given; a thread of the fakes' process drives it.

What a container does is read from its image: `bad-image` cannot be pulled, `invalid-name` is no name, `no-secret`
misses a Secret, `crashes` ends and is started again, `out-of-memory` is killed each time, `never-ready` runs without
getting ready, `slow` gets ready after some seconds; anything else runs, and pods of jobs succeed. Init containers do the same, and hold up what follows.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from engines.kubernetes.client import CONNECTION_LOST, ApiClient, ApiError, Json, follow

__all__ = ["NODES", "FakeKubelet", "FakeNode"]

LEASE_SECONDS = 40
UNUSUAL_SECONDS = 5.3
"""Seconds after which a wait finds it unusual that a pod is not ready: what is slow reports then that it still starts."""
SLOW_SECONDS = 6.3
"""Seconds until what is slow gets ready."""
LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeNode:
    """A node to make: what it has to give beyond processors and memory, and the labels that say so."""

    name: str
    gpus: Mapping[str, int] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    cpu: str = "64"
    memory: str = "512Gi"


def _discovered(product: str, *, count: int, mebibytes: int, family: str) -> dict[str, str]:
    """Return the labels that GPU Feature Discovery puts on a node."""
    return {
        "nvidia.com/gpu.present": "true",
        "nvidia.com/gpu.product": product,
        "nvidia.com/gpu.count": str(count),
        "nvidia.com/gpu.memory": str(mebibytes),
        "nvidia.com/gpu.family": family,
        "feature.node.kubernetes.io/pci-10de.present": "true",
    }


NODES = (
    FakeNode(name="cpu-0"),
    FakeNode(
        name="h100-0",
        gpus={"nvidia.com/gpu": 8},
        labels=_discovered("NVIDIA-H100-80GB-HBM3", count=8, mebibytes=81559, family="hopper"),
    ),
    FakeNode(
        name="a100-0",
        gpus={"nvidia.com/gpu": 8},
        labels=_discovered("NVIDIA-A100-SXM4-80GB", count=8, mebibytes=81920, family="ampere"),
    ),
    FakeNode(
        name="mig-0",
        gpus={"nvidia.com/mig-3g.40gb": 2, "nvidia.com/mig-1g.10gb": 7},
        labels={
            **_discovered("NVIDIA-H100-80GB-HBM3", count=2, mebibytes=81559, family="hopper"),
            "nvidia.com/mig.strategy": "mixed",
            "nvidia.com/mig-3g.40gb.count": "2",
            "nvidia.com/mig-1g.10gb.count": "7",
        },
    ),
    FakeNode(name="dra-0", labels={"nvidia.com/gpu.present": "true"}),
)


class FakeKubelet:
    """Makes the nodes, keeps every node's lease fresh, and moves pods from Pending to what their images say."""

    def __init__(self, client: ApiClient, stop: threading.Event) -> None:
        self._client = client
        self._stop = stop
        self._addresses = (f"10.{a}.{b}.{c}" for a in range(64, 128) for b in range(256) for c in range(1, 255))
        self._crashing: dict[str, Json] = {}
        self._restarts: dict[str, itertools.count[int]] = {}
        self._seen: set[str] = set()
        self._starting: dict[str, list[tuple[float, str, Json]]] = {}
        """When each slow pod reports something, where, and what."""

    def threads(self) -> list[threading.Thread]:
        """Return what has to run, not yet started."""
        watch = (self._client, "/api/v1/pods", self._on_pod, self._stop)
        return [
            threading.Thread(target=self._heartbeat, name="kubelet leases", daemon=True),
            threading.Thread(target=self._restart, name="kubelet restarts", daemon=True),
            threading.Thread(target=self._finish_starting, name="kubelet starts", daemon=True),
            threading.Thread(target=follow, args=watch, name="kubelet pods", daemon=True),
        ]

    def make_nodes(self) -> None:
        """Create the nodes and report them ready."""
        for node in NODES:
            labels = {"kubernetes.io/hostname": node.name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
            metadata = {"name": node.name, "labels": {**labels, **node.labels}}
            self._client.create("/api/v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": metadata})
            self._client.merge(f"/api/v1/nodes/{node.name}/status", {"status": _node_status(node)})
            self._renew(node.name)

    def _heartbeat(self) -> None:
        """Renew the lease of every node there is, those made by tests among them, and look after pods that must end."""
        while not self._stop.wait(LEASE_SECONDS / 4):
            try:
                for node in self._client.get("/api/v1/nodes")["items"]:
                    self._renew(node["metadata"]["name"])
                self._end_again()
            except (ApiError, *CONNECTION_LOST):
                continue

    def _end_again(self) -> None:
        """End the pods whose end was lost, say by a conflict, as a kubelet does that looks at its pods every so often."""
        for pod in self._client.get("/api/v1/pods")["items"]:
            if "deletionTimestamp" in pod["metadata"]:
                self._on_pod("MODIFIED", pod)

    def _renew(self, node: str) -> None:
        spec = {"holderIdentity": node, "leaseDurationSeconds": LEASE_SECONDS, "renewTime": _now(micro=True)}
        lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": node}, "spec": spec}
        self._client.apply(f"{LEASES}/{node}", lease, manager="kubelet")

    def _on_pod(self, event: str, pod: Json) -> None:
        metadata = pod["metadata"]
        if event == "DELETED":
            self._crashing.pop(metadata["uid"], None)
            self._starting.pop(metadata["uid"], None)
            self._seen.discard(metadata["uid"])
        elif "nodeName" in pod["spec"] and event in {"ADDED", "MODIFIED"}:
            try:
                self._move(pod)
            except ApiError as error:
                if error.status not in {404, 409}:
                    raise

    def _move(self, pod: Json) -> None:
        uid, path = pod["metadata"]["uid"], _path(pod)
        if "deletionTimestamp" in pod["metadata"]:
            precise = {"gracePeriodSeconds": 0, "preconditions": {"uid": uid}}
            self._client.delete(path, precise)
        elif pod["status"].get("phase") == "Pending" and uid not in self._seen:
            address = next(self._addresses)
            status = _pod_status(pod, address)
            slow = not _of_job(pod) and any("slow" in image for image in _images(pod))
            self._client.merge(f"{path}/status", {"status": _not_ready(status) if slow else status})
            self._seen.add(uid)
            if slow:
                now, still = time.monotonic(), {"metadata": {"annotations": {"fake-kubelet": "still starting"}}}
                ready = (now + SLOW_SECONDS, f"{path}/status", {"status": status})
                self._starting[uid] = [(now + UNUSUAL_SECONDS, path, still), ready]
            if not _of_job(pod) and any(_ends(image) for image in _images(pod)):
                self._crashing[uid] = pod
        elif pod["status"].get("phase") == "Running" and _of_job(pod):
            self._client.merge(f"{path}/status", {"status": _ended(pod)})

    def _restart(self) -> None:
        """Count the restarts of what crashes, one more every second up to ten."""
        while not self._stop.wait(1.0):
            for uid, pod in list(self._crashing.items()):
                restarts = next(self._restarts.setdefault(uid, itertools.count(2)))
                if restarts > 10:
                    continue
                try:
                    self._client.merge(f"{_path(pod)}/status", {"status": _container_statuses(pod, restarts)})
                except (ApiError, *CONNECTION_LOST):
                    continue

    def _finish_starting(self) -> None:
        """Let what is slow report that it starts, and get ready, when its time has come."""
        while not self._stop.wait(0.1):
            for uid, ((due, path, said), *later) in list(self._starting.items()):
                if time.monotonic() < due:
                    continue
                try:
                    self._client.merge(path, said)
                except (ApiError, *CONNECTION_LOST):
                    continue
                if later and uid in self._starting:
                    self._starting[uid] = later
                else:
                    self._starting.pop(uid, None)


def _node_status(node: FakeNode) -> Json:
    room = {"cpu": node.cpu, "memory": node.memory, "pods": "1000", "ephemeral-storage": "4Ti"}
    room |= {resource: str(count) for resource, count in node.gpus.items()}
    now = _now()
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "ready"}
    return {
        "capacity": room,
        "allocatable": room,
        "conditions": [{**ready, "lastHeartbeatTime": now, "lastTransitionTime": now}],
        "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}, {"type": "Hostname", "address": node.name}],
        "nodeInfo": _NODE_INFO,
    }


_NODE_INFO = {
    "machineID": "fake",
    "systemUUID": "fake",
    "bootID": "fake",
    "kernelVersion": "6.1.0",
    "osImage": "fake",
    "containerRuntimeVersion": "fake://1.0",
    "kubeletVersion": "v1.35.4",
    "kubeProxyVersion": "v1.35.4",
    "operatingSystem": "linux",
    "architecture": "amd64",
}


def _pod_status(pod: Json, address: str) -> Json:
    """Return the first status of a pod on its node."""
    containers = _container_statuses(pod)
    listed = [one for named in containers.values() for one in named]
    unready = any(not one["ready"] for one in listed)
    pending = any(one["state"].get("waiting") and not one.get("lastState") for one in listed)
    reason = {"reason": "ContainersNotReady"} if unready else {}
    conditions = [
        _condition("Initialized", true=not _is_held(pod)),
        _condition("PodScheduled", true=True),
        {**_condition("ContainersReady", true=not unready), **reason},
        {**_condition("Ready", true=not unready), **reason},
    ]
    return {
        "phase": "Pending" if pending else "Running",
        "conditions": conditions,
        "hostIP": "127.0.0.1",
        "podIP": address,
        "podIPs": [{"ip": address}],
        "startTime": _now(),
        **containers,
    }


def _not_ready(status: Json) -> Json:
    """Return a pod's status as it is before its containers are ready."""
    waiting = [
        {**one, "status": "False"} if one["type"] in {"ContainersReady", "Ready"} else one
        for one in status["conditions"]
    ]
    containers = [{**one, "ready": False} for one in status["containerStatuses"]]
    return {**status, "conditions": waiting, "containerStatuses": containers}


def _container_statuses(pod: Json, restarts: int = 1) -> Json:
    """Return the statuses of all containers; those that crash were restarted so often."""
    spec, job, held = pod["spec"], _of_job(pod), _is_held(pod)
    waits = any(_fault(container) for container in spec["containers"])
    first = [_initial(container, restarts) for container in spec.get("initContainers", ())]
    if held:
        then = [_held_back(container, "PodInitializing") for container in spec["containers"]]
    elif waits:
        then = [_not_begun(container) for container in spec["containers"]]
    else:
        then = [_running(one) if job else _crashing(one, restarts) for one in spec["containers"]]
    return {"initContainerStatuses": first, "containerStatuses": then}


def _initial(container: Json, restarts: int) -> Json:
    if _fault(container):
        return _not_begun(container)
    if _ends(container["image"]):
        return _crashing(container, restarts)
    return _running(container) if _is_sidecar(container) else _finished(container, 0)


def _is_held(pod: Json) -> bool:
    """True when an init container does not let the others begin."""
    first = pod["spec"].get("initContainers", ())
    return any(_fault(one) or (_ends(one["image"]) and not _is_sidecar(one)) for one in first)


def _is_sidecar(container: Json) -> bool:
    return bool(container.get("restartPolicy") == "Always")


def _ends(image: str) -> bool:
    return "crashes" in image or "out-of-memory" in image


def _fault(container: Json) -> Json:
    """Return why a container cannot begin; empty when it can."""
    image = container["image"]
    if "bad-image" in image:
        return {"reason": "ImagePullBackOff", "message": f'Back-off pulling image "{image}": ErrImagePull: not found'}
    if "invalid-name" in image:
        said = f'Failed to apply default image tag "{image}": couldn\'t parse image name: invalid reference format'
        return {"reason": "InvalidImageName", "message": said}
    if "no-secret" in image:
        return {"reason": "CreateContainerConfigError", "message": 'secret "tokens" not found'}
    return {}


def _container(container: Json, state: Json, *, ready: bool) -> Json:
    image = container["image"]
    identity = {"name": container["name"], "image": image, "imageID": f"fake://{image}"}
    return {**identity, "ready": ready, "started": ready, "restartCount": 0, "state": state}


def _running(container: Json) -> Json:
    state = {"running": {"startedAt": _now()}, "waiting": None, "terminated": None}
    return _container(container, state, ready="never-ready" not in container["image"])


def _not_begun(container: Json) -> Json:
    fault = _fault(container)
    if not fault:
        return _held_back(container, "ContainerCreating")
    return {**_container(container, {"waiting": fault}, ready=False), "imageID": ""}


def _held_back(container: Json, reason: str) -> Json:
    return _container(container, {"waiting": {"reason": reason}}, ready=False)


def _crashing(container: Json, restarts: int = 1) -> Json:
    image = container["image"]
    if not _ends(image):
        return _running(container)
    back_off = {"reason": "CrashLoopBackOff", "message": f"back-off restarting failed container {container['name']}"}
    why = {"exitCode": 137, "reason": "OOMKilled"} if "out-of-memory" in image else {"exitCode": 1, "reason": "Error"}
    return {
        **_container(container, {"waiting": back_off}, ready=False),
        "restartCount": restarts,
        "lastState": {"terminated": {**why, "startedAt": _now(), "finishedAt": _now()}},
    }


def _finished(container: Json, code: int) -> Json:
    end = {"exitCode": code, "startedAt": _now(), "finishedAt": _now(), "reason": "Error" if code else "Completed"}
    return _container(container, {"terminated": end, "running": None, "waiting": None}, ready=code == 0)


def _ended(pod: Json) -> Json:
    """Return the last status of a job's pod: failed when its image crashes."""
    code = int(any("crashes" in image for image in _images(pod)))
    return {
        "phase": "Failed" if code else "Succeeded",
        "conditions": [{**_condition("Ready", true=False), "reason": "PodCompleted"}],
        "containerStatuses": [_finished(container, code) for container in pod["spec"]["containers"]],
    }


def _condition(kind: str, *, true: bool) -> Json:
    return {"type": kind, "status": str(true), "lastTransitionTime": _now(), "lastProbeTime": None}


def _images(pod: Json) -> list[str]:
    return [str(one["image"]) for one in (*pod["spec"]["containers"], *pod["spec"].get("initContainers", ()))]


def _of_job(pod: Json) -> bool:
    return any(owner["kind"] == "Job" for owner in pod["metadata"].get("ownerReferences", ()))


def _path(pod: Json) -> str:
    return f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}"


def _now(*, micro: bool = False) -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ" if micro else "%Y-%m-%dT%H:%M:%SZ")
