"""GPUs that are not there: refused by name before anything is made, or awaited with the scheduler's words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from engines.kubernetes.waiting import eventually
from support.cluster_stage import ClusterStage, container

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle

PROGRAM = """\
import wlinfra as wl

stack = wl.Stack("shop")


@stack.resources
def resources(env):
    server = wl.Artifact("server", containers=[wl.Container(image="ghcr.io/acme/chat:1", port=8080)])
    yield server
    yield wl.Workload("chat", artifact=server, bundles=[BUNDLES], replicas=1)
"""


def gpu(count: int = 1, **wanted: Any) -> dict[str, Any]:
    return {"cpu": 1, "memory": "1GB", "gpu": {"count": count, "type": "GPU", **wanted}}


H100, A100 = ["NVIDIA-H100-80GB-HBM3"], ["NVIDIA-A100-SXM4-80GB"]
CATALOGUE = {
    "h100-64": gpu(64, products=H100),
    "b300": gpu(products=["NVIDIA-B300"]),
    "a100-8": gpu(8, products=A100),
    "large": {"cpu": 1000, "memory": "1GB"},
}


def workload(stage: ClusterStage, *bundles: str, **options: Any) -> None:
    stage.program(PROGRAM.replace("BUNDLES", repr(list(bundles))[1:-1]), bundles=CATALOGUE, **options)


def told(stage: ClusterStage, command: str, *arguments: str, part: str) -> str:
    """Return the one line of a failing command that holds the part."""
    ended = stage.run(command, *arguments, code=1)
    found = [line for line in (ended.out + ended.err).splitlines() if part in line]
    assert found, f"{part} stands on no line:\n{ended.out}\n{ended.err}"
    return found[-1]


@pytest.mark.parametrize(
    ("bundle", "reason"),
    [
        ("h100-64", f"bundle h100-64 asks for 64 nvidia.com/gpu, where h100-0 has 8, the most of the nodes with the GPU {H100[0]}"),
        ("b300", "bundle b300 wants a node with the GPU NVIDIA-B300, and there are NVIDIA-A100-SXM4-80GB, NVIDIA-H100"),
        ("large", "bundle large asks for 1k cpu, where "),
    ],
)  # fmt: skip
def test_a_bundle_that_no_node_could_ever_hold_is_refused_by_name_with_the_largest_node(
    stage: ClusterStage, fakes: ClusterHandle, bundle: str, reason: str
) -> None:
    assert fakes.fake
    workload(stage, bundle)
    line = told(stage, "apply", "--auto-approve", part="gets no node")
    assert "workload.chat" in line
    assert reason in line
    assert stage.names("configmap") == {"kube-root-ca.crt"}


def test_every_bundle_of_a_list_is_named_with_its_own_reason(stage: ClusterStage, fakes: ClusterHandle) -> None:
    assert fakes.fake
    workload(stage, "b300", "large")
    line = told(stage, "plan", part="gets no node")
    assert "bundle b300 wants" in line
    assert "bundle large asks for" in line


@pytest.fixture
def taken(stage: ClusterStage, fakes: ClusterHandle) -> Iterator[str]:
    """Make a node for this test alone, whose two GPUs a pod named taker has."""
    name = stage.namespace
    path = f"/api/v1/nodes/{name}"
    taint = {"key": "own", "value": name, "effect": "NoSchedule"}
    fakes.api.create(
        "/api/v1/nodes", {"metadata": {"name": name, "labels": {"own": name}}, "spec": {"taints": [taint]}}
    )
    room = {"cpu": "8", "memory": "8Gi", "pods": "10", "nvidia.com/gpu": "2"}
    status = {"capacity": room, "allocatable": room, "conditions": [{"type": "Ready", "status": "True"}]}
    fakes.api.merge(f"{path}/status", {"status": status})
    pod = {"nodeName": name, "containers": [container(resources={"limits": {"nvidia.com/gpu": "2"}})]}
    fakes.api.create(f"/api/v1/namespaces/{name}/pods", {"metadata": {"name": "taker"}, "spec": pod})
    eventually(lambda: len(fakes.api.get(path)["spec"]["taints"]) == 1)  # new nodes bear another one for a moment
    yield name
    fakes.api.delete(path)


def test_gpus_that_are_all_taken_are_awaited_with_the_scheduler_s_words(stage: ClusterStage, taken: str) -> None:
    own = {"node_selector": {"own": taken}, "tolerations": [{"key": "own", "operator": "Exists"}]}
    catalogue = {"own": {**gpu(2), **own}}
    stage.program(PROGRAM.replace("BUNDLES", '"own"'), bundles=catalogue, schedule_timeout=0)
    assert "no node has room for it now" in stage.run("plan").out
    line = told(stage, "apply", "--auto-approve", part="Failed after")
    assert "finds no node: 0/" in line
    assert "Insufficient nvidia.com/gpu" in line
    stage.kubectl("delete", "pod", "taker", "--wait=true")
    stage.program(PROGRAM.replace("BUNDLES", '"own"'), bundles=catalogue)
    stage.apply()
    assert stage.actions() == {}
