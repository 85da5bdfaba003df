"""What a change means for capacity: GPUs by type now, after and at the peak of a roll, and replicas.

`plan_workload` calls it. A size that is not reported makes a range or an open end, never a guess.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import ceil
from typing import Any, TypeAlias

from wlinfra.provider import GpuCount, Impact

from ..compared.shapes import is_in_force
from ..platform import Bundles, Platform

__all__ = ["impact_of", "staying"]

_ANY_TYPE = "GPU"
_UNKNOWN_TYPE = "unknown"

_Range: TypeAlias = tuple[int, int | None]
_Counts: TypeAlias = dict[str, _Range]


def impact_of(
    platform: Platform,
    *,
    now: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    rolls: bool,
) -> Impact:
    """Return the impact of going from one runtime to another; None stands for nothing running.

    A roll runs the old and the new version side by side, so its peak is the sum of both.
    """
    gpus_now, gpus_after = _count(platform, now), _count(platform, after)
    peak = _sum(gpus_now, gpus_after) if rolls else _merged((gpus_now, gpus_after), max)
    replicas = _replicas(after)
    return Impact(
        gpus_now=_shown(gpus_now),
        gpus_after=_shown(gpus_after),
        gpus_peak=_shown(peak),
        replicas_now=_replicas(now),
        replicas_after=replicas,
        scales_to_zero=replicas is not None and replicas[0] == 0 and replicas[1] > 0,
    )


def staying(now: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return the later runtime of pods that continue running: each group keeps the bundle it was given.

    >>> bundle = {"id": "b", "gpuCount": 1}
    >>> now = {"containerGroups": [{"name": "default", "resolvedBundle": bundle}]}
    >>> staying(now, {"containerGroups": [{"name": "default"}]})
    {'containerGroups': [{'name': 'default', 'resolvedBundle': {'id': 'b', 'gpuCount': 1}}]}
    """
    given = {group.get("name"): group.get("resolvedBundle") for group in now.get("containerGroups") or ()}
    groups = [{**group, "resolvedBundle": given.get(group.get("name"))} for group in after.get("containerGroups") or ()]
    return {**after, "containerGroups": groups}


def _count(platform: Platform, runtime: Mapping[str, Any] | None) -> _Counts:
    """Return the GPUs of all replicas; the platform is asked only once some bundle has to be known."""
    total: _Counts = {}
    for group in (runtime or {}).get("containerGroups") or ():
        low, high = _bounds(group)
        for kind, (least, most) in _each(platform, group).items():
            total = _sum(total, {kind: (least * low, None if most is None else most * high)})
    return total


def _each(platform: Platform, group: Mapping[str, Any]) -> _Counts:
    """Return the GPUs of one replica."""
    asked = [(entry.get("resourceAllocation") or {}).get("gpu") for entry in group.get("containers") or ()]
    gpus = ceil(sum(number for number in asked if isinstance(number, int | float)))
    wanted = group.get("resourceBundles") or ()
    if not wanted:
        return {_ANY_TYPE: (gpus, gpus)} if gpus else {}
    resolved = group.get("resolvedBundle")
    if resolved and resolved.get("id") in wanted:
        return _one(resolved)
    known = platform.bundles()
    # What holds whichever of them the scheduler chooses.
    return _merged([_of_bundle(bundle, known, resolved) for bundle in wanted], min)


def _of_bundle(bundle: Any, known: Bundles, resolved: Mapping[str, Any] | None) -> _Counts:
    if resolved and resolved.get("id") == bundle:
        return _one(resolved)
    return _one(known[bundle]) if isinstance(bundle, str) and bundle in known else {_UNKNOWN_TYPE: (0, None)}


def _one(bundle: Mapping[str, Any]) -> _Counts:
    gpus = bundle.get("gpuCount") or 0
    return {str(bundle.get("gpuTypeLabel") or bundle.get("gpuMaker") or _ANY_TYPE): (gpus, gpus)} if gpus else {}


def _merged(options: Sequence[_Counts], lowest: Callable[[Iterable[int]], int]) -> _Counts:
    """Return the counts of each kind over all options, the low end by ``lowest``."""
    found = {kind: [option.get(kind, (0, 0)) for option in options] for option in options for kind in option}
    return {kind: (lowest(low for low, _ in ends), _most(high for _, high in ends)) for kind, ends in found.items()}


def _most(numbers: Iterable[int | None]) -> int | None:
    found = list(numbers)
    return None if None in found else max((number for number in found if number is not None), default=0)


def _sum(first: _Counts, second: _Counts) -> _Counts:
    total = dict(first)
    for kind, (low, high) in second.items():
        least, most = total.get(kind, (0, 0))
        total[kind] = (least + low, None if most is None or high is None else most + high)
    return total


def _bounds(group: Mapping[str, Any]) -> tuple[int, int]:
    autoscaling = group.get("autoscaling")
    if autoscaling is None or not is_in_force(autoscaling):
        replicas = group.get("replicaCount")
        return (1, 1) if not isinstance(replicas, int) else (replicas, replicas)
    policies = autoscaling.get("policies") or ()
    lows = [_number(policy.get("minCount"), autoscaling.get("minReplicaCount")) for policy in policies]
    highs = [_number(policy.get("maxCount"), autoscaling.get("maxReplicaCount")) for policy in policies]
    return min(lows, default=0), max(highs, default=1)


def _number(*candidates: Any) -> int:
    return next((number for number in candidates if isinstance(number, int)), 1)


def _replicas(runtime: Mapping[str, Any] | None) -> tuple[int, int] | None:
    if runtime is None:
        return (0, 0)
    groups = runtime.get("containerGroups") or ()
    if not groups:
        return None
    bounds = [_bounds(group) for group in groups]
    return sum(low for low, _ in bounds), sum(high for _, high in bounds)


def _shown(counts: _Counts) -> tuple[GpuCount, ...]:
    return tuple(GpuCount(type=kind, low=low, high=high) for kind, (low, high) in sorted(counts.items()))
