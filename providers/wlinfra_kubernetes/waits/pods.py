"""What the pods of a workload say: why they are not ready, and whether that can heal.

The judges of Deployment, StatefulSet and NIMService ask it, so that people see the reason and not only a count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from wlinfra_kubernetes.documents import Key
from wlinfra_kubernetes.failures import ClusterError

from .model import Look, age, condition

__all__ = ["PodTrouble", "current_pods", "trouble_of"]

_IMAGE: Final = frozenset(
    {"ImagePullBackOff", "ErrImagePull", "InvalidImageName", "CreateContainerConfigError", "CreateContainerError"}
)
_HASH: Final = "pod-template-hash"
_REVISION: Final = "deployment.kubernetes.io/revision"


@dataclass(frozen=True, slots=True, kw_only=True)
class PodTrouble:
    """Why pods are not ready."""

    reason: str
    final: bool
    """It will not heal by itself, as far as the configured patience goes."""


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


def trouble_of(look: Look, pods: Sequence[Mapping[str, Any]]) -> PodTrouble | None:
    """Return the worst trouble of the pods; None when nothing is said."""
    troubles = [trouble for pod in pods for trouble in _troubles(look, pod)]
    return next((trouble for trouble in troubles if trouble.final), troubles[0] if troubles else None)


def _troubles(look: Look, pod: Mapping[str, Any]) -> Iterator[PodTrouble]:
    status = pod.get("status") or {}
    name = pod["metadata"]["name"]
    yield from _scheduling(look, pod, status)
    for container in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        yield from _container(look, pod, name, container)


def _scheduling(look: Look, pod: Mapping[str, Any], status: Mapping[str, Any]) -> Iterator[PodTrouble]:
    scheduled = condition(status, "PodScheduled")
    if scheduled.get("status") != "False":
        return
    waited = age(pod["metadata"].get("creationTimestamp"), look.platform.now())
    yield PodTrouble(
        reason=f"pod {pod['metadata']['name']} finds no node: {scheduled.get('message') or scheduled.get('reason')}",
        final=waited >= look.platform.config.schedule_timeout,
    )


def _container(look: Look, pod: Mapping[str, Any], name: str, container: Mapping[str, Any]) -> Iterator[PodTrouble]:
    config = look.platform.config
    waiting = (container.get("state") or {}).get("waiting") or {}
    reason, message = str(waiting.get("reason") or ""), str(waiting.get("message") or "")
    where = f"container {container.get('name')} of pod {name}"
    if reason in _IMAGE:
        waited = age(pod["metadata"].get("creationTimestamp"), look.platform.now())
        said = message or str(container.get("image") or "")
        yield PodTrouble(reason=f"{where}: {reason}: {said}", final=waited >= config.image_grace)
    elif reason == "CrashLoopBackOff":
        count = int(container.get("restartCount") or 0)
        ended = (container.get("lastState") or {}).get("terminated") or {}
        why = f", exit code {ended['exitCode']}" if ended.get("exitCode") is not None else ""
        said = str(ended.get("message") or message or "")
        yield PodTrouble(
            reason=f"{where} crashes (CrashLoopBackOff, {count} restarts{why}): {said}".rstrip(": "),
            final=count >= config.crash_restarts,
        )
