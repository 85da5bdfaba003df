"""What expanding needs to know beside the resource: the stack's identity, its target, and what is declared.

`expand` asks for each resource; everything declared is gone through once for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, TypeVar, cast

from wlinfra.provider import RenderedObject, merge_shared
from wlinfra.resources.artifact import Artifact
from wlinfra.resources.base import Resource
from wlinfra.resources.workload import Workload
from wlinfra.values import Address
from wlinfra_manifests.document import Key, key_of
from wlinfra_manifests.model import Target
from wlinfra_manifests.render import render_workload

from .declared.readers import sources_of
from .declared.resources import Manifest
from .ownership.identity import Identity
from .ownership.succession import AUTOSCALERS
from .volumes import pod_of

__all__ = ["CLUSTER_SCOPED", "ExpandContext", "Read", "in_namespace", "makers_of"]

T = TypeVar("T")

CLUSTER_SCOPED: Final = frozenset(
    {
        "Namespace",
        "Node",
        "PersistentVolume",
        "ClusterRole",
        "ClusterRoleBinding",
        "CustomResourceDefinition",
        "StorageClass",
        "PriorityClass",
        "RuntimeClass",
        "IngressClass",
        "APIService",
        "ValidatingWebhookConfiguration",
        "MutatingWebhookConfiguration",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "DeviceClass",
        "GatewayClass",
    }
)
_NEEDED: Final = frozenset({"Namespace", "CustomResourceDefinition", "PersistentVolumeClaim", "NIMCache", *AUTOSCALERS})
"""The kinds of what other objects stand in, are of, mount or are scaled by."""


Read: TypeAlias = tuple[str, str, str]
"""Kind, namespace and name of a Secret or ConfigMap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Manifests:
    """What the declared manifests are to others."""

    needed: Mapping[Address, Manifest]
    readers: Mapping[Read, Sequence[Manifest]]


class ExpandContext:
    """What expanding needs to know beside the resource."""

    def __init__(self, identity: Identity, target: Target, provider: str) -> None:
        self.identity = identity
        self.target = target
        self.provider = provider
        self._found: dict[Callable[..., Any], tuple[Mapping[Address, Resource], Any]] = {}

    def needed(self, declared: Mapping[Address, Resource]) -> Mapping[Address, Manifest]:
        """Return the declared manifests that others may go by."""
        return self._once(_manifests, declared).needed

    def readers(self, declared: Mapping[Address, Resource]) -> Mapping[Read, Sequence[Manifest]]:
        """Return the declared manifests whose pods read a Secret or ConfigMap, by its kind, namespace and name."""
        return self._once(_manifests, declared).readers

    def shared(self, declared: Mapping[Address, Resource]) -> Mapping[tuple[str, str], RenderedObject]:
        """Return by kind and name what workloads have in common, rendered once for all objects of a program."""
        return self._once(_shared, declared)

    def first(self, declared: Mapping[Address, Resource]) -> frozenset[Address]:
        """Return the inventory's Namespace, where it is declared, and all it needs: what cannot wait for the inventory."""
        return self._once(_before_inventory, declared)

    def _once(
        self, look: Callable[[ExpandContext, Mapping[Address, Resource]], T], declared: Mapping[Address, Resource]
    ) -> T:
        """Go through what is declared once for all objects of a program."""
        if self._found.get(look, (None,))[0] is not declared:
            self._found[look] = declared, look(self, declared)
        return cast("T", self._found[look][1])


def _manifests(context: ExpandContext, declared: Mapping[Address, Resource]) -> _Manifests:
    own = {address: item for address, item in declared.items() if isinstance(item, Manifest)}
    readers: dict[Read, list[Manifest]] = {}
    for item in own.values():
        space = item.manifest["metadata"].get("namespace") or context.target.namespace
        for kind, name in dict.fromkeys(sources_of(pod_of(item.manifest))):
            readers.setdefault((kind, space, name), []).append(item)
    needed = {address: item for address, item in own.items() if item.manifest["kind"] in _NEEDED}
    return _Manifests(needed=needed, readers=readers)


def _shared(context: ExpandContext, declared: Mapping[Address, Resource]) -> Mapping[tuple[str, str], RenderedObject]:
    rendered = [
        item
        for one in declared.values()
        if isinstance(one, Workload) and isinstance(one.artifact, Artifact) and one.artifact.storage is not None
        for item in render_workload(one, one.artifact, context.target).objects
        if item.shared
    ]
    return {(item.kind, item.name): item for item in merge_shared(rendered)}


def in_namespace(
    context: ExpandContext, manifest: Mapping[str, Any], *, cluster_scoped: bool | None = None
) -> dict[str, Any]:
    """Return the manifest with the namespace it belongs into; none where its kind stands in none."""
    in_no_namespace = cluster_scoped if cluster_scoped is not None else manifest["kind"] in CLUSTER_SCOPED
    meta = dict(manifest["metadata"])
    if in_no_namespace:
        meta.pop("namespace", None)
    else:
        meta.setdefault("namespace", context.target.namespace)
    return {**manifest, "metadata": meta}


def makers_of(context: ExpandContext, key: Key, declared: Mapping[Address, Resource]) -> Iterator[Address]:
    """Yield the declared manifests that make the namespace or the kind of the object."""
    for address, resource in context.needed(declared).items():
        manifest = resource.manifest
        if manifest["kind"] == "Namespace" and manifest["metadata"]["name"] == key.namespace:
            yield address
        elif manifest["kind"] == "CustomResourceDefinition":
            spec = manifest.get("spec") or {}
            if spec.get("group") == key.group and (spec.get("names") or {}).get("kind") == key.kind:
                yield address


def _before_inventory(context: ExpandContext, declared: Mapping[Address, Resource]) -> frozenset[Address]:
    pending = [
        address
        for address, item in context.needed(declared).items()
        if item.provider == context.provider
        and (item.manifest["kind"], item.manifest["metadata"]["name"]) == ("Namespace", context.identity.namespace)
    ]
    found: set[Address] = set()
    while pending:
        address = pending.pop()
        resource = declared.get(address)
        if resource is None or address in found:
            continue
        found.add(address)
        pending += [item.address.resource for item in resource.references()]
        pending += [item.resource for item in resource.depends_on]
        if isinstance(resource, Manifest):
            placed = in_namespace(context, resource.manifest, cluster_scoped=resource.cluster_scoped)
            pending += makers_of(context, key_of(placed), declared)
    return frozenset(found)
