"""When what runs pods is ready: Deployment, StatefulSet, DaemonSet, Job.

`poll` calls these, `nim` the rollout; `pods` gives the reasons.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wlinfra.provider import Status

from .model import Look, condition, failed, is_observed, waits
from .pods import current_pods, trouble_of

__all__ = ["daemon_set", "deployment", "job", "rollout", "stateful_set"]


def deployment(look: Look) -> Status:
    """Judge a rollout: all replicas updated and available."""
    return rollout(look, look.document)


def rollout(look: Look, document: Mapping[str, Any]) -> Status:
    """Judge the rollout of a Deployment that is, or belongs to, what is awaited."""
    spec, status = document.get("spec") or {}, document.get("status") or {}
    wanted = spec.get("replicas", 1)
    progressing, failure = condition(status, "Progressing"), condition(status, "ReplicaFailure")
    if (status.get("observedGeneration") or 0) < (document["metadata"].get("generation") or 0):
        return waits("the Deployment controller has not seen it yet")
    if progressing.get("status") == "False":
        return failed(look, f"{progressing.get('reason')}: {_with_pods(look, document, progressing.get('message'))}")
    updated, available = status.get("updatedReplicas") or 0, status.get("availableReplicas") or 0
    total = status.get("replicas") or 0
    if updated >= wanted and available >= wanted and total <= updated:
        return look.ready()
    if failure.get("status") == "True":
        return failed(look, f"{failure.get('reason')}: {failure.get('message')}")
    trouble = trouble_of(look, current_pods(look, document))
    if trouble is not None:
        return failed(look, trouble.reason) if trouble.final else waits(trouble.reason)
    if total > updated:
        return waits(f"{updated} of {wanted} replicas are updated, {total - updated} old ones end")
    return waits(f"{available} of {wanted} replicas are available")


def _with_pods(look: Look, document: Mapping[str, Any], message: Any) -> str:
    trouble = trouble_of(look, current_pods(look, document))
    return trouble.reason if trouble is not None else str(message)


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
    trouble = trouble_of(look, current_pods(look, look.document))
    if trouble is not None:
        return failed(look, trouble.reason) if trouble.final else waits(trouble.reason)
    return waits(f"{ready} of {wanted} replicas are ready, {updated} updated")


def daemon_set(look: Look) -> Status:
    """Judge a DaemonSet: its pod is updated and available on every node."""
    status = look.status
    wanted = status.get("desiredNumberScheduled") or 0
    if not is_observed(look) or "observedGeneration" not in status:
        return waits("the DaemonSet controller has not seen it yet")
    if (status.get("updatedNumberScheduled") or 0) >= wanted and (status.get("numberAvailable") or 0) >= wanted:
        return look.ready()
    return waits(f"{status.get('numberAvailable') or 0} of {wanted} nodes have it")


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
