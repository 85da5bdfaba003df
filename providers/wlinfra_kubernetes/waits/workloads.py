"""When what runs pods is ready: Deployment, StatefulSet, DaemonSet, Job, and the NIM kinds on top of them.

`poll` calls these; `pods` gives the reasons.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from wlinfra.provider import Ready, Status
from wlinfra_kubernetes.documents import Key
from wlinfra_kubernetes.failures import ClusterError

from .model import Look, age, condition, failed, is_observed, waits
from .pods import current_pods, trouble_of

__all__ = ["daemon_set", "deployment", "job", "nim_cache", "nim_service", "stateful_set"]

_NIM_GRACE: Final = 60.0
"""Seconds a NIMService may say Failed: a reconcile error that the next try heals says so too."""


def deployment(look: Look) -> Status:
    """Judge a rollout: all replicas updated and available."""
    return _rollout(look, look.document)


def _rollout(look: Look, document: Mapping[str, Any]) -> Status:
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


# ---------------------------------------------------------------- NIM


def nim_cache(look: Look) -> Status:
    """Judge a NIMCache: its models are on the volume."""
    state = look.status.get("state")
    done = condition(look.status, "NIM_CACHE_JOB_COMPLETED")
    if state == "Ready":
        return look.ready()
    if state == "Failed":
        said = done.get("message") or next(
            (item.get("message") for item in look.status.get("conditions") or () if item.get("message")), "no reason"
        )
        return failed(look, str(said))
    name = f"{look.key.name}-job"
    try:
        pods = look.platform.client.list(Key("v1", "Pod", look.key.namespace, ""), labels=f"job-name={name}")
    except ClusterError:
        pods = []
    trouble = trouble_of(look, pods)
    if trouble is not None:
        return failed(look, trouble.reason) if trouble.final else waits(trouble.reason)
    return waits(f"the cache is {state or 'not begun'}")


def nim_service(look: Look) -> Status:
    """Judge a NIMService: its Deployment rolled out and the operator calls it ready."""
    state = str(look.status.get("state") or "")
    found = look.platform.client.get(Key("apps/v1", "Deployment", look.key.namespace, look.key.name))
    if state == "Failed":
        said = condition(look.status, "Failed")
        reason = f"{said.get('reason')}: {said.get('message')}"
        lasted = age(said.get("lastTransitionTime"), look.platform.now())
        return failed(look, reason) if lasted >= _NIM_GRACE else waits(reason)
    if found is None:
        return waits(f"the NIM Operator has not made its Deployment yet; the service is {state or 'new'}")
    rolled = _rollout(look, found)
    if not isinstance(rolled, Ready):
        return rolled
    stopped = (found.get("spec") or {}).get("replicas") == 0
    if state == "Ready" or stopped:
        return look.ready()
    return waits(
        f"the service is {state or 'new'}: {condition(look.status, 'Ready').get('message') or 'no reason yet'}"
    )
