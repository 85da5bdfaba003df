"""The inventory of a stack: a ConfigMap that is not declared, the parent of the stack's ApplySet.

`provider` implies it for every stack that has objects; `expand` makes every object depend on it, so that it comes
first and goes last. Only the Namespace it lies in, where the stack declares that too, comes before it and goes after.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from wlinfra.provider import Live, PlatformObject
from wlinfra.values import Address
from wlinfra_kubernetes.private import NeededBy, Private
from wlinfra_manifests.document import Key, schema_of

from .evident import evident_in
from .identity import ADDITIONAL_NAMESPACES, APPLYSET_ID, GROUP_KINDS, STACK, TOOLING, Identity

__all__ = ["address_of", "group_kind", "inventory_of", "kinds_in", "namespaces_in", "with_live_kinds"]

_TOOLING = "wlinfra/v1"


def address_of(name: str) -> Address:
    """Return where the inventory of one of the environment's providers stands."""
    return Address.of("inventory", name)


def group_kind(key: Key) -> str:
    """Return the kind as an ApplySet names it: ``Deployment.apps``."""
    return f"{key.kind}.{key.group}" if key.group else key.kind


def inventory_of(identity: Identity, provider: str, objects: Sequence[PlatformObject]) -> PlatformObject:
    """Return the inventory for these objects."""
    key = identity.inventory
    keys = [Key.parse(item.kind, item.name) for item in objects]
    kinds = sorted({group_kind(one) for one in keys})
    away = sorted({one.namespace for one in keys} - {"", key.namespace})
    values: dict[str, Any] = {
        "apiVersion": key.api,
        "kind": key.kind,
        "metadata": {
            "name": key.name,
            "namespace": key.namespace,
            "labels": {APPLYSET_ID: identity.applyset},
            "annotations": {
                TOOLING: _TOOLING,
                STACK: identity.name,
                GROUP_KINDS: ",".join(kinds),
                **({ADDITIONAL_NAMESPACES: ",".join(away)} if away else {}),
            },
        },
    }
    return PlatformObject(
        address=address_of(provider),
        kind=key.full_kind,
        name=key.full_name,
        values=values,
        schema=schema_of(key.full_kind),
        depends_on=tuple(
            item.address for item in objects if (item.kind, item.name) == ("v1/Namespace", identity.namespace)
        ),
        name_is_unique=True,
        private=Private(inventory=True, needed_by=tuple(_needing(key.namespace, objects))),
        evident=evident_in(values, rendered=False),
    )


def _needing(namespace: str, objects: Sequence[PlatformObject]) -> Iterable[NeededBy]:
    """Return the resources with objects in the namespace: whom its absence hurts, and where they are declared."""
    found: dict[Address, NeededBy] = {}
    for item in objects:
        if Key.parse(item.kind, item.name).namespace == namespace:
            found.setdefault(item.address.resource, NeededBy(item.address.resource, item.location))
    return found.values()


def kinds_in(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the kinds an inventory names."""
    return _listed(document, GROUP_KINDS)


def namespaces_in(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the namespaces an inventory names beside its own."""
    return _listed(document, ADDITIONAL_NAMESPACES)


def _listed(document: Mapping[str, Any], annotation: str) -> tuple[str, ...]:
    annotations = (document.get("metadata") or {}).get("annotations") or {}
    return tuple(word for word in str(annotations.get(annotation) or "").split(",") if word)


def with_live_kinds(desired: PlatformObject, live: Live | None) -> PlatformObject:
    """Return the wanted inventory with the kinds and namespaces that are named already, while nothing has to be added.

    Objects of kinds that are not declared any more go during the apply, so they must be named until then; and
    dropping them afterwards would be a change after every apply.
    """
    if live is None:
        return desired
    wanted, named = kinds_in(desired.values), kinds_in(live.document)
    meta = desired.values["metadata"]
    annotations = {**meta["annotations"], GROUP_KINDS: ",".join(sorted({*wanted, *named}))}
    if away := {*namespaces_in(desired.values), *namespaces_in(live.document)}:
        annotations[ADDITIONAL_NAMESPACES] = ",".join(sorted(away))
    return replace(desired, values={**desired.values, "metadata": {**meta, "annotations": annotations}})
