from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from wlinfra_kubernetes.bundles.devices import DeviceNeed
from wlinfra_kubernetes.bundles.room import Need, Room
from wlinfra_kubernetes.bundles.shortage import shortage
from wlinfra_kubernetes.cluster.failures import ClusterError, Failure
from wlinfra_manifests.document import Key
from wlinfra_manifests.model import Bundle, Gpu

GPU = "nvidia.com/gpu"
OWNER = Key("apps/v1", "Deployment", "ai", "chat")


@dataclass
class Cluster:
    """Answers lists from what a test puts in."""

    items: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    forbidden: str = ""
    served: bool = True

    def list(self, key: Key, *, labels: str = "", fields: str = "") -> list[dict[str, Any]]:
        del labels, fields
        if key.kind == self.forbidden:
            raise ClusterError(Failure.FORBIDDEN, "no", status=403)
        return self.items.get(key.kind, [])

    def serves(self, api: str, kind: str) -> bool:
        del api, kind
        return self.served

    def add(self, kind: str, item: dict[str, Any]) -> Cluster:
        self.items.setdefault(kind, []).append(item)
        return self

    def room(self, *, devices: bool = False) -> Room:
        return Room.read(self, devices=devices)


def node(name: str = "n", *, ready: str = "True", labels: Any = None, gpus: int = 4, **spec: Any) -> dict[str, Any]:
    status = {
        "conditions": [{"type": "Ready", "status": ready}],
        "allocatable": {"cpu": "8", "memory": "32Gi", "pods": "10", GPU: str(gpus), "nvidia.com/mig-3g.40gb": "2"},
    }
    return {"metadata": {"name": name, "labels": labels or {}}, "spec": spec, "status": status}


def pod(gpus: int = 1, *, owner: str = "", status: Any = None, init: int = 0, **spec: Any) -> dict[str, Any]:
    owners = [{"kind": "ReplicaSet", "name": f"{owner}-5d4f"}] if owner else []
    spec = {"containers": [_container(gpus)], "initContainers": [_container(init)] if init else [], **spec}
    return {
        "metadata": {"namespace": "ai", "name": "p", "uid": "u1", "ownerReferences": owners},
        "spec": spec,
        "status": status or {},
    }


def _container(gpus: int) -> dict[str, Any]:
    return {"resources": {"limits": {GPU: str(gpus)}}}


def need(gpus: int = 1, *, resource: str = GPU, devices: DeviceNeed | None = None, **bundle: Any) -> Need:
    gpu = bundle.pop("gpu", Gpu(count=gpus, resource=resource))
    amounts = {"pods": Decimal(1), **({resource: Decimal(gpus)} if devices is None else {})}
    return Need(bundle=Bundle(gpu=gpu, **bundle), amounts=amounts, devices=devices)


@pytest.mark.parametrize(
    ("taken", "left"),
    [
        ([], 4),
        ([pod(3, nodeName="n")], 1),
        ([pod(3, nodeName="other")], 4),
        ([pod(2, status={"nominatedNodeName": "n"})], 2),
        ([pod(2)], 4),
        ([pod(1, init=3, nodeName="n")], 1),
        ([pod(5, nodeName="n")], 0),
    ],
    ids=["empty", "running", "elsewhere", "nominated", "nowhere yet", "init containers", "overcommitted"],
)
def test_what_pods_hold_is_not_free(taken: list[dict[str, Any]], left: int) -> None:
    cluster = Cluster().add("Node", node())
    for item in taken:
        cluster.add("Pod", item)
    assert cluster.room().fitting(need()) == left


def test_a_pod_of_a_daemon_set_counts_before_it_is_bound() -> None:
    term = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n"]}]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}}
    cluster = Cluster().add("Node", node()).add("Pod", pod(3, affinity=affinity))
    assert cluster.room().fitting(need()) == 1


@pytest.mark.parametrize(
    ("item", "now", "ever"),
    [
        (node(unschedulable=True, taints=[{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}]), 0, True),
        (node(ready="False", taints=[{"key": "node.kubernetes.io/not-ready", "effect": "NoExecute"}]), 0, True),
        (node(taints=[{"key": "team", "value": "a", "effect": "NoSchedule"}]), 0, False),
        (node(taints=[{"key": "team", "value": "a", "effect": "PreferNoSchedule"}]), 4, True),
        (node(gpus=0), 0, False),
    ],
    ids=["cordoned", "not ready", "tainted", "disliked", "without"],
)  # fmt: skip
def test_what_a_node_forbids_for_the_moment_is_no_refusal(item: dict[str, Any], now: int, ever: bool) -> None:
    room = Cluster().add("Node", item).room()
    assert (room.fitting(need()), room.could_hold(need(), now=False)) == (now, ever)


@pytest.mark.parametrize(
    ("toleration", "fits"),
    [
        ({"key": "team", "operator": "Exists"}, 4),
        ({"key": "team", "value": "a", "effect": "NoSchedule"}, 4),
        ({"key": "team", "value": "b"}, 0),
        ({"key": "team", "value": "a", "effect": "NoExecute"}, 0),
        ({"operator": "Exists"}, 4),
    ],
)
def test_tolerations_open_tainted_nodes(toleration: dict[str, str], fits: int) -> None:
    taint = {"key": "team", "value": "a", "effect": "NoSchedule"}
    room = Cluster().add("Node", node(taints=[taint])).room()
    assert room.fitting(need(tolerations=(toleration,))) == fits


@pytest.mark.parametrize(
    ("bundle", "fits"),
    [
        ({"node_selector": {"pool": "a"}}, 4),
        ({"node_selector": {"pool": "b"}}, 0),
        ({"gpu": Gpu(products=("H100",))}, 4),
        ({"gpu": Gpu(products=("A100",))}, 0),
        ({"gpu": Gpu(product_regex="^H1")}, 4),
        ({"gpu": Gpu(min_memory_mib=80000)}, 4),
        ({"gpu": Gpu(min_memory_mib=82000)}, 0),
    ],
)
def test_labels_say_which_nodes_a_bundle_is_for(bundle: dict[str, Any], fits: int) -> None:
    labels = {"pool": "a", "nvidia.com/gpu.product": "H100", "nvidia.com/gpu.memory": "81559"}
    assert Cluster().add("Node", node(labels=labels)).room().fitting(need(**bundle)) == fits


def test_slices_of_a_gpu_are_counted_by_their_own_resource() -> None:
    assert Cluster().add("Node", node()).room().fitting(need(resource="nvidia.com/mig-3g.40gb")) == 2


def test_what_is_taken_cannot_be_taken_again() -> None:
    room = Cluster().add("Node", node("a")).add("Node", node("b", gpus=2)).room()
    assert [room.take(need(2), 2), room.take(need(2), 2), room.take(need(2), 1)] == [2, 1, 0]


def test_what_a_deployments_own_pods_hold_comes_back_when_they_go() -> None:
    cluster = Cluster().add("Node", node()).add("Pod", pod(3, owner="chat", nodeName="n"))
    room = cluster.add("Pod", pod(1, owner="chat-two", nodeName="n")).room()
    assert (room.running(OWNER), room.fitting(need())) == (1, 0)
    room.release(OWNER)
    assert room.fitting(need()) == 3


# ---------------------------------------------------------------- devices


def published(generation: int = 1, devices: int = 3, **where: Any) -> dict[str, Any]:
    entries = [{"name": f"gpu-{number}", "attributes": {"type": {"string": "gpu"}}} for number in range(devices)]
    pool = {"name": "n", "generation": generation, "resourceSliceCount": 1}
    return {"spec": {"driver": "gpu.nvidia.com", "pool": pool, "devices": entries, **(where or {"nodeName": "n"})}}


def claim(device: str, **result: Any) -> dict[str, Any]:
    owners = [{"kind": "Pod", "uid": "u1"}]
    results = [{"driver": "gpu.nvidia.com", "pool": "n", "device": device, **result}]
    return {"metadata": {"ownerReferences": owners}, "status": {"allocation": {"devices": {"results": results}}}}


def with_devices(*slices: dict[str, Any]) -> Cluster:
    selector = {"cel": {"expression": "device.driver == 'gpu.nvidia.com'"}}
    cluster = Cluster().add("Node", node(labels={"pool": "a"})).add("Node", node("other"))
    cluster.add("DeviceClass", {"metadata": {"name": "gpu.nvidia.com"}, "spec": {"selectors": [selector]}})
    for item in slices or (published(),):
        cluster.add("ResourceSlice", item)
    return cluster


def claiming(count: int = 1, expression: str = "", device_class: str = "gpu.nvidia.com") -> Need:
    return need(devices=DeviceNeed(device_class=device_class, expression=expression, count=count))


@pytest.mark.parametrize(
    ("asked", "fits"),
    [
        (claiming(), 3),
        (claiming(2), 1),
        (claiming(4), 0),
        (claiming(device_class="other"), 0),
        (claiming(expression="device.attributes['gpu.nvidia.com'].type == 'gpu'"), 3),
        (claiming(expression="device.attributes['gpu.nvidia.com'].type == 'mig'"), 0),
    ],
)
def test_devices_are_counted_by_class_and_selector(asked: Need, fits: int) -> None:
    room = with_devices().room(devices=True)
    assert (room.fitting(asked), room.could_hold(asked, now=True)) == (fits, fits > 0)
    assert list(room.doubts(asked)) == []


def test_a_device_that_a_claim_holds_is_not_free_until_its_pod_goes() -> None:
    cluster = with_devices().add("ResourceClaim", claim("gpu-0")).add("ResourceClaim", claim("gpu-1", adminAccess=True))
    room = cluster.add("Pod", pod(0, owner="chat", nodeName="n")).room(devices=True)
    assert room.fitting(claiming()) == 2
    room.release(OWNER)
    assert room.fitting(claiming()) == 3


def test_devices_that_are_taken_cannot_be_taken_again() -> None:
    room = with_devices().room(devices=True)
    assert [room.take(claiming(2), 1), room.take(claiming(1), 2)] == [1, 1]


@pytest.mark.parametrize(
    ("slices", "fits"),
    [
        ([published(1, 3), published(2, 1)], 1),
        ([published(allNodes=True)], 3),
        ([published(nodeSelector={"nodeSelectorTerms": [{"matchExpressions": [{"key": "pool", "operator": "In", "values": ["a"]}]}]})], 3),
        ([published(nodeName="elsewhere")], 0),
        ([{"spec": {**published()["spec"], "devices": [{"name": "gpu-0", "taints": [{"effect": "NoSchedule"}]}]}}], 0),
    ],
    ids=["an older generation", "every node", "by labels", "another node", "tainted"],
)  # fmt: skip
def test_a_driver_says_where_its_devices_are(slices: list[dict[str, Any]], fits: int) -> None:
    assert with_devices(*slices).room(devices=True).take(claiming(), 9) == fits


def test_a_selector_that_is_not_understood_counts_and_is_told() -> None:
    room, asked = with_devices().room(devices=True), claiming(expression="device.driver.size() > 3")
    assert room.fitting(asked) == 3
    assert "not judged" in "".join(room.doubts(asked))


def test_devices_that_may_not_be_looked_at_are_not_counted_and_that_is_told() -> None:
    cluster = with_devices()
    cluster.forbidden = "ResourceSlice"
    room = cluster.room(devices=True)
    assert room.fitting(claiming(64)) > 0
    assert "may not look at devices" in "".join(room.doubts(claiming(64)))


def test_nodes_that_may_not_be_looked_at_are_an_error() -> None:
    with pytest.raises(ClusterError):
        Cluster(forbidden="Node").room()


@pytest.mark.parametrize(
    ("served", "told"),
    [
        (True, "bundle claimed asks for 1 devices of gpu.nvidia.com, more than any of all nodes has"),
        (False, "bundle claimed claims devices, and the cluster does not serve resource.k8s.io/v1, which Kubernetes"),
    ],
)
def test_devices_nobody_has_are_told_apart_from_an_interface_that_is_missing(served: bool, told: str) -> None:
    room = Cluster(served=served).add("Node", node()).room(devices=True)
    wanted = need(devices=DeviceNeed(device_class="gpu.nvidia.com", expression="", count=1))
    assert not room.could_hold(wanted, now=False)
    assert shortage(room, "claimed", wanted).startswith(told)
