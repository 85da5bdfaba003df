"""Artifact repositories: made by their first artifact, gone with their last."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wlinfra.emulation import Document, Response, json_response

from .artifacts import in_use, remove
from .errors import conflict, not_found
from .world import USER, Call, RouteTable, ordered, page, require, stamp


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
