"""When the kinds of the NIM Operator are ready: NIMCache, and NIMService with its Deployment.

`poll` calls the judges; `subject` asks for the mark of the Deployment that a change of the pods is to replace.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from wlinfra.provider import Action, Decision, Effect, PlatformObject, Ready, Status
from wlinfra_kubernetes.cluster.client import ClusterClient
from wlinfra_kubernetes.cluster.failures import ClusterError
from wlinfra_manifests.document import Key

from .model import Look, age, condition, failed, waits
from .pods import trouble_of
from .workloads import rollout

__all__ = ["MARK", "mark_before", "nim_cache", "nim_service"]

MARK: Final = "mark"
"""The detail of a goal that has the mark from before the change."""
_SERVICE: Final = "apps.nvidia.com/v1alpha1/NIMService"
_SPEC_HASH: Final = "nvidia.com/parent-spec-hash"
"""The operator's annotation on the Deployment: another one for every change of the pods, and only for those."""
_GRACE: Final = 60.0
"""Seconds a NIMService may say Failed: a reconcile error that the next try heals says so too."""
_SETTLE: Final = 10.0
"""Seconds after a change in which the status may still be of the version before: it has no generation."""
_INCURABLE: Final = frozenset({"DRAResourcesUnsupported", "ValidationFailed"})
"""Reasons that stay until the declaration or the cluster is another one."""


def mark_before(client: ClusterClient, desired: PlatformObject, change: Decision) -> str:
    """Return the mark that a change of a NIMService's pods will replace; empty for every other change.

    A mark that cannot be read is empty too: the wait then settles for time.
    """
    if desired.kind != _SERVICE or change.action not in (Action.UPDATE, Action.ROLL, Action.IMPORT):
        return ""
    if not any(item.effect is Effect.ROLLS for item in change.attributes):
        return ""
    key = Key.parse(desired.kind, desired.name)
    try:
        return _mark(client.get(_deployment(key)))
    except ClusterError:
        return ""


def _deployment(key: Key) -> Key:
    return Key("apps/v1", "Deployment", key.namespace, key.name)


def _mark(document: Mapping[str, Any] | None) -> str:
    meta = (document or {}).get("metadata") or {}
    return str((meta.get("annotations") or {}).get(_SPEC_HASH) or "")


def nim_service(look: Look) -> Status:
    """Judge a NIMService: its Deployment rolled out and the operator calls it ready, both after the last change."""
    found = look.platform.client.get(_deployment(look.key))
    before = look.waiting.details.get(MARK)
    passed = bool(before) and _mark(found) != before
    since = _since_change(look)
    settled = passed or since >= _SETTLE
    state = str(look.status.get("state") or "")
    if state == "Failed":
        return _failing(look, since, settled=settled)
    if before and not passed:
        return waits("the NIM Operator has not taken the change over to its Deployment yet")
    if found is None:
        return waits(f"the NIM Operator has not made its Deployment yet; the service is {state or 'new'}")
    rolled = rollout(look, found)
    if not isinstance(rolled, Ready):
        return rolled
    if not settled:
        return waits("the NIM Operator may not have seen the change yet")
    stopped = (found.get("spec") or {}).get("replicas") == 0
    if state == "Ready" or stopped:
        return look.ready()
    return waits(
        f"the service is {state or 'new'}: {condition(look.status, 'Ready').get('message') or 'no reason yet'}"
    )


def _since_change(look: Look) -> float:
    """Return how many seconds ago we last changed it; without end for one that is as it was made.

    The object's own record of who applied it shows that, so that a wait which is taken up again does not settle again.
    """
    if (look.meta.get("generation") or 1) <= 1:
        return float("inf")
    manager = look.platform.identity.manager
    times = [
        str(entry.get("time") or "")
        for entry in look.meta.get("managedFields") or ()
        if entry.get("manager") == manager and not entry.get("subresource")
    ]
    return age(max(times, default=""), look.platform.now()) if any(times) else float("inf")


def _failing(look: Look, since: float, *, settled: bool) -> Status:
    """Return the failure where it is of this version, and either lasts or cannot heal."""
    said = condition(look.status, "Failed")
    reason = f"{said.get('reason')}: {said.get('message')}"
    lasted = min(look.lasted(said.get("lastTransitionTime")), since)
    final = lasted >= _GRACE or (settled and said.get("reason") in _INCURABLE)
    return failed(look, reason) if final else waits(reason)


def nim_cache(look: Look) -> Status:
    """Judge a NIMCache: its models are on the volume."""
    state = look.status.get("state")
    if state == "Ready":
        return look.ready()
    if state == "Failed":
        return failed(look, _reason(look) or "no reason")
    name = f"{look.key.name}-job"
    try:
        pods = look.list(Key("v1", "Pod", look.key.namespace, ""), labels=f"job-name={name}")
    except ClusterError:
        pods = []
    trouble = trouble_of(look, pods)
    if trouble is not None:
        return failed(look, trouble.reason) if trouble.final else waits(trouble.reason)
    said = _reason(look)
    return waits(f"the cache is {state or 'not begun'}" + (f": {said}" if said else ""))


def _reason(look: Look) -> str:
    """Return the operator's word on a cache: a failure it reports, else the condition that changed last."""
    said = [item for item in look.status.get("conditions") or () if item.get("message")]
    last = max(said, key=_weight, default=None)
    return f"{last.get('type')}: {last.get('message')}" if last is not None else ""


def _weight(item: Mapping[str, Any]) -> tuple[bool, bool, str]:
    fails = str(item.get("type")).endswith("FAILED") and item.get("status") == "True"
    return fails, item.get("status") == "False", str(item.get("lastTransitionTime") or "")
