"""Lets one alternative of a union give way to another where the server filled in a part of the first.

A Deployment of the default strategy has a `rollingUpdate` that no manager owns, so that no apply removes it, and the API
refuses `type: Recreate` beside it. Claimed with its live value first, it goes when the next apply leaves it out.
`plan_existing` asks whether a refusal is of that kind; the operation `CLAIM` makes the claim.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from wlinfra.values import Json
from wlinfra_kubernetes.cluster.failures import ClusterError, Failure
from wlinfra_kubernetes.documents.fieldpath import FieldPath, find, owners_of, resolved, with_value
from wlinfra_manifests.document import wire

from .context import ObjectContext
from .emptied import left_out, nulled

__all__ = ["Answer", "answered"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What comes of an apply."""

    planned: Mapping[str, Any]
    claims: tuple[FieldPath, ...] = ()
    """The fields without an owner that have to be claimed first."""
    first: Json = None
    """What has to be applied first, where that is something else."""


def answered(context: ObjectContext, body: Json, *, force: bool = False) -> Answer:
    """Return what comes of an apply of the body; raises ClusterError for what the cluster refuses."""
    try:
        planned = context.dry_run(body, force=force)
    except ClusterError as error:
        if (found := _freed(context, body, error, force=force)) is not None:
            return found
        if force or (both := left_out(context, body, error)) is None:
            raise
        return _in_two(both)
    both = None if force else nulled(context, body, planned)
    return Answer(planned=planned) if both is None else _in_two(both)


def _in_two(both: tuple[Json, Json]) -> Answer:
    first, planned = both
    return Answer(planned=planned if isinstance(planned, Mapping) else {}, first=first)


def _freed(context: ObjectContext, body: Json, error: ClusterError, *, force: bool) -> Answer | None:
    """Return what comes of the apply when fields that no manager owns make way for it; None when that does not help.

    Both halves are tried: the alternatives by a merge that takes the fields away, all else by an apply that leaves
    the alternatives as they are. Raises ClusterError where all else is refused.
    """
    claims = tuple(_in_the_way(context, wire(body), error))
    if not claims:
        return None
    live: Json = dict(context.document)
    meta = {"name": context.key.name, "uid": context.document["metadata"]["uid"]}
    patch: Json = {"apiVersion": context.key.api, "kind": context.key.kind, "metadata": meta}
    rest: Json = body
    for path in claims:
        alternatives = find(wire(body), path[:-1])
        declared = alternatives if isinstance(alternatives, Mapping) else {}
        patch = with_value(patch, path[:-1], {**declared, path[-1]: None})
        rest = with_value(rest, path[:-1], find(live, path[:-1]))
    try:
        merged = context.hear(context.platform.client.merge(context.key, patch))
    except ClusterError as refused:
        if refused.failure not in (Failure.INVALID, Failure.DENIED):
            raise
        return None
    planned: Json = context.dry_run(rest, force=force)
    for path in claims:
        planned = with_value(planned, path[:-1], find(merged, path[:-1]))
    return Answer(planned=planned, claims=claims)


def _in_the_way(context: ObjectContext, body: Json, error: ClusterError) -> Iterator[FieldPath]:
    """Yield the refused fields that are live, that no manager owns and that are not declared."""
    if error.failure is not Failure.INVALID or error.status != 422:
        return
    live: Json = dict(context.document)
    for cause in error.causes:
        path = resolved(cause.field, live) if cause.field else None
        if path is None or len(path) < 2 or not all(isinstance(part, str) for part in path):
            continue
        if find(body, path) is None and next(owners_of(context.document, path), None) is None:
            yield path
