"""Reads workloads and artifacts in as few requests as the platform allows.

`read`, `poll` and the planners call it. A list that lacks an object proves nothing (filters are documented loosely and
pages shift while others write), so absence is always the answer 404 to a request for that one id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeAlias

from wlinfra.http.failures import ApiError, Call, FailureKind
from wlinfra.http.paging import by_id

from .client import ArtifactFilter, DataRobotClient, WorkloadFilter
from .client.plausible import implausible_artifact, implausible_workload
from .platform import ARTIFACT_KIND, WORKLOAD_KIND, Platform

__all__ = ["Document", "Found", "by_ids", "get", "listed", "refuse_implausible", "with_name"]

Document: TypeAlias = Mapping[str, Any]
Found: TypeAlias = Document | ApiError | None
"""The object, None when the platform says that it does not exist, or why it could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """How objects of one kind are read."""

    path: str
    calls: Callable[[DataRobotClient], Any]
    only: Callable[..., ArtifactFilter | WorkloadFilter]
    implausible: Callable[[Document], str]

    def rows(self, platform: Platform, **only: Any) -> Iterator[Document]:
        """Yield the objects that the filter selects, page by page; raises ApiError."""
        yield from self.calls(platform.client).list(self.only(**only))


_KINDS: Final = {
    ARTIFACT_KIND: _Kind(
        path="/artifacts",
        calls=lambda client: client.artifacts,
        only=ArtifactFilter,
        implausible=implausible_artifact,
    ),
    WORKLOAD_KIND: _Kind(
        path="/workloads",
        calls=lambda client: client.workloads,
        only=WorkloadFilter,
        implausible=implausible_workload,
    ),
}
_FEW = 3
_CHUNK = 100
_TRUST_LIST_BELOW = 10


def get(platform: Platform, kind: str, object_id: str) -> Found:
    """Return one object by id."""
    try:
        found: Document = _KINDS[kind].calls(platform.client).get(object_id)
    except ApiError as error:
        return None if error.kind is FailureKind.NOT_FOUND else error
    return found


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
    return list(_KINDS[kind].rows(platform))


def with_name(platform: Platform, kind: str, name: str) -> list[Document]:
    """Return the objects that have exactly this name; raises ApiError.

    The platform's search ignores case and looks in descriptions too, so its results are filtered again.
    """
    return [row for row in _KINDS[kind].rows(platform, search=name) if row.get("name") == name]


def refuse_implausible(document: Document, kind: str) -> None:
    """Raise ApiError for a row of a list that cannot be true of one of our own objects."""
    found = _believed(document, kind)
    if isinstance(found, ApiError):
        raise found


def _believed(document: Document, kind: str) -> Document | ApiError:
    what = _KINDS[kind].implausible(document)
    if not what:
        return document
    call = Call(method="GET", path=_KINDS[kind].path, platform="DataRobot")
    detail = f"The answer cannot be read. Of {document['id']}, {what}"
    return ApiError(call, FailureKind.UNREADABLE, detail, status=200)


def _chunk(platform: Platform, kind: str, ids: Sequence[str]) -> dict[str, Found]:
    wanted = set(ids)
    found: dict[str, Found] = {}
    for row in _KINDS[kind].rows(platform, ids=ids):
        if row["id"] in wanted:
            found[row["id"]] = _believed(row, kind)
        if len(found) == len(wanted):
            break
    return found
