"""What the pods of a workload say: why they are not ready, and whether that can heal.

The judges of Deployment, StatefulSet and NIMService ask it, so that people see the reason and not only a count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from wlinfra_kubernetes.cluster.failures import ClusterError
from wlinfra_manifests.document import Key

from .containers import Trouble, container_troubles
from .model import Look, age, condition

__all__ = ["current_pods", "latest_warning", "trouble_of"]

_USUAL: Final = 5.0
"""Seconds that a pod usually takes to get ready, in which its events are not asked for."""
_HASH: Final = "pod-template-hash"
_REVISION: Final = "deployment.kubernetes.io/revision"


def current_pods(look: Look, deployment: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the pods of a Deployment's newest version; of other kinds all that its selector names."""
    selector = ((deployment.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
    labels = ",".join(f"{name}={value}" for name, value in sorted(selector.items()))
    namespace = deployment["metadata"]["namespace"]
    try:
        pods = look.list(Key("v1", "Pod", namespace, ""), labels=labels)
        if deployment.get("kind") != "Deployment":
            return pods
        sets = look.list(Key("apps/v1", "ReplicaSet", namespace, ""), labels=labels)
    except ClusterError:
        return ()
    own = [item for item in sets if _is_owned(item, deployment)]
    newest = max(
        own, key=lambda item: int((item["metadata"].get("annotations") or {}).get(_REVISION) or 0), default=None
    )
    if newest is None:
        return ()
    wanted = (newest["metadata"].get("labels") or {}).get(_HASH)
    return [pod for pod in pods if (pod["metadata"].get("labels") or {}).get(_HASH) == wanted]


def _is_owned(item: Mapping[str, Any], owner: Mapping[str, Any]) -> bool:
    return any(ref.get("uid") == owner["metadata"]["uid"] for ref in item["metadata"].get("ownerReferences") or ())


def trouble_of(look: Look, pods: Sequence[Mapping[str, Any]]) -> Trouble | None:
    """Return the worst trouble of the pods, the first of equally bad ones; None when nothing is said."""
    troubles = [(trouble, pod) for pod in pods for trouble in _troubles(look, pod)]
    if not troubles:
        return None
    worst, pod = min(troubles, key=lambda pair: (not pair[0].final, pair[0].mild))
    return _explained(look, worst, pod) if worst.mild else worst


def _explained(look: Look, trouble: Trouble, pod: Mapping[str, Any]) -> Trouble:
    """Return what takes longer than usual with the last warning about its pod, such as of a volume or a probe."""
    meta = pod["metadata"]
    if age(meta.get("creationTimestamp"), look.platform.now()) < _USUAL:
        return trouble
    said = latest_warning(look, meta["namespace"], meta["uid"])
    return replace(trouble, reason=f"{trouble.reason}: {said}") if said else trouble


def _troubles(look: Look, pod: Mapping[str, Any]) -> Iterator[Trouble]:
    meta, status = pod["metadata"], pod.get("status") or {}
    if meta.get("deletionTimestamp"):
        return
    if status.get("phase") == "Failed" and status.get("reason"):  # evicted, or refused by its node
        yield Trouble(
            reason=f"pod {meta['name']} failed: {status['reason']}: {status.get('message') or ''}".rstrip(": ")
        )
        return
    scheduled = condition(status, "PodScheduled")
    if scheduled.get("status") == "False":
        yield Trouble(
            reason=f"pod {meta['name']} finds no node: {scheduled.get('message') or scheduled.get('reason')}",
            final=look.lasted(meta.get("creationTimestamp")) >= look.platform.config.schedule_timeout,
        )
    yield from container_troubles(look, pod)


# ---------------------------------------------------------------- events


def latest_warning(look: Look, namespace: str, uid: str) -> str:
    """Return reason and message of the newest warning about the object with that uid; empty for none.

    Only events say why a pod is not made, or does not get ready. An account that may not list them gets none.
    """
    try:
        events = look.list(Key("v1", "Event", namespace, ""), fields="type=Warning")
    except ClusterError:
        return ""
    own = [event for event in events if (event.get("involvedObject") or {}).get("uid") == uid]
    newest = max(own, key=_time, default=None)
    return f"{newest.get('reason')}: {newest.get('message')}" if newest is not None else ""


def _time(event: Mapping[str, Any]) -> str:
    series = event.get("series") or {}
    times = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"))
    return max(str(text)[:19] for text in (*times, event["metadata"].get("creationTimestamp")) if text)
