"""Writes a complete object back without losing what the program does not know of it.

The platform's PATCH of a spec or a runtime replaces the whole; the planners send `echoed` values there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wlinfra.provider import OPAQUE, Attribute, key_elements
from wlinfra.values import Json

__all__ = ["echoed"]


def echoed(schema: Attribute, wanted: Json, live: Json, prior: Json = None) -> Json:
    """Return the wanted value completed by what is live and not ours; what was ours and is no longer wanted is left out.

    A declared list is wholly ours: of its elements only those that are wanted stay, each completed by its live self.
    """
    match wanted:
        case Mapping() if schema.values is None and not schema.free:
            return _object(schema, wanted, live if isinstance(live, Mapping) else {}, prior)
        case list():
            return _list(schema, wanted, live, prior)
        case _:
            return wanted


def _object(schema: Attribute, wanted: Mapping[str, Json], live: Mapping[str, Json], prior: Json) -> dict[str, Any]:
    below = schema.fields or {}
    was = prior if isinstance(prior, Mapping) else {}
    whole: dict[str, Any] = {}
    for name in {**live, **wanted}:
        attribute = below.get(name, OPAQUE)
        if name in wanted:
            whole[name] = echoed(attribute, wanted[name], live.get(name), was.get(name))
        elif not attribute.computed and was.get(name) is None:
            whole[name] = live[name]
    return whole


def _list(schema: Attribute, wanted: list[Json], live: Json, prior: Json) -> list[Json]:
    items = schema.items
    if schema.keyed_by is None or items is None:
        return wanted
    found = (key_elements(live, schema.keyed_by) if isinstance(live, list) else None) or {}
    was = (key_elements(prior, schema.keyed_by) if isinstance(prior, list) else None) or {}
    return [
        echoed(items, item, found.get(key), was.get(key))
        for item in wanted
        for key in [str(item.get(schema.keyed_by)) if isinstance(item, Mapping) else ""]
    ]
