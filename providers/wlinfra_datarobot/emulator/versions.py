"""Which repository an artifact goes into and which version it becomes; `artifacts` and `repositories` stand on it."""

from __future__ import annotations

from wlinfra.emulation import Document

from .errors import not_found, unprocessable
from .world import Call, new_id, require


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
