"""The devices of dynamic resource allocation: what drivers publish in ResourceSlices, less what claims hold.

`room` counts them for bundles that ask for devices. Partitions of devices that share memory are counted as if each were
a device of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from wlinfra_manifests.document import Key
from wlinfra_manifests.quantities import amount

from .selectors import Facts, fulfils

__all__ = ["API", "Device", "DeviceNeed", "Devices", "Lister"]

API: Final = "resource.k8s.io/v1"
"""Served from Kubernetes 1.34 on; before, what is asked of it is in other words."""
_SLICES: Final = Key(API, "ResourceSlice", "", "")
_CLASSES: Final = Key(API, "DeviceClass", "", "")
_CLAIMS: Final = Key(API, "ResourceClaim", "", "")
_KEEPING: Final = frozenset({"NoSchedule", "NoExecute"})


class Lister(Protocol):
    """What lists the objects of a kind; the client of a cluster is one."""

    def list(self, key: Key, *, labels: str = "", fields: str = "") -> list[dict[str, Any]]:
        """Return the objects of the key's kind in its namespace, or in all; empty for a kind that is not served."""
        ...

    def serves(self, api: str, kind: str) -> bool:
        """Return whether the cluster has the kind."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceNeed:
    """What one pod claims."""

    device_class: str
    expression: str
    count: int


@dataclass(slots=True, kw_only=True, eq=False)
class Device:
    """One device, and where pods may have it."""

    facts: Facts
    node: str
    """The name of its only node; empty when ``everywhere`` or ``labels`` say where."""
    labels: Mapping[str, Any] = field(default_factory=dict)
    """A selector of nodes."""
    everywhere: bool = False
    free: bool = True
    holder: str = ""
    """The uid of the pod that has it."""

    def reaches(self, node: str, labels: Mapping[str, str]) -> bool:
        """Return whether pods of the node may have it."""
        if self.everywhere or self.node:
            return self.everywhere or self.node == node
        return any(_matches(term, node, labels) for term in self.labels.get("nodeSelectorTerms") or ())


@dataclass(slots=True, kw_only=True)
class Devices:
    """All devices of the cluster."""

    every: Sequence[Device]
    classes: Mapping[str, Sequence[str]]
    """The expressions of each class."""
    served: bool = True
    """The cluster has the API at all."""
    unjudged: set[DeviceNeed] = field(default_factory=set)
    """What was asked for in words that are not understood here; devices count for it then."""
    _found: dict[DeviceNeed, Sequence[Device]] = field(default_factory=dict)

    @classmethod
    def read(cls, client: Lister) -> Devices:
        """Return the devices; none where the API is not served. Raises ClusterError when the account may not look."""
        held = {place: holder for claim in client.list(_CLAIMS) for place, holder in _held(claim)}
        classes = {
            item["metadata"]["name"]: list(_expressions(item.get("spec") or {})) for item in client.list(_CLASSES)
        }
        served = client.serves(API, _SLICES.kind)
        return cls(every=list(_published(client.list(_SLICES), held)), classes=classes, served=served)

    def matching(self, need: DeviceNeed) -> Sequence[Device]:
        """Return the devices that fulfil the class and the expression; none of a class that does not exist."""
        if need not in self._found:
            self._found[need] = list(self._judged(need))
        return self._found[need]

    def _judged(self, need: DeviceNeed) -> Iterator[Device]:
        if need.device_class not in self.classes:
            return
        wanted = [*self.classes[need.device_class], *([need.expression] if need.expression else [])]
        for device in self.every:
            answers = [fulfils(expression, device.facts) for expression in wanted]
            if False in answers:
                continue
            if None in answers:
                self.unjudged.add(need)
            yield device


def _expressions(spec: Mapping[str, Any]) -> Iterator[str]:
    for selector in spec.get("selectors") or ():
        yield str((selector.get("cel") or {}).get("expression") or "")


# ---------------------------------------------------------------- what drivers publish


def _published(slices: Iterable[Mapping[str, Any]], held: Mapping[tuple[str, str, str], str]) -> Iterator[Device]:
    """Yield the devices of the newest generation of each pool that a pod without tolerations may have."""
    pools: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for item in slices:
        spec = item["spec"]
        pools[spec["driver"], spec["pool"]["name"]].append(spec)
    for (driver, pool), specs in sorted(pools.items()):
        newest = max(spec["pool"].get("generation", 0) for spec in specs)
        for spec in specs:
            for entry in spec.get("devices") or () if spec["pool"].get("generation", 0) == newest else ():
                if any(taint.get("effect") in _KEEPING for taint in entry.get("taints") or ()):
                    continue
                place = (driver, pool, entry["name"])
                at = entry if spec.get("perDeviceNodeSelection") else spec
                yield Device(
                    facts=_facts(driver, entry),
                    node=at.get("nodeName") or "",
                    labels=at.get("nodeSelector") or {},
                    everywhere=bool(at.get("allNodes")),
                    free=place not in held,
                    holder=held.get(place, ""),
                )


def _facts(driver: str, entry: Mapping[str, Any]) -> Facts:
    """Return what is said of a device; a name without a domain is the driver's own."""
    attributes: dict[str, dict[str, Any]] = defaultdict(dict)
    for name, value in (entry.get("attributes") or {}).items():
        domain, _, own = name.rpartition("/")
        attributes[domain or driver][own] = next(iter(value.values()), None)
    capacity: dict[str, dict[str, Any]] = defaultdict(dict)
    for name, value in (entry.get("capacity") or {}).items():
        domain, _, own = name.rpartition("/")
        capacity[domain or driver][own] = amount(value.get("value"))
    return Facts(driver=driver, attributes=attributes, capacity=capacity)


def _held(claim: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str, str], str]]:
    """Yield each device that is given to the claim, and the uid of the pod it is for."""
    owners = (claim.get("metadata") or {}).get("ownerReferences") or ()
    pod = next((str(owner["uid"]) for owner in owners if owner.get("kind") == "Pod"), "")
    allocation = (claim.get("status") or {}).get("allocation") or {}
    for result in (allocation.get("devices") or {}).get("results") or ():
        if not result.get("adminAccess"):
            yield (result["driver"], result["pool"], result["device"]), pod


def _matches(term: Mapping[str, Any], node: str, labels: Mapping[str, str]) -> bool:
    wanted = [(labels.get(entry["key"]), entry) for entry in term.get("matchExpressions") or ()]
    wanted += [(node, entry) for entry in term.get("matchFields") or ()]
    return bool(wanted) and all(_holds(value, entry) for value, entry in wanted)


def _holds(value: str | None, entry: Mapping[str, Any]) -> bool:
    values: Sequence[str] = entry.get("values") or ()
    match entry["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt":
            return value is not None and amount(value) > amount(values[0])
        case _:
            return value is not None and amount(value) < amount(values[0])
