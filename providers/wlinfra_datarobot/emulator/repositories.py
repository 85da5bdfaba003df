"""Artifact repositories: made by their first artifact, gone with their last."""

from __future__ import annotations

from operator import itemgetter
from typing import Any

from wlinfra.emulation import Document, Response, json_response

from .artifacts import in_use, remove
from .errors import conflict, not_found
from .world import BY_TIME, Call, RouteTable, filtered, ordered, page, require, signed


def list_repositories(call: Call) -> Response:
    """Answer GET /artifactRepositories."""
    among = {"ids": itemgetter("id"), "type": itemgetter("type")}
    rows = filtered(call, call.tx.all("repositories").values(), among, ("name", "id"))
    return page(call, ordered(call, rows, BY_TIME), lambda row: _show(call, row))


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
        **signed(call, repository),
    }


ROUTES: RouteTable = (
    ("GET", "/artifactRepositories", list_repositories),
    ("GET", "/artifactRepositories/{repository_id}", get_repository),
    ("DELETE", "/artifactRepositories/{repository_id}", delete_repository),
)
