"""Reads workloads and artifacts in as few requests as the platform allows.

`read`, `poll` and the planners call it. A list that lacks an object proves nothing (filters are documented loosely and
pages shift while others write), so absence is always the answer 404 to a request for that one id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

from wlinfra.http.failures import ApiError, Call, FailureKind
from wlinfra.provider import by_id

from .client import ArtifactFilter, WorkloadFilter
from .client.plausible import implausible_artifact, implausible_workload
from .platform import ARTIFACT_KIND, Platform

__all__ = ["Document", "Found", "by_ids", "get", "listed", "refuse_implausible", "with_name"]

Document: TypeAlias = Mapping[str, Any]
Found: TypeAlias = Document | ApiError | None
"""The object, None when the platform says that it does not exist, or why it could not be read."""

_FEW = 3
_CHUNK = 100
_TRUST_LIST_BELOW = 10


def get(platform: Platform, kind: str, object_id: str) -> Found:
    """Return one object by id."""
    try:
        if kind == ARTIFACT_KIND:
            return dict(platform.client.artifacts.get(object_id))
        return dict(platform.client.workloads.get(object_id))
    except ApiError as error:
        return None if error.kind is FailureKind.NOT_FOUND else error


def by_ids(platform: Platform, kind: str, ids: Iterable[str], *, confirm: bool = True) -> dict[str, Found]:
    """Return the objects by id: a few one by one, many through list pages.

    Without ``confirm`` an object the list lacks counts as gone, which only a waiting delete may conclude.
    """
    many = partial(_listed_by_id, platform, kind, confirm=confirm)
    return by_id(ids, one=partial(get, platform, kind), many=many, few=_FEW)


def _listed_by_id(platform: Platform, kind: str, wanted: Sequence[str], *, confirm: bool) -> Mapping[str, Found]:
    found: dict[str, Found] = {}
    try:
        for start in range(0, len(wanted), _CHUNK):
            found.update(_chunk(platform, kind, wanted[start : start + _CHUNK]))
        missing = [object_id for object_id in wanted if object_id not in found]
        if confirm and len(missing) > _TRUST_LIST_BELOW:
            everything = {row["id"]: row for row in listed(platform, kind)}
            found.update({one: _believed(everything[one], kind) for one in missing if one in everything})
    except ApiError as error:
        return {object_id: found.get(object_id, error) for object_id in wanted}
    return found if confirm else {object_id: found.get(object_id) for object_id in wanted}


def listed(platform: Platform, kind: str) -> list[Document]:
    """Return every object of the kind, page by page; raises ApiError."""
    if kind == ARTIFACT_KIND:
        return [dict(row) for row in platform.client.artifacts.list()]
    return [dict(row) for row in platform.client.workloads.list()]


def with_name(platform: Platform, kind: str, name: str) -> list[Document]:
    """Return the objects that have exactly this name; raises ApiError.

    The platform's search ignores case and looks in descriptions too, so its results are filtered again.
    """
    rows: Sequence[Any]
    if kind == ARTIFACT_KIND:
        rows = list(platform.client.artifacts.list(ArtifactFilter(search=name)))
    else:
        rows = list(platform.client.workloads.list(WorkloadFilter(search=name)))
    return [dict(row) for row in rows if row.get("name") == name]


def refuse_implausible(document: Document, kind: str) -> None:
    """Raise ApiError for a row of a list that cannot be true of one of our own objects."""
    found = _believed(document, kind)
    if isinstance(found, ApiError):
        raise found


def _believed(document: Document, kind: str) -> Document | ApiError:
    is_artifact = kind == ARTIFACT_KIND
    what = implausible_artifact(document) if is_artifact else implausible_workload(document)
    if not what:
        return document
    call = Call(method="GET", path="/artifacts" if is_artifact else "/workloads", platform="DataRobot")
    detail = f"The answer cannot be read. Of {document['id']}, {what}"
    return ApiError(call, FailureKind.UNREADABLE, detail, status=200)


def _chunk(platform: Platform, kind: str, ids: Sequence[str]) -> dict[str, Found]:
    rows: Iterable[Any]
    if kind == ARTIFACT_KIND:
        rows = platform.client.artifacts.list(ArtifactFilter(ids=ids))
    else:
        rows = platform.client.workloads.list(WorkloadFilter(ids=ids))
    wanted = set(ids)
    found: dict[str, Found] = {}
    for row in rows:
        if row["id"] in wanted:
            found[row["id"]] = _believed(dict(row), kind)
        if len(found) == len(wanted):
            break
    return found
