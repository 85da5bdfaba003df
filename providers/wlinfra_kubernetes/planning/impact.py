"""What a change means for GPUs: how many, of which type, before, after and at the peak of a rollout.

`plan` calls it for what runs pods.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from wlinfra.provider import GpuCount, Impact, Live, PlatformObject
from wlinfra.values import Json
from wlinfra_kubernetes.bundles.choose import bundle_of, known_of
from wlinfra_kubernetes.platform import Platform
from wlinfra_kubernetes.private import private_of
from wlinfra_manifests.quantities import amount

__all__ = ["QUARTER", "impact_of", "impact_of_end", "part_of", "running_of", "without_surge"]

QUARTER: Final = "25%"
"""What a Deployment may have beyond and below its pods while it rolls, where it does not say."""

_VENDORS: Final = ("nvidia.com/", "amd.com/", "gpu.intel.com/")
_CLAIMED: Final = "claimed devices"
_RUNNERS: Final = frozenset({"apps/v1/Deployment", "apps/v1/StatefulSet", "apps.nvidia.com/v1alpha1/NIMService"})


def impact_of(platform: Platform, desired: PlatformObject, live: Live | None) -> Impact:
    """Return the impact of an apply that rolls what is live; empty for what runs no pods."""
    if desired.kind not in _RUNNERS:
        return Impact()
    document = known_of(live)
    running = _count(document)
    least, most = _replicas(desired, running if live is not None else 1)
    now = _gpus(platform, document, running, running)
    after = _gpus(platform, desired.values, least, most)
    surge = _surge(desired.values, most) if live is not None else 0
    rolled = _gpus(platform, desired.values, least, most + surge)
    return Impact(
        gpus_now=tuple(now.values()),
        gpus_after=tuple(after.values()),
        gpus_peak=_peak(now, rolled),
        replicas_now=(running, running) if live is not None else None,
        replicas_after=(least, most),
        scales_to_zero=least == 0 and most > 0,
    )


def without_surge(impact: Impact) -> Impact:
    """Return the impact of a change that runs no pods beside the wanted ones."""
    now, after = ({count.type: count for count in counts} for counts in (impact.gpus_now, impact.gpus_after))
    return replace(impact, gpus_peak=_peak(now, after))


def _peak(now: Mapping[str, GpuCount], then: Mapping[str, GpuCount]) -> tuple[GpuCount, ...]:
    return tuple(
        GpuCount(type=name, low=max(_low(now, name), _low(then, name)), high=_higher(now.get(name), then.get(name)))
        for name in sorted({**now, **then})
    )


def impact_of_end(platform: Platform, document: Mapping[str, Any]) -> Impact:
    """Return what the end of a live object sets free; empty for what runs no pods."""
    if not document or f"{document.get('apiVersion')}/{document.get('kind')}" not in _RUNNERS:
        return Impact()
    running = _count(document)
    now = tuple(_gpus(platform, document, running, running).values())
    none = tuple(GpuCount(type=count.type, low=0, high=0) for count in now)
    return Impact(gpus_now=now, gpus_after=none, gpus_peak=now, replicas_now=(running, running), replicas_after=(0, 0))


def _replicas(desired: PlatformObject, undeclared: int) -> tuple[int, int]:
    """Return the fewest and the most replicas; what is not declared stays as it is."""
    if (bounds := private_of(desired).replicas) is not None:
        return bounds
    count = _count(desired.values, undeclared)
    return count, count


def _count(document: Mapping[str, Any], undeclared: int = 1) -> int:
    if not document:
        return 0
    if document.get("kind") == "NIMService" and "replicas" not in (document.get("spec") or {}):
        undeclared = (document.get("status") or {}).get("availableReplicas", undeclared)
    found = (document.get("spec") or {}).get("replicas", undeclared)
    return found if isinstance(found, int) else 1


def running_of(document: Mapping[str, Any]) -> int:
    """Return how many pods a live object asks for, one for a kind that does not say it."""
    return _count(document)


def _surge(values: Mapping[str, Any], replicas: int) -> int:
    """Return how many pods a rollout has beyond the wanted ones; a quarter, rounded up, where nothing is said."""
    strategy = (values.get("spec") or {}).get("strategy") or {}
    if values.get("kind") != "Deployment" or strategy.get("type") == "Recreate":
        return 0
    surge = (strategy.get("rollingUpdate") or {}).get("maxSurge")
    return part_of(QUARTER if surge in (None, "") else surge, replicas, up=True)


def part_of(number: Json, pods: int, *, up: bool) -> int:
    """Return a number, or a percentage of the pods rounded up or down as the cluster does."""
    if isinstance(number, int):
        return number
    percent = str(number).rstrip("%")
    if not percent.isdecimal():
        return 0
    whole = int(percent) * pods
    return -(-whole // 100) if up else whole // 100


def _gpus(platform: Platform, document: Mapping[str, Any], least: int, most: int) -> dict[str, GpuCount]:
    """Return the GPUs of so many pods by type: the bundle's word for it, else the resource's or the device class's."""
    bundle = platform.target.bundles.get(bundle_of(document))
    gpu = bundle.gpu if bundle is not None else None
    found: dict[str, GpuCount] = {}
    for resource, count in _per_pod(document).items():
        name = gpu.type if gpu is not None and gpu.type and gpu.resource == resource else resource
        found[name] = GpuCount(type=name, low=count * least, high=count * most)
    if _claims(document):
        if gpu is None or gpu.dra is None:  # what a claim of a bundle that is gone from the catalogue asks for
            found[_CLAIMED] = GpuCount(type=_CLAIMED, low=0, high=None if most else 0)
        else:
            name = gpu.type or gpu.dra.device_class
            found[name] = GpuCount(type=name, low=gpu.count * least, high=gpu.count * most)
    return found


def _claims(document: Mapping[str, Any]) -> bool:
    """Return whether pods claim devices, as Deployments and NIMServices of ours say it."""
    spec = document.get("spec") or {}
    return bool(spec.get("draResources") or ((spec.get("template") or {}).get("spec") or {}).get("resourceClaims"))


def _per_pod(document: Mapping[str, Any]) -> dict[str, int]:
    spec = document.get("spec") or {}
    pod = (spec.get("template") or {}).get("spec") or {}
    holders = [*(pod.get("containers") or ()), spec] if document.get("kind") != "NIMService" else [spec]
    found: dict[str, int] = {}
    for holder in holders:
        for resource, text in ((holder.get("resources") or {}).get("limits") or {}).items():
            if resource.startswith(_VENDORS):
                found[resource] = found.get(resource, 0) + int(amount(text))
    return found


def _low(counts: Mapping[str, GpuCount], name: str) -> int:
    return counts[name].low if name in counts else 0


def _higher(first: GpuCount | None, second: GpuCount | None) -> int | None:
    """Return the larger upper bound; None when one is not known."""
    counts = [count.high for count in (first, second) if count is not None]
    return None if None in counts else max(count for count in counts if count is not None)
