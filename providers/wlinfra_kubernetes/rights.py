"""The rights a stack needs on its cluster: exactly the requests that reading, planning, applying and waiting make.

`provider` calls `rights`; pure. What belongs to a namespace becomes a Role there; what has none, and what bundles and
volume claims make us look at, becomes one ClusterRole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from wlinfra.provider import Manifest, PlatformObject, RenderedObject
from wlinfra_manifests.document import Key, guessed_plural

from .accounts import RBAC, Account
from .declared.lookups import NEEDED
from .ownership.identity import Identity
from .private import private_of

__all__ = ["rights"]

_NAMED: Final = ("get", "patch", "delete")
"""What is restricted to an object's name where it stands in no namespace; to list and to create cannot be."""
_VERBS: Final = ("get", "list", "watch", "create", "patch", "delete")
"""An apply that makes an object needs create beside patch; the probe for a replacement is a create. Its end is awaited
for every kind, so every kind is watched."""
_PODS: Final = Key("v1", "Pod", "", "")
_SETS: Final = Key("apps/v1", "ReplicaSet", "", "")
_DEPLOYMENTS: Final = Key("apps/v1", "Deployment", "", "")
_EVENTS: Final = Key("v1", "Event", "", "")
_FOLLOWED: Final = ("list", "watch")
_RUN: Final = ((_PODS, _FOLLOWED), (_EVENTS, _FOLLOWED))
"""Where the status of pods comes from: pods, and the warning events of slow or rejected ones."""
_DEVICES: Final = ("deviceclasses", "resourceclaims", "resourceslices")
"""What shows which devices of dynamic resource allocation are free."""
_LOOKED_AT: Final[Mapping[str, Sequence[tuple[Key, Sequence[str]]]]] = {
    "apps/v1/Deployment": (*_RUN, (_SETS, _FOLLOWED)),
    "apps/v1/StatefulSet": _RUN,
    "apps/v1/DaemonSet": _RUN,
    "apps.nvidia.com/v1alpha1/NIMService": (*_RUN, (_SETS, _FOLLOWED), (_DEPLOYMENTS, ("get",))),
    "apps.nvidia.com/v1alpha1/NIMCache": _RUN,
    "v1/PersistentVolumeClaim": ((_PODS, ("list",)),),
}
"""What the waits look at beside the object itself, in its namespace."""
_REPLACED: Final = ("get", "list", "watch", "delete")
"""What a hand-over from the other kind of autoscaler takes: it has to be gone first, while the new role holds already."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class _Right:
    """One verb on one resource; an empty namespace is all of the cluster, no name is any name."""

    namespace: str
    group: str
    resource: str
    name: str = ""
    verb: str


def rights(identity: Identity, objects: Sequence[PlatformObject], subject: Account) -> Sequence[RenderedObject]:
    """Return the roles, each with a binding to the subject; none for a stack that has nothing on the cluster."""
    plurals = dict(_declared_plurals(objects))
    needed: dict[str, set[_Right]] = defaultdict(set)
    for item in objects:
        for right in () if item.virtual else _needed(item, plurals):
            needed[right.namespace].add(right)
    return [part for namespace in sorted(needed) for part in _role(identity, subject, namespace, needed[namespace])]


# ---------------------------------------------------------------- what is needed


def _needed(item: PlatformObject, plurals: Mapping[tuple[str, str], str]) -> Iterator[_Right]:
    key = Key.parse(item.kind, item.name)
    resource = _plural(key, plurals)
    for verb in ("get",) if item.lookup else _VERBS:
        name = key.name if not key.namespace and verb in _NAMED else ""
        yield _Right(namespace=key.namespace, group=key.group, resource=resource, name=name, verb=verb)
    for other in NEEDED if private_of(item).workload else ():
        yield _Right(namespace=key.namespace, group=other.group, resource=_plural(other, plurals), verb="list")
    if item.lookup:
        return
    if key.namespace:  # whether all that is to be made fits
        yield _Right(namespace=key.namespace, group="", resource="resourcequotas", verb="list")
    for other, verbs in _LOOKED_AT.get(item.kind, ()):
        for verb in verbs:
            yield _Right(namespace=key.namespace, group=other.group, resource=_plural(other, plurals), verb=verb)
    for kind, _ in private_of(item).comes_after:
        other = Key.parse(kind, "")
        for verb in _REPLACED:
            yield _Right(namespace=key.namespace, group=other.group, resource=_plural(other, plurals), verb=verb)
    spec: Any = item.values.get("spec") or {}
    if item.kind == "apps/v1/StatefulSet" and spec.get("volumeClaimTemplates"):  # to name those that outlive it
        yield _Right(namespace=key.namespace, group="", resource="persistentvolumeclaims", verb="list")
    yield from _across_the_cluster(item)


def _across_the_cluster(item: PlatformObject) -> Iterator[_Right]:
    """Yield what a choice among bundles and a wait for a volume ask of the cluster as a whole."""
    if (offer := private_of(item).offer) is not None:
        for resource in ("nodes", "pods"):
            yield _Right(namespace="", group="", resource=resource, verb="list")
        for resource in _DEVICES if any(offer.devices.values()) else ():
            yield _Right(namespace="", group="resource.k8s.io", resource=resource, verb="list")
    if item.kind == "v1/PersistentVolumeClaim":  # which has the cluster's default class where it names none
        spec: Any = item.values.get("spec") or {}
        storage = spec.get("storageClassName")
        name = storage if isinstance(storage, str) else ""
        yield _Right(namespace="", group="storage.k8s.io", resource="storageclasses", name=name, verb="get")


def _declared_plurals(objects: Sequence[PlatformObject]) -> Iterator[tuple[tuple[str, str], str]]:
    for item in objects:
        if item.kind.endswith("/CustomResourceDefinition"):
            spec: Any = item.values.get("spec") or {}
            names = spec.get("names") or {}
            if names.get("kind") and names.get("plural"):
                yield (str(spec.get("group")), str(names["kind"])), str(names["plural"])


def _plural(key: Key, declared: Mapping[tuple[str, str], str]) -> str:
    """Return the resource of a kind: as the stack defines it, else by the rule that kubectl guesses by."""
    if found := declared.get((key.group, key.kind)):
        return found
    return guessed_plural(key.kind)


# ---------------------------------------------------------------- what is written


def _role(identity: Identity, subject: Account, namespace: str, needed: set[_Right]) -> Iterator[RenderedObject]:
    prefix = "" if namespace else "Cluster"
    place = {"namespace": namespace} if namespace else {}
    name = identity.inventory.name if namespace else f"{identity.inventory.namespace}-{identity.inventory.name}"
    head = {"apiVersion": f"{RBAC}/v1", "metadata": {"name": name, **place}}
    yield _rendered({**head, "kind": f"{prefix}Role", "rules": _rules(needed)})
    role = {"apiGroup": RBAC, "kind": f"{prefix}Role", "name": name}
    binding = {**head, "kind": f"{prefix}RoleBinding", "roleRef": role, "subjects": [dict(subject.manifest)]}
    yield _rendered(binding, comment=subject.comment)


def _rendered(manifest: Manifest, *, comment: str = "") -> RenderedObject:
    first = {name: manifest[name] for name in ("apiVersion", "kind")}
    return RenderedObject(part=str(manifest["kind"]), manifest={**first, **manifest}, comment=comment)


def _rules(needed: set[_Right]) -> list[dict[str, Any]]:
    """Return the rules: one for the resources of a group with equal verbs, and one for each set of names."""
    verbs: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for right in needed:
        verbs[right.group, right.resource, right.name].add(right.verb)
    together: dict[tuple[str, tuple[str, ...], str, str], set[str]] = defaultdict(set)
    for (group, resource, name), words in verbs.items():
        ordered = tuple(verb for verb in _VERBS if verb in words)
        # Resources that are named must not share a rule, for its names would hold for all of them.
        together[group, ordered, resource if name else "", name].add(resource)
    return [
        {"apiGroups": [group], "resources": sorted(resources), **({"resourceNames": [name]} if name else {}),
         "verbs": list(words)}
        for (group, words, _, name), resources in sorted(together.items())
    ]  # fmt: skip
