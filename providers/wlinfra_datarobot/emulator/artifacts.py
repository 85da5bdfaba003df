"""Artifacts: drafts that can be edited, locked versions that cannot, grouped in repositories.

`workloads.py` creates inline artifacts through `create`; everyone reads them through `find`.
"""

from __future__ import annotations

from operator import itemgetter
from typing import Any

from wlinfra.emulation import Document, Response, json_response

from .builds import settle as settle_builds
from .errors import ApiError, conflict, not_found, unprocessable
from .lifecycle import status_at
from .shapes import ArtifactClone, ArtifactPatch, InputArtifact
from .sharing import forget_roles, list_roles, update_roles
from .validate import artifact_body, body, check_groups, read_json, with_spec_type
from .versions import forget_if_empty, next_version, repository_for
from .world import BY_TIME, USER, Call, RouteTable, filtered, new_id, ordered, page, require, signed


def find(call: Call, key: str) -> Document:
    """Return an artifact with its builds brought up to now; raises the 404."""
    return settle_builds(call, require(call.tx.get("artifacts", key), not_found("Artifact", key)))


def create(call: Call, given: InputArtifact) -> Document:
    """Store a new artifact, in its repository or one of its own, and return it."""
    spec = _spec(call, given.spec)
    repository = repository_for(call, given.artifact_repository_id, given.name, given.type)
    key = new_id(call.now)
    artifact: Document = {
        "id": key,
        "name": given.name,
        "description": given.description,
        "type": given.type,
        "status": "draft",
        "version": None,
        "spec": spec,
        "artifactRepositoryId": repository["id"],
        "createdAt": call.now,
        "updatedAt": call.now,
        "creator": USER["id"],
        "tags": [],
    }
    call.tx.put("artifacts", key, artifact)
    if given.status == "locked" and not call.settings.quirks.locked_created_as_draft:
        return lock(call, artifact)
    return artifact


def lock(call: Call, artifact: Document) -> Document:
    """Freeze a draft: it gets the next version number of its repository; raises a 422 without an image to run."""
    for group in artifact["spec"]["containerGroups"]:
        for container in group["containers"]:
            if not container["imageUri"]:
                raise unprocessable(
                    f"Container {container['name']!r} has no image yet; build the artifact before locking."
                )
    locked = {**artifact, "status": "locked", "version": next_version(call, artifact), "updatedAt": call.now}
    call.tx.put("artifacts", artifact["id"], locked)
    return locked


def in_use(call: Call, key: str) -> bool:
    """Return whether a workload runs this artifact or is being moved to it; a candidate that failed does not count."""
    if call.tx.where("workloads", "artifactId", key):
        return True
    held = call.tx.where("protons", "holds", key)
    return any(status_at(proton["timeline"], call.now) != "errored" for proton in held)


def show(call: Call, artifact: Document) -> dict[str, Any]:
    """Return an artifact as answered."""
    shown = {name: value for name, value in artifact.items() if name != "building"}
    return {
        **shown,
        **signed(call, artifact),
        "spec": {**artifact["spec"], "type": artifact["type"]},
    }


def summary(artifact: Document | None) -> dict[str, Any] | None:
    """Return what a workload shows of its artifact."""
    if artifact is None:
        return None
    names = ("id", "name", "status", "type", "version", "artifactRepositoryId")
    return {**{name: artifact[name] for name in names}, "templateId": artifact["spec"].get("templateId")}


def create_artifact(call: Call) -> Response:
    """Answer POST /artifacts."""
    artifact = create(call, body(call, InputArtifact, artifact_body(call)))
    return json_response(show(call, artifact), 201)


def get_artifact(call: Call) -> Response:
    """Answer GET /artifacts/{id}."""
    return json_response(show(call, _named(call)))


def list_artifacts(call: Call) -> Response:
    """Answer GET /artifacts with its filters."""
    among = {
        "repositoryId": itemgetter("artifactRepositoryId"),
        "status": itemgetter("status"),
        "type": itemgetter("type"),
        "ids": itemgetter("id"),
        "createdBy": itemgetter("creator"),
    }
    rows = filtered(call, call.tx.all("artifacts").values(), among, ("name", "description", "id"))
    return page(call, ordered(call, rows, BY_TIME), lambda row: show(call, settle_builds(call, row)))


def patch_artifact(call: Call) -> Response:
    """Answer PATCH /artifacts/{id}: a draft takes anything, a locked one only a new description."""
    artifact = _named(call)
    patch = body(call, ArtifactPatch, with_spec_type(read_json(call), artifact["type"]))
    changed: dict[str, Any] = {}
    if patch.name is not None:
        changed["name"] = patch.name
    if "description" in patch.model_fields_set:
        changed["description"] = patch.description or ""
    if patch.spec is not None:
        changed["spec"] = _keep_builds(_spec(call, patch.spec), artifact["spec"])
    return _change(call, artifact, changed, patch.status)


def put_artifact(call: Call) -> Response:
    """Answer PUT /artifacts/{id}: the complete draft is replaced."""
    artifact = _named(call)
    given = body(call, InputArtifact, artifact_body(call))
    if given.type != artifact["type"]:
        raise unprocessable("The type of an artifact cannot change.")
    spec = _keep_builds(_spec(call, given.spec), artifact["spec"])
    changed = {"name": given.name, "description": given.description, "spec": spec}
    return _change(call, artifact, changed, given.status if "status" in given.model_fields_set else None)


def _change(call: Call, artifact: Document, changed: dict[str, Any], status: str | None) -> Response:
    if artifact["status"] == "locked":
        if status == "draft":
            raise unprocessable("A locked artifact cannot become a draft again.")
        for name in ("name", "spec"):
            if name in changed and changed[name] != artifact[name]:
                raise conflict(f"The artifact is locked: its {name} cannot change.")
    artifact = {**artifact, **changed, "updatedAt": call.now}
    call.tx.put("artifacts", artifact["id"], artifact)
    if status == "locked" and artifact["status"] == "draft":
        artifact = lock(call, artifact)
    return json_response(show(call, artifact))


def delete_artifact(call: Call) -> Response:
    """Answer DELETE /artifacts/{id}: only a draft that nothing runs."""
    artifact = _named(call)
    if artifact["status"] == "locked":
        raise conflict("A locked artifact cannot be deleted by itself; delete its repository.")
    if in_use(call, artifact["id"]):
        raise conflict("The artifact is in use by a workload.")
    remove(call, artifact)
    forget_if_empty(call, artifact["artifactRepositoryId"])
    return Response(status=204)


def remove(call: Call, artifact: Document) -> None:
    """Delete an artifact with its builds and roles."""
    for build in call.tx.where("builds", "artifactId", artifact["id"]):
        call.tx.delete("builds", build["id"])
    forget_roles(call, artifact["id"])
    call.tx.delete("artifacts", artifact["id"])


def clone_artifact(call: Call) -> Response:
    """Answer POST /artifacts/{id}/clone with a draft copy in a repository of its own, or the one named."""
    artifact = _named(call)
    wish = body(call, ArtifactClone, read_json(call) or {})
    name = wish.name or f"{artifact['name']} (copy)"
    repository = repository_for(call, wish.artifact_repository_id, name, artifact["type"])
    key = new_id(call.now)
    fresh = {"id": key, "name": name, "status": "draft", "version": None, "artifactRepositoryId": repository["id"]}
    copy = {**artifact, **fresh, "createdAt": call.now, "updatedAt": call.now}
    call.tx.put("artifacts", key, copy)
    return json_response(show(call, copy), 201)


def list_artifact_roles(call: Call) -> Response:
    """Answer GET /artifacts/{id}/sharedRoles."""
    return list_roles(call, _named(call)["id"])


def update_artifact_roles(call: Call) -> Response:
    """Answer PATCH /artifacts/{id}/sharedRoles."""
    return update_roles(call, _named(call)["id"])


def _named(call: Call) -> Document:
    return find(call, call.request.params["artifact_id"])


def _spec(call: Call, given: Any) -> dict[str, Any]:
    spec: dict[str, Any] = given.model_dump(by_alias=True, exclude={"type", "container_groups"})
    return {**spec, "containerGroups": check_groups(given.container_groups, call.dialect)}


def _keep_builds(spec: dict[str, Any], before: Document) -> dict[str, Any]:
    """Carry the last build over to containers that are still there: a client never sends it."""
    known = {
        (group["name"], container["name"]): container["build"]
        for group in before["containerGroups"]
        for container in group["containers"]
    }
    for group in spec["containerGroups"]:
        for container in group["containers"]:
            container["build"] = known.get((group["name"], container["name"]))
    return spec


def check_same_type(artifact: Document, kind: str) -> None:
    """Raise a 422 when an artifact of another type is asked for."""
    if artifact["type"] != kind:
        raise ApiError(422, f"The workload is of type {kind}, the artifact of type {artifact['type']}.")


ROUTES: RouteTable = (
    ("GET", "/artifacts", list_artifacts),
    ("POST", "/artifacts", create_artifact),
    ("GET", "/artifacts/{artifact_id}", get_artifact),
    ("PATCH", "/artifacts/{artifact_id}", patch_artifact),
    ("PUT", "/artifacts/{artifact_id}", put_artifact),
    ("DELETE", "/artifacts/{artifact_id}", delete_artifact),
    ("POST", "/artifacts/{artifact_id}/clone", clone_artifact),
    ("GET", "/artifacts/{artifact_id}/sharedRoles", list_artifact_roles),
    ("PATCH", "/artifacts/{artifact_id}/sharedRoles", update_artifact_roles),
)
