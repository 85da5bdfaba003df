"""When what runs pods is ready: Deployment, StatefulSet, DaemonSet, Job.

`poll` calls these, `nim` the rollout; `pods` gives the reasons.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from wlinfra.provider import Status

from .containers import Trouble
from .model import Look, condition, failed, is_observed, waits
from .pods import current_pods, latest_warning, trouble_of

__all__ = ["daemon_set", "deployment", "job", "rollout", "stateful_set"]

_REVISION: Final = "controller-revision-hash"
_DEADLINE: Final = "ProgressDeadlineExceeded"


def deployment(look: Look) -> Status:
    """Judge a rollout: all replicas updated and available."""
    return rollout(look, look.document)


def rollout(look: Look, document: Mapping[str, Any]) -> Status:
    """Judge the rollout of a Deployment that is, or belongs to, what is awaited."""
    spec, status = document.get("spec") or {}, document.get("status") or {}
    wanted = spec.get("replicas", 1)
    generation = document["metadata"].get("generation") or 0
    if (status.get("observedGeneration") or 0) < generation:
        return _unobserved(look, document, new=generation == 1)
    updated, available = status.get("updatedReplicas") or 0, status.get("availableReplicas") or 0
    total = status.get("replicas") or 0
    if updated >= wanted and available >= wanted and total <= updated:
        return look.ready()
    troubles = [trouble for trouble in (_of_sets(look, status), _of_pods(look, document)) if trouble is not None]
    trouble = min(troubles, key=lambda each: (not each.final, each.mild), default=None)
    count = _count(updated, available, total, wanted)
    if _is_given_up(look, spec, status):
        said = condition(status, "Progressing")
        return failed(look, f"{said.get('reason')}: {trouble.reason if trouble else said.get('message')}")
    return _unready(look, trouble, count)


def _unobserved(look: Look, document: Mapping[str, Any], *, new: bool) -> Status:
    """Return what the pods of a new Deployment say already, though its controller has not reported them yet."""
    trouble = _of_pods(look, document) if new else None
    return _unready(look, trouble, "the Deployment controller has not seen it yet")


def _count(updated: int, available: int, total: int, wanted: int) -> str:
    if total > updated:
        return f"{updated} of {wanted} replicas are updated, {total - updated} old ones end"
    return f"{available} of {wanted} replicas are available"


def _is_given_up(look: Look, spec: Mapping[str, Any], status: Mapping[str, Any]) -> bool:
    """True when the Deployment took longer than it may; one that did so before this run gets that time again."""
    said = condition(status, "Progressing")
    if said.get("status") != "False" or said.get("reason") != _DEADLINE:
        return False
    patience = spec.get("progressDeadlineSeconds", 600)
    return not look.precedes(said.get("lastUpdateTime")) or look.lasted() >= patience


def _of_sets(look: Look, status: Mapping[str, Any]) -> Trouble | None:
    """Return why pods, or what makes them, cannot be made, such as a quota; others may end and make room."""
    for said, bad in ((condition(status, "ReplicaFailure"), "True"), (condition(status, "Progressing"), "False")):
        if said.get("status") == bad and said.get("reason") != _DEADLINE:
            since = said.get("lastTransitionTime")
            return Trouble(
                reason=f"{said.get('reason')}: {said.get('message')}",
                final=look.lasted(since) >= look.platform.config.schedule_timeout,
            )
    return None


def _of_pods(look: Look, document: Mapping[str, Any]) -> Trouble | None:
    return trouble_of(look, current_pods(look, document))


def stateful_set(look: Look) -> Status:
    """Judge a StatefulSet: all replicas ready, and of the newest version where it updates by itself."""
    spec, status = look.spec, look.status
    wanted = spec.get("replicas", 1)
    strategy = spec.get("updateStrategy") or {}
    if not is_observed(look) or "observedGeneration" not in status:
        return waits("the StatefulSet controller has not seen it yet")
    if strategy.get("type") == "OnDelete":
        return look.ready()
    partition = ((strategy.get("rollingUpdate") or {}).get("partition")) or 0
    ready, updated = status.get("readyReplicas") or 0, status.get("updatedReplicas") or 0
    same = partition > 0 or status.get("currentRevision") == status.get("updateRevision")
    if ready >= wanted and updated >= wanted - partition and same:
        return look.ready()
    trouble = _of_revision(look, str(status.get("updateRevision"))) or _unmade(
        look, status.get("replicas") or 0, wanted
    )
    return _unready(look, trouble, f"{ready} of {wanted} replicas are ready, {updated} updated")


def _of_revision(look: Look, revision: str) -> Trouble | None:
    """Return the trouble of a StatefulSet's pods: of the newest revision, else of what it does not replace."""
    pods = current_pods(look, look.document)
    old = [pod for pod in pods if (pod["metadata"].get("labels") or {}).get(_REVISION) != revision]
    trouble = trouble_of(look, [pod for pod in pods if pod not in old])
    if trouble is not None:
        return trouble
    for pod in old:
        found = trouble_of(look, [pod])
        if found is not None and not found.mild:
            end = f"kubectl delete pod {pod['metadata']['name']} -n {pod['metadata']['namespace']}"
            return replace(found, reason=f"{found.reason}; the StatefulSet does not replace it by itself: {end}")
    return None


def _unmade(look: Look, there: int, wanted: int) -> Trouble | None:
    """Return why pods are not made, such as for a quota; only events of what makes them tell."""
    if there >= wanted:
        return None
    said = latest_warning(look, look.key.namespace, str(look.meta.get("uid")))
    final = look.lasted() >= look.platform.config.schedule_timeout
    return Trouble(reason=said, final=final) if said else None


def _unready(look: Look, trouble: Trouble | None, count: str) -> Status:
    """Return the trouble of what is not ready; the count beside it where it may be nothing."""
    if trouble is None:
        return waits(count)
    if trouble.mild:
        return waits(f"{count}: {trouble.reason}")
    return failed(look, trouble.reason) if trouble.final else waits(trouble.reason)


def daemon_set(look: Look) -> Status:
    """Judge a DaemonSet: its pod is updated and available on every node."""
    status = look.status
    wanted = status.get("desiredNumberScheduled") or 0
    if not is_observed(look) or "observedGeneration" not in status:
        return waits("the DaemonSet controller has not seen it yet")
    if (status.get("updatedNumberScheduled") or 0) >= wanted and (status.get("numberAvailable") or 0) >= wanted:
        return look.ready()
    there = status.get("currentNumberScheduled") or 0
    trouble = _of_pods(look, look.document) or _unmade(look, there, wanted)
    return _unready(look, trouble, f"{status.get('numberAvailable') or 0} of {wanted} nodes have it")


def job(look: Look) -> Status:
    """Judge a Job: begun, and not failed; its end is not waited for."""
    for kind in ("Failed", "FailureTarget"):
        if condition(look.status, kind).get("status") == "True":
            said = condition(look.status, kind)
            return failed(look, f"{said.get('reason')}: {said.get('message')}")
    if condition(look.status, "Complete").get("status") == "True":
        return look.ready()
    begun = look.status.get("startTime") or look.status.get("active") or look.spec.get("suspend")
    return look.ready() if begun else waits("the Job controller has not begun it yet")
