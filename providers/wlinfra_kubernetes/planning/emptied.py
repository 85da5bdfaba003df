"""Maps that are declared empty where something of ours was: the server drops such a map instead of emptying it.

The next apply would then add the empty map, and a custom resource refuses what it takes for null. So the change is
made of two calls: the first takes away what was in the map, and the second is the apply itself, after which the next
plan is empty. `unions.answered` asks here, and the first call replaces no pods that the second replaces again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from wlinfra.values import Json
from wlinfra_kubernetes.cluster.failures import ClusterError, Failure
from wlinfra_kubernetes.documents.fieldpath import FieldPath, find, put, resolved, without

from .context import ObjectContext

__all__ = ["left_out", "nulled"]


def left_out(context: ObjectContext, body: Json, error: ClusterError) -> tuple[Json, Json] | None:
    """Return what to send first and the object after both calls, where a kind refused its emptied maps; else None.

    Raises ClusterError where the rest is refused.
    """
    if error.failure is not Failure.INVALID or error.status != 422:
        return None
    refused = {resolved(cause.field, body) for cause in error.causes if '"null"' in cause.message}
    paths = [path for path in _emptied(body, context.document) if path in refused]
    if not paths:
        return None
    first = body
    for path in paths:
        first = without(first, path)
    planned: Json = context.dry_run(first)
    for path in paths:
        planned = put(planned, path, {})
    return first, planned


def nulled(context: ObjectContext, body: Json, planned: Mapping[str, Any]) -> tuple[Json, Json] | None:
    """Return the same where the server would drop emptied maps, and keeps them when each part of them is null."""
    paths = [path for path in _emptied(body, context.document) if find(dict(planned), path) is None]
    while paths:
        try:
            first = _nulls(body, paths, context.document)
            found = context.dry_run(first)
        except ClusterError as error:
            if error.failure not in (Failure.INVALID, Failure.CONFLICT, Failure.DENIED):
                raise
            return None
        kept = [path for path in paths if find(found, path) == {}]
        if kept == paths:
            return first, found
        paths = kept
    return None


def _nulls(body: Json, paths: Sequence[FieldPath], live: Mapping[str, Any]) -> Json:
    for path in paths:
        inside = find(dict(live), path)
        body = put(body, path, dict.fromkeys(inside if isinstance(inside, Mapping) else ()))
    return body


def _emptied(declared: Json, live: Json, path: FieldPath = ()) -> Iterator[FieldPath]:
    """Yield each path that is declared as an empty map and is live with something in it."""
    if not isinstance(declared, Mapping) or not isinstance(live, Mapping):
        return
    for name, item in declared.items():
        found, here = live.get(name), (*path, name)
        if isinstance(item, Mapping) and not item and isinstance(found, Mapping) and found:
            yield here
        elif isinstance(item, list | tuple) and isinstance(found, list):
            for element in item:
                if isinstance(element, Mapping) and isinstance(key := element.get("name"), str):
                    at = (*here, {"name": key})
                    yield from _emptied(element, find(dict(live), (name, {"name": key})), at)
        else:
            yield from _emptied(item, found, here)
