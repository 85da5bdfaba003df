"""Artifact repositories: made by their first artifact, gone with their last."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wlinfra.emulation import Document, Response, json_response

from .errors import conflict, not_found, unprocessable
from .world import USER, Call, RouteTable, new_id, ordered, page, require, stamp


def repository_for(call: Call, wanted: str | None, name: str, kind: str) -> Document:
    """Return the repository a new artifact goes into, made on the spot unless one is named."""
    if wanted is None:
        key = new_id(call.now)
        fresh = {"id": key, "name": name, "type": kind, "lastVersion": 0, "createdAt": call.now, "updatedAt": call.now}
        call.tx.put("repositories", key, fresh)
        return fresh
    repository = require(call.tx.get("repositories", wanted), not_found("Artifact repository", wanted))
    if repository["type"] != kind:
        raise unprocessable(f"The repository holds artifacts of type {repository['type']}, not {kind}.")
    return repository


def next_version(call: Call, artifact: Document) -> int:
    """Return the version number of an artifact that is being locked; a number is never given twice."""
    repository = dict(call.tx.all("repositories")[artifact["artifactRepositoryId"]])
    repository["lastVersion"] += 1
    repository["updatedAt"] = call.now
    call.tx.put("repositories", repository["id"], repository)
    return int(repository["lastVersion"])


def forget_if_empty(call: Call, key: str) -> None:
    """Drop a repository whose last artifact is gone."""
    if not call.tx.where("artifacts", "artifactRepositoryId", key):
        call.tx.delete("repositories", key)


def list_repositories(call: Call) -> Response:
    """Answer GET /artifactRepositories."""
    rows: Iterable[Document] = call.tx.all("repositories").values()
    for name, attribute in (("ids", "id"), ("type", "type")):
        if wanted := call.values(name):
            rows = [row for row in rows if row[attribute] in wanted]
    if text := (call.value("search") or "").lower():
        rows = [row for row in rows if text in row["name"].lower() or text in row["id"]]
    keys = {name: (lambda row, name=name: row[name]) for name in ("name", "createdAt", "updatedAt")}
    return page(call, ordered(call, rows, keys), lambda row: _show(call, row))


def get_repository(call: Call) -> Response:
    """Answer GET /artifactRepositories/{id}."""
    return json_response(_show(call, _named(call)))


def delete_repository(call: Call) -> Response:
    """Answer DELETE /artifactRepositories/{id}: every version goes, locked ones too, unless one is in use."""
    from .artifacts import in_use, remove

    repository = _named(call)
    artifacts = call.tx.where("artifacts", "artifactRepositoryId", repository["id"])
    if any(in_use(call, artifact["id"]) for artifact in artifacts):
        raise conflict("The repository holds an artifact that is in use by a workload.")
    for artifact in artifacts:
        remove(call, artifact)
    call.tx.delete("repositories", repository["id"])
    return Response(status=204)


def _named(call: Call) -> Document:
    key = call.request.params["repository_id"]
    return require(call.tx.get("repositories", key), not_found("Artifact repository", key))


def _show(call: Call, repository: Document) -> dict[str, Any]:
    artifacts = call.tx.where("artifacts", "artifactRepositoryId", repository["id"])
    return {
        "id": repository["id"],
        "name": repository["name"],
        "type": repository["type"],
        "artifactCount": len(artifacts),
        "latestVersion": repository["lastVersion"] or None,
        "createdAt": stamp(repository["createdAt"]),
        "updatedAt": stamp(repository["updatedAt"]),
        "creator": dict(USER),
        "permissions": call.permissions,
    }


ROUTES: RouteTable = (
    ("GET", "/artifactRepositories", list_repositories),
    ("GET", "/artifactRepositories/{repository_id}", get_repository),
    ("DELETE", "/artifactRepositories/{repository_id}", delete_repository),
)
