"""Finds what exists by id, repository or name, for imports; `provider` hands the questions to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wlinfra.errors import ProviderError
from wlinfra.http.failures import ApiError
from wlinfra.resources.artifact import Artifact
from wlinfra.resources.base import Resource

from . import fetch
from .client import ArtifactFilter
from .inverse import declared
from .platform import ARTIFACT_KIND, WORKLOAD_KIND, Platform
from .read import latest_versions

__all__ = ["declared_again", "existing", "find"]


def find(platform: Platform, model: type[Resource], identity: str) -> Sequence[str]:
    """Return the ids of what is meant, the newest version of each artifact; raises ApiError."""
    kind = _kind(model)
    found = fetch.get(platform, kind, identity)
    if isinstance(found, ApiError):
        raise found
    if found is not None:
        return (str(found["id"]),)
    if kind == ARTIFACT_KIND:
        rows = platform.client.artifacts.list(ArtifactFilter(repository_id=identity))
        versions = [dict(row) for row in rows if row.get("artifactRepositoryId") == identity]
        if versions:
            return tuple(str(row["id"]) for row in latest_versions(versions))
    named = fetch.with_name(platform, kind, identity)
    return tuple(str(row["id"]) for row in (latest_versions(named) if kind == ARTIFACT_KIND else named))


def declared_again(platform: Platform, model: type[Resource], identity: str, *, name: str) -> Resource:
    """Return the resource that declares it; raises ProviderError when it is gone or cannot be read."""
    kind = _kind(model)
    found = fetch.get(platform, kind, identity)
    if isinstance(found, ApiError):
        raise found
    if found is None:
        raise ProviderError.of("No such object", f"DataRobot has no {kind} with the id {identity}.", "Correct the id.")
    return declared(kind, found, name=name)


def existing(platform: Platform, model: type[Resource]) -> Iterator[tuple[str, str]]:
    """Yield repository and name of each artifact, or id and name of each workload; raises ApiError."""
    kind = _kind(model)
    rows = fetch.listed(platform, kind)
    for row in latest_versions(rows) if kind == ARTIFACT_KIND else rows:
        yield str(row.get("artifactRepositoryId") or row["id"]), str(row.get("name") or "")


def _kind(model: type[Resource]) -> str:
    return ARTIFACT_KIND if issubclass(model, Artifact) else WORKLOAD_KIND
