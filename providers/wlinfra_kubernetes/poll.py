"""Checks whether awaited conditions hold: from watches, and by name for what no watch reports.

`provider` calls `poll`. Goals: ``ready`` and ``gone``; gates: ``name-free`` and ``unused``. The judges are in `waits`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Final, TypeAlias

from wlinfra.errors import Diagnostic
from wlinfra.provider import Failed, Ready, Status, Waiting, WaitingStill
from wlinfra_manifests.document import Key

from .cluster.failures import ClusterError, Failure
from .ownership.identity import PART_OF
from .platform import Platform
from .read import Found, fetch, fetch_each
from .waits import mounts, nim, others, workloads
from .waits.model import Look, failed

__all__ = ["poll"]

Judge: TypeAlias = Callable[[Look], Status]

_UNLISTED: Final = frozenset({Failure.FORBIDDEN, Failure.NO_KIND, Failure.NOT_FOUND})
_JUDGES: Final[Mapping[str, Judge]] = {
    "apps/v1/Deployment": workloads.deployment,
    "apps/v1/StatefulSet": workloads.stateful_set,
    "apps/v1/DaemonSet": workloads.daemon_set,
    "batch/v1/Job": workloads.job,
    "apps.nvidia.com/v1alpha1/NIMCache": nim.nim_cache,
    "apps.nvidia.com/v1alpha1/NIMService": nim.nim_service,
    "v1/Service": others.service,
    "v1/PersistentVolumeClaim": others.claim,
    "autoscaling/v2/HorizontalPodAutoscaler": others.autoscaler,
    "keda.sh/v1alpha1/ScaledObject": others.scaled_object,
    "http.keda.sh/v1beta1/InterceptorRoute": others.route,
    "apiextensions.k8s.io/v1/CustomResourceDefinition": others.definition,
}


def poll(platform: Platform, waiting: Sequence[Waiting]) -> list[Status]:
    """Return one status for each, in the same order."""
    keys = [Key.parse(item.kind, str(item.details.get("name") or "")) for item in waiting]
    found = _remembered(platform, [key for key in keys if key.name])
    statuses = [
        _status(platform, item, key, found.get(key), remembered=True) for item, key in zip(waiting, keys, strict=True)
    ]
    # What is remembered may lag behind, and patience ends by the clock: only what was read again ends a wait badly.
    doubtful = [at for at, key in enumerate(keys) if found.get(key) and _is_doubtful(waiting[at], statuses[at])]
    fresh = fetch(platform, [keys[at] for at in doubtful])
    for at in doubtful:
        statuses[at] = _status(platform, waiting[at], keys[at], fresh[keys[at]], remembered=False)
    return statuses


def _is_doubtful(item: Waiting, status: Status) -> bool:
    """True for a failure, and where an object that is there is not the one whose end is awaited."""
    return isinstance(status, Failed) or (isinstance(status, Ready) and item.goal != "ready")


def _remembered(platform: Platform, keys: Sequence[Key]) -> Mapping[Key, Found]:
    """Return each object from what is watched; by name what is not, or not yet, remembered."""
    platform.watches.begin_round()
    found: dict[Key, Found] = {}
    kinds = list(dict.fromkeys(replace(key, name="") for key in keys))
    with ThreadPoolExecutor(platform.config.parallelism, thread_name_prefix="read") as pool:
        known = dict(zip(kinds, pool.map(lambda kind: _of_kind(platform, kind), kinds), strict=True))
    for key in keys:
        objects = known[replace(key, name="")]
        if isinstance(objects, ClusterError):
            found[key] = objects
        elif key in objects:
            found[key] = objects[key]
    return {**found, **fetch_each(platform, [key for key in keys if key not in found])}


def _of_kind(platform: Platform, kind: Key) -> Mapping[Key, Found] | ClusterError:
    """Return our objects of a kind; none where they cannot be listed, so that each is asked for by name."""
    try:
        return platform.watches.objects(kind, labels=f"{PART_OF}={platform.identity.applyset}")
    except ClusterError as error:
        return {} if error.failure in _UNLISTED else error


def _status(platform: Platform, item: Waiting, key: Key, found: Found, *, remembered: bool) -> Status:
    try:
        match found:
            case ClusterError():
                return _unread(found)
            case None:
                return _absent(item, key)
            case _:
                look = Look(platform=platform, waiting=item, key=key, document=found, remembered=remembered)
                return _judged(look)
    except ClusterError as error:
        return _unread(error)


def _unread(error: ClusterError) -> Status:
    """Return what a failed read means: only an account that will not do is worth giving up for."""
    if error.failure in (Failure.UNAUTHORIZED, Failure.FORBIDDEN):
        return Failed(error=error.diagnostic)
    return WaitingStill(reason=f"it cannot be read at the moment: {error.message}")


def _absent(item: Waiting, key: Key) -> Status:
    if item.goal != "ready":
        return Ready()
    return Failed(
        error=Diagnostic(
            summary="Object is gone",
            detail=f"{key} no longer exists: another user deleted it.",
            fix="Run the command again to create it again.",
            address=item.address,
        )
    )


def _judged(look: Look) -> Status:
    meta = look.meta
    own = meta.get("uid") == (look.waiting.details.get("uid") or look.waiting.id)
    if look.waiting.goal == "unused":
        return mounts.unused(look)
    if look.waiting.goal != "ready":
        return mounts.ending(look) if own or look.waiting.goal == "name-free" else Ready()
    if look.waiting.id is not None and not own:
        return failed(look, "another object of that name took its place")
    if meta.get("deletionTimestamp"):
        return failed(look, "it is being deleted")
    status = _JUDGES.get(look.key.full_kind, others.generic)(look)
    wanted: Mapping[str, str] = look.waiting.details.get("outputs") or {}
    if isinstance(status, Ready) and (missing := [path for name, path in wanted.items() if name not in status.outputs]):
        return WaitingStill(reason=f"nothing stands at {', '.join(missing)} yet")
    return status
