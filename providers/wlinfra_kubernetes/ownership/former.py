"""Objects that exist under a name which earlier versions gave them: they keep it until their declaration changes.

`read` looks under the former name first, and `plan` plans what is there under the name it has. With its first change,
or once it is gone, the object is made under its new name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from wlinfra.provider import PlanRequest, PlatformObject, ReadRequest
from wlinfra_kubernetes.private import private_of
from wlinfra_manifests.document import Key, key_of

from .identity import ADDRESS

__all__ = ["former_key", "keeps_its_name", "under_its_name"]


def former_key(one: ReadRequest) -> Key | None:
    """Return where the object may still be: under its former name, unless it is recorded under another one."""
    former = private_of(one.desired).former_name
    if not former or (one.prior is not None and one.prior.name not in ("", former)):
        return None
    return Key.parse(one.kind, former)


def keeps_its_name(one: ReadRequest, document: Mapping[str, Any]) -> bool:
    """Return whether what has the former name, and is this stack's, is this very object."""
    meta = document["metadata"]
    return (meta.get("annotations") or {}).get(ADDRESS) == one.address and not meta.get("deletionTimestamp")


def under_its_name(desired: PlatformObject, request: PlanRequest) -> PlatformObject:
    """Return the wanted object under the name that the live one has."""
    former, live, prior = private_of(desired).former_name, request.live, request.prior
    if not former or live is None:
        return desired
    found = key_of(live.document).full_name if live.document else prior.name if prior is not None else ""
    if found != former:
        return desired
    meta: Any = desired.values.get("metadata") or {}
    name = Key.parse(desired.kind, found).name
    return replace(desired, name=found, values={**desired.values, "metadata": {**meta, "name": name}})
