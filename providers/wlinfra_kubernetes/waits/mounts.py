"""Whether a volume claim may go: while a pod mounts it, its deletion would only hang and could not be taken back.

`poll` calls these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wlinfra.errors import Diagnostic
from wlinfra.provider import Failed, Ready, Status
from wlinfra_kubernetes.cluster.failures import ClusterError
from wlinfra_kubernetes.documents.document import Key
from wlinfra_kubernetes.volumes import claims_of, mounting_pods

from .model import Look, waits

__all__ = ["ending", "unused"]


def unused(look: Look) -> Status:
    """Judge whether nothing mounts the claims that go with an object.

    A pod that is about to end is waited for, also one whose ReplicaSet went without it, which the cluster clears away.
    One that stays ends the wait at once, before anything was deleted.
    """
    claims = [Key.parse("v1/PersistentVolumeClaim", str(name)) for name in look.waiting.details.get("claims") or ()]
    pods = [pod for claim in claims for pod in _pods(look, claim)]
    staying = [pod for pod in pods if not pod["metadata"].get("deletionTimestamp")]
    if staying and (staying := [pod for pod in staying if pod not in _orphans(look, staying)]):
        return Failed(error=_in_use(look, staying))
    return waits(f"{_named(pods)} still mounts it") if pods else Ready()


def _orphans(look: Look, pods: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Return the pods that a ReplicaSet made which is gone or about to go."""
    makers = {id(pod): maker for pod in pods if (maker := _maker(pod)) and maker.get("kind") == "ReplicaSet"}
    if not makers:
        return ()
    try:
        sets = look.platform.client.list(Key("apps/v1", "ReplicaSet", look.key.namespace, ""), metadata=True)
    except ClusterError:  # without the right to look, whoever is there stays
        return ()
    alive = {item["metadata"]["uid"] for item in sets if not item["metadata"].get("deletionTimestamp")}
    return [pod for pod in pods if id(pod) in makers and makers[id(pod)].get("uid") not in alive]


def _maker(pod: Mapping[str, Any]) -> Mapping[str, Any]:
    owners = pod["metadata"].get("ownerReferences") or ()
    return next((owner for owner in owners if owner.get("controller")), {})


def ending(look: Look) -> Status:
    """Return why an object that is being deleted is still there."""
    if not look.meta.get("deletionTimestamp"):
        return waits("its deletion has not begun")
    finalizers = [name for name in look.meta.get("finalizers") or () if name != "foregroundDeletion"]
    held = f", held by {', '.join(finalizers)}" if finalizers else ""
    pods = [pod for claim in claims_of(look.key, look.document) for pod in _pods(look, claim)]
    mounting = f", because {_named(pods)} mounts it" if pods else ""
    return waits(f"it is being deleted{held}{mounting}")


def _pods(look: Look, claim: Key) -> Sequence[Mapping[str, Any]]:
    try:
        return mounting_pods(look.platform, claim)
    except ClusterError:  # without the right to list pods nobody can tell; the cluster itself protects the volume
        return ()


def _named(pods: Sequence[Mapping[str, Any]]) -> str:
    first = pods[0]["metadata"]["name"]
    return f"the pod {first}" if len(pods) == 1 else f"the pod {first} and {len(pods) - 1} more"


def _in_use(look: Look, pods: Sequence[Mapping[str, Any]]) -> Diagnostic:
    begun = "" if look.meta.get("deletionTimestamp") else "; nothing was deleted"
    return Diagnostic(
        summary="Volume is in use",
        detail=f"{look.key} cannot go while {_named(pods)} mounts its volume: its deletion hangs on "
        f"kubernetes.io/pvc-protection until the pod ends{begun}.",
        fix="Stop what mounts it (replicas=0, or power='stopped' of a workload) and apply that, or declare it in this "
        "stack, so that it is replaced too; then run the command again.",
        address=look.waiting.address,
    )
