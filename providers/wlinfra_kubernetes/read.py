"""Reads many objects at once: lists for each kind that has several, single requests in parallel for the rest.

`provider` calls `read`. A reading's values are the declared paths alone; the complete object is its document.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeAlias

from wlinfra.errors import Diagnostic
from wlinfra.http.paging import by_id
from wlinfra.provider import Absent, Live, Reading, ReadRequest, Unreadable
from wlinfra.remedies import Advice, import_
from wlinfra.values import Json
from wlinfra_manifests.document import Key, declared_values, key_of

from .cluster.client import ClusterClient
from .cluster.failures import ClusterError
from .declared.lookups import look_up_workload
from .documents.fieldpath import find, parse
from .lineage import is_ours, is_proven
from .ownership.former import former_key, keeps_its_name
from .ownership.identity import PART_OF
from .ownership.succession import goes_with_its_maker
from .platform import Platform
from .private import private_of

__all__ = ["Found", "fetch", "fetch_each", "outputs_of", "read"]

_FEW: Final = 3
_WORTH: Final = 10
"""How many single requests cost as much as a page of names."""
Found: TypeAlias = "dict[str, Any] | ClusterError | None"


def read(platform: Platform, wanted: Sequence[ReadRequest]) -> list[Reading]:
    """Return one reading for each, in the same order."""
    keys = [Key.parse(one.kind, one.name) for one in wanted]
    former = {one.address: key for one in wanted if (key := former_key(one)) is not None}
    asked = [key for one, key in zip(wanted, keys, strict=True) if not _is_workload(one)]
    found = fetch(platform, [*asked, *former.values()])
    labelled = any(isinstance(item, dict) and platform.identity.owns(item) for item in found.values())
    if platform.lineage is not None and platform.ours is None and labelled:
        _look_whose(platform, wanted, found)
    return [
        _reading(
            platform, one, _under_either_name(platform, one, found.get(key), found.get(former.get(one.address, key)))
        )
        for one, key in zip(wanted, keys, strict=True)
    ]


def _under_either_name(platform: Platform, one: ReadRequest, found: Found, former: Found) -> Found:
    """Return what has the former name where it is this very object, and else what has the name."""
    keeps_it = isinstance(former, dict) and is_proven(platform, former) and keeps_its_name(one, former)
    return former if keeps_it else found


def fetch(platform: Platform, keys: Sequence[Key]) -> Mapping[Key, Found]:
    """Return each object, None for those that do not exist, or why one cannot be read."""
    with ThreadPoolExecutor(platform.config.parallelism, thread_name_prefix="read") as pool:

        def many(wanted: Sequence[Key]) -> Mapping[Key, Found]:
            by_kind: dict[tuple[str, str, str], list[Key]] = defaultdict(list)
            for key in wanted:
                by_kind[key.api, key.kind, key.namespace].append(key)
            groups = [group for group in by_kind.values() if len(group) > _FEW]
            lists = pool.map(lambda group: _listed(platform, group), groups)
            return {key: item for found in lists for key, item in found.items()}

        return by_id(keys, one=lambda key: _got(platform.client, key), many=many, few=_FEW, each=pool.map)


def fetch_each(platform: Platform, keys: Sequence[Key]) -> Mapping[Key, Found]:
    """Return the same with one request for each."""
    distinct = list(dict.fromkeys(keys))
    with ThreadPoolExecutor(platform.config.parallelism, thread_name_prefix="read") as pool:
        return dict(zip(distinct, pool.map(lambda key: _got(platform.client, key), distinct), strict=True))


def _look_whose(platform: Platform, wanted: Sequence[ReadRequest], found: Mapping[Key, Found]) -> None:
    """Find out whether what has our label is ours, where no one looked for strays before."""
    key = platform.identity.inventory
    record = next((one.prior for one in wanted if (one.kind, one.name) == (key.full_kind, key.full_name)), None)
    inventory = found[key] if key in found else _got(platform.client, key)
    if not isinstance(inventory, ClusterError):
        is_ours(platform, inventory, record)


def _listed(platform: Platform, group: Sequence[Key]) -> dict[Key, Found]:
    """Return what has our label, and what does not exist; the others, and all without the right to list, are missing."""
    found: dict[Key, Found] = {}
    try:
        items = platform.client.list(group[0], labels=f"{PART_OF}={platform.identity.applyset}")
        found |= {key_of(item): item for item in items}
        missing = [key for key in group if key not in found]
        if len(missing) > _FEW:
            names = platform.client.names(group[0], most=1 + len(missing) // _WORTH)
            found |= {key: None for key in missing if names is not None and key.name not in names}
    except ClusterError:
        pass  # each is asked for by name, and says itself what is wrong
    return found


def _got(client: ClusterClient, key: Key) -> Found:
    try:
        return client.get(key)
    except ClusterError as error:
        return error


def _is_workload(one: ReadRequest) -> bool:
    return private_of(one.desired).workload


def _reading(platform: Platform, one: ReadRequest, found: Found) -> Reading:
    if _is_workload(one):
        return look_up_workload(platform, one)
    match found:
        case None:
            return Absent()
        case ClusterError():
            return Unreadable(error=found.diagnostic)
        case _:
            going = one.desired is not None and goes_with_its_maker(
                platform.client, platform.identity, one.desired, found
            )
            if going:
                return Absent()
            return Unreadable(error=_another(one, found)) if _is_another(one, found) else _live(platform, one, found)


def _is_another(one: ReadRequest, document: Mapping[str, Any]) -> bool:
    """True when a person gave an ID that is neither the uid nor the name of what has the declared name.

    A record's id may differ: then the object was recreated, and planning says so.
    """
    if one.id is None or one.prior is not None:
        return False
    meta = document["metadata"]
    return one.id not in (meta["uid"], meta["name"], f"{meta.get('namespace') or ''}/{meta['name']}")


def _another(one: ReadRequest, document: Mapping[str, Any]) -> Diagnostic:
    uid = document["metadata"]["uid"]
    return Diagnostic(
        summary="No such object",
        detail=f"{one.address} is the {one.kind} {one.name}, which exists with the uid {uid}; "
        f"{one.id} is neither its uid nor its name.",
        fix=Advice(
            "Give its uid or its name, or declare the object you mean. Nothing was recorded:",
            import_(one.address, uid),
        ),
        address=one.address,
    )


def _live(platform: Platform, one: ReadRequest, document: Mapping[str, Any]) -> Reading:
    declared: Mapping[str, Json] = (
        one.desired.values if one.desired is not None else one.prior.values if one.prior is not None else {}
    )
    meta = document["metadata"]
    return Live(
        id=str(meta["uid"]),
        values=declared_values(document, declared),
        outputs=outputs_of(document, private_of(one.desired).outputs),
        pinned={"ending": meta.get("deletionTimestamp")},
        document=document,
        owned=is_proven(platform, document),
        found_by_name=one.id != meta["uid"],
    )


def outputs_of(document: Mapping[str, Any], paths: Mapping[str, str]) -> dict[str, Json]:
    """Return what may be referred to: the identity, and what the declaration names by path."""
    meta = document["metadata"]
    found: dict[str, Json] = {"id": meta["uid"], "name": meta["name"], "namespace": meta.get("namespace") or ""}
    for name, path in paths.items():
        value = find(document, parse(path))
        if value is not None:
            found[name] = value
    return found
