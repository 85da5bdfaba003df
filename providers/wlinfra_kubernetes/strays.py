"""Objects on the cluster that have our label and that neither the program nor the state knows.

`provider` calls `strays` while planning. The inventory names the kinds to look at; what holds data, or is marked to
be kept, is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Final

from wlinfra.provider import ObjectState, ReadRequest, Stray
from wlinfra.values import Address
from wlinfra_manifests.document import Key, key_of

from .cluster.failures import ClusterError, Failure
from .lineage import is_ours, refuse_taken_over
from .ownership.former import former_key
from .ownership.identity import ADDRESS, KEEP, PART_OF
from .ownership.inventory import kinds_in, namespaces_in
from .platform import Platform

__all__ = ["strays"]

_CLAIM: Final = "v1/PersistentVolumeClaim"


def strays(platform: Platform, known: Sequence[ReadRequest]) -> Sequence[Stray]:
    """Return each stray; none where the inventory belongs to another state, whose they are then.

    Raises ClusterError when the cluster cannot be asked, ProviderError when another state took the inventory over.
    """
    inventory = platform.client.get(platform.identity.inventory)
    if not is_ours(platform, inventory, record := _recorded(platform, known)):
        if inventory is not None and record is not None:
            refuse_taken_over(platform, record)
        return ()
    if inventory is None:
        return ()
    keys = {Key.parse(one.kind, one.name) for one in known}
    keys |= {key for one in known if (key := former_key(one)) is not None}
    names = {(key.kind, key.group, key.full_name) for key in keys}
    namespaces = (platform.identity.namespace, *namespaces_in(inventory))
    kinds = [
        place for kind in _served(platform, kinds_in(inventory), keys) for place in _places(platform, kind, namespaces)
    ]
    with ThreadPoolExecutor(platform.config.parallelism, thread_name_prefix="strays") as pool:
        declared = {(key.kind, key.group, key.namespace) for key in keys}
        lists = pool.map(lambda kind: _labelled(platform, kind, declared), kinds)
        found = [(kind, item) for kind, items in zip(kinds, lists, strict=True) for item in items]
    return [
        _stray(kind, item)
        for kind, item in found
        if (kind.kind, kind.group, _name(item)) not in names and not _is_kept(platform, kind, item)
    ]


def _recorded(platform: Platform, known: Sequence[ReadRequest]) -> ObjectState | None:
    """Return what is recorded of the inventory."""
    key = platform.identity.inventory
    mine = (one.prior for one in known if (one.kind, one.name) == (key.full_kind, key.full_name))
    return next((record for record in mine if record is not None and record.id is not None), None)


def _served(platform: Platform, kinds: Sequence[str], keys: set[Key]) -> Iterator[Key]:
    """Yield each kind of the inventory in the version that is declared, else in one the cluster serves."""
    declared = {(key.kind, key.group): key.api for key in keys}
    for name in kinds:
        kind, _, group = name.partition(".")
        api = declared.get((kind, group)) or platform.client.version_of(group, kind)
        if api:
            yield Key(api, kind, "", "")


def _places(platform: Platform, kind: Key, namespaces: Sequence[str]) -> Iterator[Key]:
    """Yield where to list a kind: in each namespace of the stack alone, so that no right to the cluster is needed."""
    if platform.client.serves(kind.api, kind.kind):
        namespaced = platform.client.served(kind.api, kind.kind).namespaced
        yield from (replace(kind, namespace=one) for one in (namespaces if namespaced else ("",)))


def _labelled(platform: Platform, kind: Key, declared: set[tuple[str, str, str]]) -> Sequence[Mapping[str, Any]]:
    """Return what has our label; nothing of a kind that is no longer declared there and that the account may not list."""
    try:
        return platform.client.list(kind, labels=f"{PART_OF}={platform.identity.applyset}", metadata=True)
    except ClusterError as error:
        if error.failure is Failure.FORBIDDEN and (kind.kind, kind.group, kind.namespace) not in declared:
            return ()
        raise


def _name(item: Mapping[str, Any]) -> str:
    meta = item["metadata"]
    return f"{meta['namespace']}/{meta['name']}" if meta.get("namespace") else str(meta["name"])


def _is_kept(platform: Platform, kind: Key, item: Mapping[str, Any]) -> bool:
    """True for what goes with its controller, such as the autoscaler to which KEDA copies labels, or must not go."""
    meta = item["metadata"]
    if any(owner.get("controller") for owner in meta.get("ownerReferences") or ()):
        return True
    if meta.get("deletionTimestamp") or (meta.get("annotations") or {}).get(KEEP) not in (None, "false"):
        return True
    return kind.full_kind == _CLAIM and not platform.config.delete_volumes


def _stray(kind: Key, item: Mapping[str, Any]) -> Stray:
    meta = item["metadata"]
    key = key_of({**item, "apiVersion": kind.api, "kind": kind.kind})
    address = (meta.get("annotations") or {}).get(ADDRESS) or f"stray.{key.kind.lower()}/{key.name}"
    return Stray(address=Address(address), kind=key.full_kind, name=key.full_name, id=str(meta["uid"]))
