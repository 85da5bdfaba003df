"""The room on the nodes of a cluster: how many pods of a bundle fit now, and whether any ever could.

`bundles` reads it once for a plan and takes from it what each workload of the plan gets, so that two workloads are
never promised the same GPU.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, TypeAlias

from wlinfra_kubernetes.cluster.failures import Failure, unless
from wlinfra_manifests.document import Key
from wlinfra_manifests.model import Bundle
from wlinfra_manifests.quantities import amount

from .devices import Device, DeviceNeed, Devices, Lister

__all__ = ["Amounts", "ClusterNode", "Need", "Room", "need_of"]

_PRODUCT: Final = "nvidia.com/gpu.product"
_MEMORY: Final = "nvidia.com/gpu.memory"
_UNFINISHED: Final = "status.phase!=Succeeded,status.phase!=Failed"
_OF_THE_MOMENT: Final = "node.kubernetes.io/"
"""The prefix of the taints that a node has while it is cordoned, not ready or short of something."""
Amounts: TypeAlias = dict[str, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What one pod asks of a node."""

    bundle: Bundle
    amounts: Amounts
    devices: DeviceNeed | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class ClusterNode:
    """A node as the scheduler sees it."""

    name: str
    labels: Mapping[str, str]
    taints: Sequence[Mapping[str, Any]]
    takes_pods: bool
    """Ready and not cordoned."""
    whole: Amounts
    free: Amounts

    def suits(self, need: Need, *, ever: bool = False) -> bool:
        """Return whether pods of the bundle may run here: now, or when nothing of the moment forbids it."""
        taints = [taint for taint in self.taints if not (ever and str(taint.get("key", "")).startswith(_OF_THE_MOMENT))]
        tolerated = all(_tolerated(taint, need.bundle) for taint in taints)
        return (ever or self.takes_pods) and tolerated and self.has_labels(need)

    def has_labels(self, need: Need) -> bool:
        """Return whether the node's labels say that it is what the bundle wants."""
        return _labelled(self.labels, need.bundle)


@dataclass(slots=True, kw_only=True)
class Room:
    """What is free, less what was taken from it."""

    nodes: Sequence[ClusterNode]
    """By name, so that pods are placed the same way each time."""
    devices: Devices | None
    """None when the account may not look at them: they are not counted then."""
    held: Mapping[tuple[str, str], Sequence[tuple[ClusterNode, Amounts, str]]] = field(default_factory=dict)
    """What the pods of each Deployment hold, by its namespace and name: where, how much, and the pod's uid."""

    @classmethod
    def read(cls, client: Lister, *, devices: bool) -> Room:
        """Return the room now; raises ClusterError when the account may not look at nodes or pods."""
        pods = client.list(Key("v1", "Pod", "", ""), fields=_UNFINISHED)
        nodes = sorted(map(_node, client.list(Key("v1", "Node", "", ""))), key=lambda node: node.name)
        by_name = {node.name: node for node in nodes}
        held: dict[tuple[str, str], list[tuple[ClusterNode, Amounts, str]]] = defaultdict(list)
        for pod in pods:
            if node := by_name.get(_place(pod)):
                wanted = _requests(pod.get("spec") or {})
                _take(node, wanted)
                for owner in _owners(pod):
                    held[owner].append((node, wanted, str(pod["metadata"].get("uid"))))
        seen = unless(Failure.FORBIDDEN, lambda: Devices.read(client), None) if devices else None
        return cls(nodes=nodes, devices=seen, held=held)

    def running(self, owner: Key) -> int:
        """Return how many pods of a Deployment or NIMService have a node."""
        return len(self.held.get((owner.namespace, owner.name), ()))

    def release(self, owner: Key) -> None:
        """Give back what the pods of a Deployment or NIMService hold, for they will go."""
        for node, wanted, uid in self.held.get((owner.namespace, owner.name), ()):
            _take(node, {name: -value for name, value in wanted.items()})
            for device in self.devices.every if self.devices is not None else ():
                device.free = device.free or (bool(uid) and device.holder == uid)

    def take(self, need: Need, pods: int) -> int:
        """Take the room of so many pods, as far as there is any; return for how many there was."""
        placed = 0
        for node in self.nodes:
            here = min(self._times(node, need), pods - placed)
            _take(node, {name: value * here for name, value in need.amounts.items()})
            for device in self._free(node, need)[: here * _count(need)]:
                device.free = False
            placed += here
        return placed

    def fitting(self, need: Need) -> int:
        """Return for how many pods there is room, and take none of it."""
        return sum(self._times(node, need) for node in self.nodes)

    def doubts(self, need: Need) -> Iterator[str]:
        """Yield what is not known of the devices a pod asks for."""
        if need.devices is not None and self.devices is None:
            yield "the account may not look at devices, so they are not counted"
        elif self.devices is not None and need.devices in self.devices.unjudged:
            yield "its selectors of devices are not judged here, so other devices may be counted"

    def could_hold(self, need: Need, *, now: bool) -> bool:
        """Return whether some node could hold a pod if it were empty; with ``now``, one that takes pods."""
        return any(
            node.suits(need, ever=not now)
            and _times(node.whole, need.amounts)
            and (not self._counts(need) or len(self._here(node, need)) >= _count(need))
            for node in self.nodes
        )

    def _times(self, node: ClusterNode, need: Need) -> int:
        """Return how many pods fit on the node beside what is there."""
        fitting = _times(node.free, need.amounts) if node.suits(need) else 0
        return min(fitting, len(self._free(node, need)) // _count(need)) if fitting and self._counts(need) else fitting

    def _free(self, node: ClusterNode, need: Need) -> list[Device]:
        return [device for device in self._here(node, need) if device.free]

    def _counts(self, need: Need) -> bool:
        return need.devices is not None and self.devices is not None

    def _here(self, node: ClusterNode, need: Need) -> list[Device]:
        if need.devices is None or self.devices is None:
            return []
        return [device for device in self.devices.matching(need.devices) if device.reaches(node.name, node.labels)]


def need_of(bundle: Bundle, values: Mapping[str, Any], devices: Sequence[Any]) -> Need:
    """Return what a pod of the Deployment or NIMService asks for, all of its containers together.

    ``devices`` is the class, the expression and the count of what it claims; empty for nothing.
    """
    spec = values.get("spec") or {}
    pod = (spec.get("template") or {}).get("spec") if "template" in spec else {"containers": [spec]}
    claimed = DeviceNeed(device_class=devices[0], expression=devices[1], count=devices[2]) if devices else None
    return Need(bundle=bundle, amounts=_requests(pod or {}), devices=claimed)


def _count(need: Need) -> int:
    return max(need.devices.count, 1) if need.devices is not None else 1


def _times(room: Amounts, wanted: Amounts) -> int:
    """Return how many times the amounts are in the room."""
    return max(0, min(int(room.get(name, Decimal(0)) // value) for name, value in wanted.items() if value > 0))


# ---------------------------------------------------------------- nodes


def _node(item: Mapping[str, Any]) -> ClusterNode:
    spec, status = item.get("spec") or {}, item.get("status") or {}
    conditions = {entry["type"]: entry["status"] for entry in status.get("conditions") or ()}
    whole = {name: amount(text) for name, text in (status.get("allocatable") or {}).items()}
    return ClusterNode(
        name=item["metadata"]["name"],
        labels=item["metadata"].get("labels") or {},
        taints=spec.get("taints") or (),
        takes_pods=not spec.get("unschedulable") and conditions.get("Ready") == "True",
        whole=whole,
        free=dict(whole),
    )


def _take(node: ClusterNode, wanted: Amounts) -> None:
    for name, value in wanted.items():
        node.free[name] = node.free.get(name, Decimal(0)) - value


def _tolerated(taint: Mapping[str, Any], bundle: Bundle) -> bool:
    if taint.get("effect") == "PreferNoSchedule":
        return True
    for entry in bundle.tolerations:
        same = entry.get("operator") == "Exists" or entry.get("value", "") == taint.get("value", "")
        keyed = entry.get("key") in (None, "", taint.get("key"))
        if same and keyed and entry.get("effect") in (None, "", taint.get("effect")):
            return True
    return False


def _labelled(labels: Mapping[str, str], bundle: Bundle) -> bool:
    if any(labels.get(name) != value for name, value in bundle.node_selector.items()):
        return False
    gpu = bundle.gpu
    if gpu is None:
        return True
    product = labels.get(_PRODUCT, "")
    if (gpu.products and product not in gpu.products) or not re.search(gpu.product_regex, product):
        return False
    return gpu.min_memory_mib is None or amount(labels.get(_MEMORY)) >= gpu.min_memory_mib


# ---------------------------------------------------------------- pods


def _place(pod: Mapping[str, Any]) -> str:
    """Return the node a pod has, is about to get, or is the only one for; empty for none."""
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    if name := spec.get("nodeName") or status.get("nominatedNodeName"):
        return str(name)
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    for term in required.get("nodeSelectorTerms") or ():  # as a DaemonSet binds its pods
        for entry in term.get("matchFields") or ():
            if entry.get("key") == "metadata.name" and entry.get("operator") == "In":
                return str(entry["values"][0])
    return ""


def _owners(pod: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield namespace and name of the Deployments a pod belongs to; the NIM Operator names one as its NIMService."""
    meta = pod["metadata"]
    for owner in meta.get("ownerReferences") or ():
        if owner.get("kind") == "ReplicaSet":
            yield str(meta.get("namespace")), str(owner.get("name", "")).rpartition("-")[0]


def _requests(spec: Mapping[str, Any]) -> Amounts:
    """Return what a pod holds: its containers together, or its largest init container, and the overhead."""
    steady: Amounts = defaultdict(Decimal, pods=Decimal(1))
    largest: Amounts = defaultdict(Decimal)
    _add(steady, map(_wanted, spec.get("containers") or ()))
    for container in spec.get("initContainers") or ():
        if container.get("restartPolicy") == "Always":
            _add(steady, [_wanted(container)])
        else:
            for name, wanted in _wanted(container).items():
                largest[name] = max(largest[name], wanted)
    found = {name: max(steady[name], largest[name]) for name in {**steady, **largest}}
    for name, text in (spec.get("overhead") or {}).items():
        found[name] = found.get(name, Decimal(0)) + amount(text)
    return found


def _wanted(container: Mapping[str, Any]) -> Amounts:
    resources = container.get("resources") or {}
    merged = {**(resources.get("limits") or {}), **(resources.get("requests") or {})}
    return {name: amount(text) for name, text in merged.items()}


def _add(total: Amounts, more: Iterable[Amounts]) -> None:
    for amounts in more:
        for name, wanted in amounts.items():
            total[name] += wanted
