"""What has to be gone before an object of a workload may come: the other autoscaler, or what else runs the pods.

`expand` marks objects with `coming_after`; `read` asks `goes_with_its_maker` about what an operator made under a name
that will be ours.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from wlinfra.provider import PlatformObject, RenderedObject
from wlinfra.resources.workload import Workload
from wlinfra.values import Address
from wlinfra_kubernetes.cluster.client import ClusterClient
from wlinfra_kubernetes.cluster.failures import Failure, unless
from wlinfra_kubernetes.private import private_of
from wlinfra_manifests.document import Key

from .identity import Identity

__all__ = ["AUTOSCALERS", "coming_after", "goes_with_its_maker", "is_orphan"]

AUTOSCALERS: Final = ("HorizontalPodAutoscaler", "ScaledObject", "HTTPScaledObject")
_AUTOSCALER_APIS: Final = {"HorizontalPodAutoscaler": "autoscaling/v2", "ScaledObject": "keda.sh/v1alpha1"}
_NIM: Final = "NIMService"
_NIM_KIND: Final = "apps.nvidia.com/v1alpha1/NIMService"
_MADE_OF_A_NIM: Final = ("Deployment", "Service", "HorizontalPodAutoscaler")
"""What the NIM Operator makes of a NIMService, each under the NIMService's own name."""


def coming_after(
    made: PlatformObject, item: RenderedObject, workload: Workload, parts: Collection[str]
) -> PlatformObject:
    """Return the object with what has to be gone before it changes; ``parts`` are all of the workload's objects."""
    prefix = item.part[: item.part.rfind("/") + 1]
    gone = [kind for kind in _before(item, workload) if f"{prefix}{kind}" not in parts]
    if not gone:
        return made
    own = Key.parse(made.kind, made.name)
    # An admission rule of KEDA refuses a second autoscaler of one target, and what an operator made is not ours to apply.
    private = replace(private_of(made), comes_after=tuple((kind, own.full_name) for kind in _asked(item, gone)))
    ends_first = tuple(Address(f"{workload.address}/{prefix}{kind}") for kind in gone)
    return replace(made, ends_first=(*made.ends_first, *ends_first), private=private)


def _before(item: RenderedObject, workload: Workload) -> Iterator[str]:
    if item.kind in ("Deployment", *AUTOSCALERS):
        yield from (kind for kind in AUTOSCALERS if kind != item.kind)
    is_nim = getattr(workload.artifact, "artifact_type", "") == "nim"
    if item.kind == _NIM:
        yield from _MADE_OF_A_NIM
    elif is_nim and item.part.rpartition("/")[2] in _MADE_OF_A_NIM:
        yield _NIM


def _asked(item: RenderedObject, gone: Collection[str]) -> Iterator[str]:
    """Yield the kinds that the cluster is asked about when the object is planned."""
    if item.kind in AUTOSCALERS:
        yield from (f"{_AUTOSCALER_APIS[kind]}/{kind}" for kind in gone if kind in _AUTOSCALER_APIS)
    if _NIM in gone:
        yield _NIM_KIND


def goes_with_its_maker(
    client: ClusterClient, identity: Identity, desired: PlatformObject, document: Mapping[str, Any]
) -> bool:
    """Return whether the live object belongs to one of ours that has to be gone before the declared one comes."""
    awaited = set(private_of(desired).comes_after)
    for owner in document["metadata"].get("ownerReferences") or () if awaited else ():
        key = Key.parse(f"{owner['apiVersion']}/{owner['kind']}", desired.name)
        if owner.get("controller") and owner["name"] == key.name and (key.full_kind, key.full_name) in awaited:
            maker = _maker(client, key)
            return maker is None or identity.owns(maker)
    return False


def is_orphan(client: ClusterClient, document: Mapping[str, Any]) -> bool:
    """Return whether the object's controller is gone, so that the cluster is about to delete it, too."""
    meta = document["metadata"]
    for owner in meta.get("ownerReferences") or ():
        if owner.get("controller"):
            key = Key(owner["apiVersion"], owner["kind"], meta.get("namespace") or "", owner["name"])
            maker = _maker(client, key)
            return maker is None or maker["metadata"].get("uid", owner["uid"]) != owner["uid"]
    return False


def _maker(client: ClusterClient, key: Key) -> Mapping[str, Any] | None:
    """Return the object, without anything in it where the account may not read it; None when it is gone."""
    return unless(Failure.FORBIDDEN, lambda: client.get(key), {"metadata": {}})
