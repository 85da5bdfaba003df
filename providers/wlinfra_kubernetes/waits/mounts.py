"""Whether a volume claim may go: while a pod mounts it, its deletion would only hang and could not be taken back.

`poll` calls these, and `plan` asks who else mounts one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from wlinfra.errors import Diagnostic
from wlinfra.provider import Failed, Ready, Status
from wlinfra_kubernetes.cluster.failures import ClusterError, Failure, unless
from wlinfra_kubernetes.platform import Platform
from wlinfra_kubernetes.volumes import CACHE, claims_of, mounted, mounting_pods
from wlinfra_manifests.document import Key

from .model import Look, waits

__all__ = ["ending", "in_the_way", "unused"]

_STOP: Final = (
    "Stop what mounts it (replicas=0, or power='stopped' of a workload) and apply that, or declare it in this "
    "stack, where a replacement of the volume takes it along; then run the command again."
)


def unused(look: Look) -> Status:
    """Judge whether nothing mounts the claims that go with an object.

    A pod that is about to end is waited for, also one that goes with what made it, or that its Deployment replaces by
    one without the claim. One that stays ends the wait at once, before anything was deleted. The object's own pods go
    with it. Of claims that are replaced in the same plan only pods of others count: ours end before.
    """
    claims, replaced = _claims(look, "claims"), _claims(look, "replaced")
    for claim in replaced:
        if others := _others(look.platform, look.key, str(look.meta["uid"]), claim):
            return Failed(error=_replaced_in_use(look, claim, others))
    makers = _Makers(platform=look.platform, key=look.key, uid=str(look.meta["uid"]), claims=frozenset(claims))
    pods = [pod for claim in claims for pod in _pods(look.platform, claim) if not makers.are_this(pod)]
    if staying := [pod for pod in pods if not makers.end(pod)]:
        return Failed(error=_in_use(look, staying))
    return waits(f"{_named(pods)} still mounts it") if pods else Ready()


def in_the_way(platform: Platform, key: Key, uid: str, claims: Sequence[Key]) -> str:
    """Return which pods of others mount the claims that go with an object, for people; empty when none does."""
    pods = [pod for claim in claims for pod in _others(platform, key, uid, claim)]
    if not pods:
        return ""
    return f"{_named(pods)} mounts it, and is not of this stack: until it ends the apply deletes nothing for this"


def _others(platform: Platform, key: Key, uid: str, claim: Key) -> Sequence[Mapping[str, Any]]:
    """Return the pods that hold a claim, stay, and were not made by this stack."""
    makers = _Makers(platform=platform, key=key, uid=uid, claims=frozenset((claim,)))
    return [pod for pod in _pods(platform, claim) if not makers.are_ours(pod) and not makers.end(pod)]


def _claims(look: Look, detail: str) -> list[Key]:
    return [Key.parse("v1/PersistentVolumeClaim", str(name)) for name in look.waiting.details.get(detail) or ()]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Makers:
    """The controllers of pods in one namespace, listed by kind once for all of the pods.

    Without the right to look at one, its pods are taken for another user's, and to stay.
    """

    platform: Platform
    key: Key
    """The object that is to go."""
    uid: str
    claims: frozenset[Key]
    _listed: dict[Key, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)

    def are_this(self, item: Mapping[str, Any]) -> bool:
        """Return whether the object that is to go made a pod, be it by what it made."""
        owner = _controller(item)
        if owner is None:
            return False
        if owner["uid"] == self.uid:
            return True
        if self.key.full_kind == CACHE and (owner["kind"], owner["name"]) == ("Job", f"{self.key.name}-job"):
            return True  # whom few accounts may look at
        try:
            maker = self._found(owner)
        except ClusterError:
            return False
        return maker is not None and self.are_this(maker)

    def are_ours(self, item: Mapping[str, Any]) -> bool:
        """Return whether this stack made a pod, be it by what it made; True where the account may not look."""
        if self.platform.identity.owns(item):
            return True
        owner = _controller(item)
        if owner is None:
            return False
        try:
            maker = self._found(owner)
        except ClusterError:
            return True
        return maker is not None and self.are_ours(maker)

    def end(self, item: Mapping[str, Any]) -> bool:
        """Return whether a pod, or what made it, goes by itself."""
        if item["metadata"].get("deletionTimestamp"):
            return True
        owner = _controller(item)
        if owner is None:
            return False
        try:
            maker = self._found(owner)
        except ClusterError:
            return False
        return maker is None or self._mounts_no_more(maker) or self.end(maker)

    def _found(self, owner: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return the controller; None when it is gone. Raises ClusterError without the right to list or to get it."""
        kind = Key(owner["apiVersion"], owner["kind"], self.key.namespace, "")
        listed = unless(Failure.FORBIDDEN, lambda: self._of_kind(kind), None)
        if listed is not None:
            return listed.get(owner["uid"])
        found = self.platform.client.get(replace(kind, name=owner["name"]))
        return found if found is not None and found["metadata"]["uid"] == owner["uid"] else None

    def _of_kind(self, kind: Key) -> Mapping[str, Mapping[str, Any]]:
        if kind not in self._listed:
            self._listed[kind] = {item["metadata"]["uid"]: item for item in self.platform.client.list(kind)}
        return self._listed[kind]

    def _mounts_no_more(self, maker: Mapping[str, Any]) -> bool:
        return maker["kind"] == "Deployment" and not self.claims.intersection(mounted(maker))


def _controller(item: Mapping[str, Any]) -> Mapping[str, Any] | None:
    owners = item["metadata"].get("ownerReferences") or ()
    return next((one for one in owners if one.get("controller")), None)


def ending(look: Look) -> Status:
    """Return why an object that is being deleted is still there."""
    if not look.meta.get("deletionTimestamp"):
        return waits("its deletion has not begun")
    finalizers = [name for name in look.meta.get("finalizers") or () if name != "foregroundDeletion"]
    held = f", held by {', '.join(finalizers)}" if finalizers else ""
    pods = [pod for claim in claims_of(look.key, look.document) for pod in _pods(look.platform, claim)]
    mounting = f", because {_named(pods)} mounts it" if pods else ""
    return waits(f"it is being deleted{held}{mounting}")


def _pods(platform: Platform, claim: Key) -> Sequence[Mapping[str, Any]]:
    try:
        return mounting_pods(platform, claim)
    except ClusterError:  # without the right to list pods that is unknown; the cluster itself protects the volume
        return ()


def _named(pods: Sequence[Mapping[str, Any]]) -> str:
    first = pods[0]["metadata"]["name"]
    return f"the pod {first}" if len(pods) == 1 else f"the pod {first} and {len(pods) - 1} more"


def _replaced_in_use(look: Look, claim: Key, pods: Sequence[Mapping[str, Any]]) -> Diagnostic:
    return Diagnostic(
        summary="Volume is in use",
        detail=f"{look.key} has to end for the replacement of its volume {claim.full_name}, which cannot go while "
        f"{_named(pods)} mounts it too; {look.key} was not deleted.",
        fix=_STOP,
        address=look.waiting.address,
    )


def _in_use(look: Look, pods: Sequence[Mapping[str, Any]]) -> Diagnostic:
    begun = "" if look.meta.get("deletionTimestamp") else "; it was not deleted"
    return Diagnostic(
        summary="Volume is in use",
        detail=f"{look.key} cannot go while {_named(pods)} mounts its volume: its deletion hangs on "
        f"kubernetes.io/pvc-protection until the pod ends{begun}.",
        fix=_STOP,
        address=look.waiting.address,
    )
