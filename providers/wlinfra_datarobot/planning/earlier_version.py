"""A version of an artifact that exists already and is what is wanted: used again, before another is made.

`plan_artifact` asks before it makes a further version, as when a failed roll is taken back: what is declared again is
what still runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from wlinfra.provider import Decision, Effect, Live, PlanRequest, compare
from wlinfra.values import Json

from .. import fetch
from ..client import ArtifactFilter, WorkloadFilter
from ..compared.schema import SPEC
from ..compared.shapes import artifact_values
from ..platform import ARTIFACT_KIND, Platform

__all__ = ["equal_version", "used_again"]


def equal_version(
    platform: Platform, request: PlanRequest, live: Live, spec: Json, name: Json
) -> fetch.Document | None:
    """Return another locked version of the repository with the same name and spec, one that runs before one that does not."""
    repository = live.values.get("artifactRepositoryId")
    if not isinstance(repository, str):
        return None
    rows = platform.client.artifacts.list(ArtifactFilter(repository_id=repository))
    found = [
        document
        for row in rows
        if row["id"] != live.id and row.get("artifactRepositoryId") == repository
        for document in [_whole(platform, row)]
        if document is not None and _is_equal(document, spec, name, request)
    ]
    if len(found) > 1:
        found.sort(key=lambda document: (_is_running(platform, document["id"]), document.get("version") or 0))
    return found[-1] if found else None


def _whole(platform: Platform, row: Mapping[str, Any]) -> fetch.Document | None:
    if "spec" in row:
        return dict(row)
    found = fetch.get(platform, ARTIFACT_KIND, row["id"])
    return found if isinstance(found, dict) else None


def _is_equal(document: Mapping[str, Any], spec: Json, name: Json, request: PlanRequest) -> bool:
    values = artifact_values(document)
    if values.get("status") == "draft" or values.get("name") != name:
        return False
    # What it has and the wanted one lacks counts too, and what cannot be compared is not equal.
    found = compare(spec, values.get("spec"), values.get("spec"), SPEC, request.digest, has_prior=True)
    return not found.changes and not found.notes


def _is_running(platform: Platform, artifact_id: str) -> bool:
    rows = platform.client.workloads.list(WorkloadFilter(artifact_id=artifact_id))
    return any(row.get("artifactId") == artifact_id for row in rows)


def used_again(draft: Decision, document: Mapping[str, Any]) -> Decision:
    """Return the change that points the record at the version; nothing is called for that."""
    version = document.get("version")
    note = f"version {version} in its repository is equal, so it is used again and no other is made"
    attributes = tuple(
        replace(item, effect=Effect.STORED, note="an equal version exists") if item.path[0] == "spec" else item
        for item in draft.attributes
    )
    return replace(
        draft,
        id=document["id"],
        attributes=attributes,
        outputs={**draft.outputs, "id": document["id"], "version": version},
        notes=(*draft.notes, note),
    )
