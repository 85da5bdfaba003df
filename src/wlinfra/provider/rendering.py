"""The optional parts of the contract for connections whose objects, or whose rights, are manifests.

`wlinfra render` finds them by `isinstance`, so that the core has no word about any platform.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeAlias, runtime_checkable

from wlinfra.changes.model import PlatformObject
from wlinfra.resources.base import Resource
from wlinfra.values import Address, Json

__all__ = ["Manifest", "RenderedObject", "WritesManifests", "merge_shared"]

Manifest: TypeAlias = dict[str, Json]
"""An object as Kubernetes takes it.

Leaves may still be `Ref` and `Template`. A `Secret` leaf stands only under ``data`` of a v1 Secret, where Kubernetes
wants base64: whoever sends the object encodes the revealed text, so that nothing before the wire holds it.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedObject:
    """One Kubernetes object of a workload."""

    part: str
    """Which object of the workload, such as ``Deployment``; ``web/Deployment`` where there are several groups."""
    manifest: Manifest = field(repr=False)
    depends_on: tuple[str, ...] = ()
    """Parts that must exist before it."""
    keeps_data: bool = False
    """Deleting it destroys data."""
    comment: str = ""
    """What whoever reads it as a file should know."""
    shared: bool = False
    """Other workloads may render the same object; `merge_shared` joins them."""
    formerly: str = ""
    """The name that earlier versions gave it; one that exists under it keeps it."""

    @property
    def kind(self) -> str:
        """Its kind, such as ``Deployment``."""
        return str(self.manifest["kind"])

    @property
    def name(self) -> str:
        """Its name in the namespace."""
        return str(self.metadata["name"])

    @property
    def namespace(self) -> str:
        """Its namespace; empty for what stands in none."""
        return str(self.metadata.get("namespace", ""))

    @property
    def metadata(self) -> dict[str, Any]:
        """Its name, labels and annotations."""
        metadata: dict[str, Any] = self.manifest["metadata"]
        return metadata


@runtime_checkable
class WritesManifests(Protocol):
    """A connection that can write down what it would apply, without its platform."""

    def manifests(self, resource: Resource, dependencies: Mapping[Address, Resource]) -> Sequence[RenderedObject]:
        """Return the objects of the resource, none for what lives in the state alone; pure.

        Called only for resources that `Connection.check` finds no error in.
        """
        ...


@runtime_checkable
class WritesRoles(Protocol):
    """A connection that can write down the rights an account needs for a stack, without its platform."""

    def rights(self, objects: Sequence[PlatformObject], *, account: str = "") -> Sequence[RenderedObject]:
        """Return what grants just enough to plan, apply and destroy these objects of this connection; pure.

        ``account`` is who gets the rights, in the platform's own spelling; empty for a placeholder to fill in. Raises
        ConfigurationError for one the platform cannot have.
        """
        ...


def merge_shared(objects: Iterable[RenderedObject]) -> tuple[RenderedObject, ...]:
    """Return the objects with shared ones of one kind and name joined into one that carries the labels of all.

    The order is that of the first of each; objects that are not shared come back as they are.
    """
    merged: list[RenderedObject] = []
    places: dict[tuple[str, str, str], int] = {}
    for item in objects:
        key = (item.kind, item.namespace, item.name)
        if item.shared and key in places:
            merged[places[key]] = _joined(merged[places[key]], item)
            continue
        if item.shared:
            places[key] = len(merged)
        merged.append(item)
    return tuple(merged)


def _joined(first: RenderedObject, second: RenderedObject) -> RenderedObject:
    labels = dict(sorted({**first.metadata["labels"], **second.metadata["labels"]}.items()))
    return replace(first, manifest={**first.manifest, "metadata": {**first.metadata, "labels": labels}})
