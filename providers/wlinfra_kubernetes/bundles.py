"""Which bundle a workload takes: the one it has, else the first whose pod fits on some node now.

`plan` calls `choose_bundle` for each object of a workload that names bundles; all of them get the same answer. Nodes
and pods are listed only when nothing runs yet that tells.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from wlinfra.errors import ProviderError
from wlinfra.manifests.model import Bundle
from wlinfra.provider import Live, PlatformObject

from .documents import Key
from .failures import ClusterError, Failure
from .identity import BUNDLE
from .platform import Choice, Platform
from .quantities import amount

__all__ = ["bundle_of", "choose_bundle"]

_PRODUCT: Final = "nvidia.com/gpu.product"
_MEMORY: Final = "nvidia.com/gpu.memory"
_RUNNING: Final = "status.phase!=Succeeded,status.phase!=Failed"
Amounts = dict[str, Decimal]


def bundle_of(document: Mapping[str, Any]) -> str:
    """Return the bundle an object was made with; empty for none."""
    return str(((document.get("metadata") or {}).get("annotations") or {}).get(BUNDLE) or "")


def choose_bundle(platform: Platform, desired: PlatformObject, live: Live | None) -> PlatformObject:
    """Return the object with the values of its bundle; raises ProviderError when no node could ever hold one."""
    offer = desired.policy["bundles"]
    order = [name for name in offer["order"] if name in offer["options"]]
    has = bundle_of(live.document) if live is not None else ""
    choice = Choice(bundle=has) if has in order else _agreed(platform, desired, Key.parse(*offer["decider"]), order)
    notes = (*desired.notes, choice.note) if choice.note else desired.notes
    return replace(desired, values=offer["options"][choice.bundle], notes=notes)


def _agreed(platform: Platform, desired: PlatformObject, decider: Key, order: Sequence[str]) -> Choice:
    with platform.choosing:
        key = (decider, tuple(order))
        if key not in platform.chosen:
            platform.chosen[key] = _chosen(platform, desired, decider, order)
        return platform.chosen[key]


def _chosen(platform: Platform, desired: PlatformObject, decider: Key, order: Sequence[str]) -> Choice:
    has = bundle_of(platform.client.get(decider) or {})
    if has in order:
        return Choice(bundle=has)
    try:
        nodes = list(_nodes(platform, decider))
    except ClusterError as error:
        if error.failure is not Failure.FORBIDDEN:
            raise
        return Choice(
            bundle=order[0], note=f"bundle {order[0]}: the account may not look at nodes, so the first is taken"
        )
    bundles = platform.target.bundles
    for name in order:
        if any(node.holds(bundles[name], node.free) for node in nodes):
            return Choice(bundle=name, note=f"bundle {name}: it fits now" if len(order) > 1 else "")
    for name in order:
        if any(node.holds(bundles[name], node.whole) for node in nodes):
            return Choice(bundle=name, note=f"bundle {name}: no node has room for it now, so its pods may wait")
    if platform.config.adds_nodes:
        return Choice(bundle=order[0], note=f"bundle {order[0]}: the cluster has to add a node for it")
    raise ProviderError.of(
        "No node fits a bundle",
        f"{desired.address} may take {', '.join(order)}, and none of the {len(nodes)} nodes could ever hold a pod of any of them.",
        "Name a bundle that fits, correct the catalogue, add nodes, or set adds_nodes=True where the cluster adds them by itself.",
        address=desired.address,
        location=desired.location,
    )


# ---------------------------------------------------------------- nodes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Node:
    """A node as the scheduler sees it."""

    labels: Mapping[str, str]
    taints: Sequence[Mapping[str, Any]]
    whole: Amounts
    free: Amounts

    def holds(self, bundle: Bundle, room: Amounts) -> bool:
        """Return whether a pod of the bundle may run here with that room."""
        if not all(self._tolerated(taint, bundle) for taint in self.taints) or not self._matches(bundle):
            return False
        return all(room.get(name, Decimal(0)) >= wanted for name, wanted in _needs(bundle).items())

    def _tolerated(self, taint: Mapping[str, Any], bundle: Bundle) -> bool:
        if taint.get("effect") == "PreferNoSchedule":
            return True
        for entry in bundle.tolerations:
            same = entry.get("operator") == "Exists" or entry.get("value", "") == taint.get("value", "")
            if (
                entry.get("key") in (None, taint.get("key"))
                and entry.get("effect") in (None, "", taint.get("effect"))
                and same
            ):
                return True
        return False

    def _matches(self, bundle: Bundle) -> bool:
        if any(self.labels.get(name) != value for name, value in bundle.node_selector.items()):
            return False
        gpu = bundle.gpu
        if gpu is None:
            return True
        product = self.labels.get(_PRODUCT, "")
        if (gpu.products and product not in gpu.products) or not re.search(gpu.product_regex, product):
            return False
        return gpu.min_memory_mib is None or amount(self.labels.get(_MEMORY)) >= gpu.min_memory_mib


def _needs(bundle: Bundle) -> Amounts:
    needs: Amounts = {"pods": Decimal(1)}
    if bundle.cpu is not None:
        needs["cpu"] = Decimal(str(bundle.cpu))
    if bundle.memory is not None:
        needs["memory"] = Decimal(bundle.memory)
    if bundle.gpu is not None and bundle.gpu.dra is None:
        needs[bundle.gpu.resource] = Decimal(bundle.gpu.count)
    return needs


def _nodes(platform: Platform, decider: Key) -> Iterator[_Node]:
    """Yield every node that takes pods, with what is free when the workload's own pods are gone."""
    client = platform.client
    used: dict[str, Amounts] = {}
    for pod in client.list(Key("v1", "Pod", "", ""), fields=_RUNNING):
        name = (pod.get("spec") or {}).get("nodeName")
        if name and not _is_own(pod, decider):
            node = used.setdefault(name, {})
            for resource, wanted in _requests(pod["spec"]).items():
                node[resource] = node.get(resource, Decimal(0)) + wanted
    for item in client.list(Key("v1", "Node", "", "")):
        spec, status = item.get("spec") or {}, item.get("status") or {}
        conditions = {entry["type"]: entry["status"] for entry in status.get("conditions") or ()}
        if spec.get("unschedulable") or conditions.get("Ready") != "True":
            continue
        whole = {name: amount(text) for name, text in (status.get("allocatable") or {}).items()}
        taken = used.get(item["metadata"]["name"], {})
        yield _Node(
            labels=item["metadata"].get("labels") or {},
            taints=spec.get("taints") or (),
            whole=whole,
            free={name: value - taken.get(name, Decimal(0)) for name, value in whole.items()},
        )


def _is_own(pod: Mapping[str, Any], decider: Key) -> bool:
    meta = pod["metadata"]
    return meta.get("namespace") == decider.namespace and any(
        str(ref.get("name", "")).rpartition("-")[0] == decider.name for ref in meta.get("ownerReferences") or ()
    )


def _requests(spec: Mapping[str, Any]) -> Amounts:
    """Return what a pod holds: its containers together, or its largest init container, and the overhead."""
    steady: Amounts = {"pods": Decimal(1)}
    largest: Amounts = {}
    for container in spec.get("containers") or ():
        _add(steady, container)
    for container in spec.get("initContainers") or ():
        if container.get("restartPolicy") == "Always":
            _add(steady, container)
        else:
            for name, wanted in _wanted(container).items():
                largest[name] = max(largest.get(name, Decimal(0)), wanted)
    found = {name: max(steady.get(name, Decimal(0)), largest.get(name, Decimal(0))) for name in {**steady, **largest}}
    for name, text in (spec.get("overhead") or {}).items():
        found[name] = found.get(name, Decimal(0)) + amount(text)
    return found


def _wanted(container: Mapping[str, Any]) -> Amounts:
    resources = container.get("resources") or {}
    merged = {**(resources.get("limits") or {}), **(resources.get("requests") or {})}
    return {name: amount(text) for name, text in merged.items()}


def _add(total: Amounts, container: Mapping[str, Any]) -> None:
    for name, wanted in _wanted(container).items():
        total[name] = total.get(name, Decimal(0)) + wanted
