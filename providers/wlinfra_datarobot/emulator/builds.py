"""Image builds of draft artifacts: queued, run, and at their end the image is written into the artifact."""

from __future__ import annotations

from typing import Any

from wlinfra.emulation import Document, Response, json_response

from .errors import ApiError, conflict, not_found, unprocessable
from .files import builds_badly
from .lifecycle import status_at
from .world import Call, RouteTable, new_id, page, require, stamp

_OVER = frozenset({"COMPLETED", "FAILED", "CANCELLED"})


def settle(call: Call, artifact: Document) -> Document:
    """Return the artifact with the results of its finished builds written into it."""
    running = artifact.get("building") or ()
    if not running:
        return artifact
    left = []
    containers: dict[tuple[str, str], dict[str, Any]] = {}
    for key in running:
        build = call.tx.all("builds")[key]
        status = status_at(build["timeline"], call.now)
        info = {"artifactImageBuildId": key, "status": status, "createdAt": stamp(build["createdAt"])}
        change: dict[str, Any] = {"build": info}
        if status == "COMPLETED":
            change["imageUri"] = build["imageUri"]
        if status not in _OVER:
            left.append(key)
        containers[build["group"], build["container"]] = change
    groups = [
        {
            **group,
            "containers": [one | containers.get((group["name"], one["name"]), {}) for one in group["containers"]],
        }
        for group in artifact["spec"]["containerGroups"]
    ]
    settled = {**artifact, "building": left, "spec": {**artifact["spec"], "containerGroups": groups}}
    if settled != artifact:
        call.tx.put("artifacts", artifact["id"], settled)
    return settled


def start_build(call: Call) -> Response:
    """Answer POST /artifacts/{id}/builds with one build per container that is built from sources."""
    artifact = _artifact(call)
    if artifact["status"] != "draft":
        raise unprocessable("Only a draft artifact can be built.")
    keys = [
        _begin(call, artifact, group["name"], container)
        for group in artifact["spec"]["containerGroups"]
        for container in group["containers"]
        if container["imageBuildConfig"] is not None
    ]
    if not keys:
        raise unprocessable("No container of the artifact has an imageBuildConfig.")
    settle(call, {**artifact, "building": [*(artifact.get("building") or ()), *keys]})
    return json_response({"buildIds": keys}, 202)


def _begin(call: Call, artifact: Document, group: str, container: Document) -> str:
    reference = container["imageBuildConfig"]["codeRef"]
    if reference is None:
        raise unprocessable(f"Container {container['name']!r} has no codeRef to build from.")
    sources = reference["datarobot"]
    fails = builds_badly(call, sources["catalogId"], sources["catalogVersionId"])
    step = call.settings.durations.building
    end = [[call.now + 2 * step, "FAILED"]] if fails else [
        [call.now + 2 * step, "BUILT"],
        [call.now + 3 * step, "COMPLETED"],
    ]  # fmt: skip
    key = new_id(call.now)
    build = {
        "id": key,
        "artifactId": artifact["id"],
        "group": group,
        "container": container["name"],
        "imageUri": f"registry.example.com/artifacts/{artifact['id']}:{key}",
        "createdAt": call.now,
        "timeline": [[call.now, "PENDING"], [call.now + step, "IN_PROGRESS"], *end],
    }
    call.tx.put("builds", key, build)
    return key


def list_builds(call: Call) -> Response:
    """Answer GET /artifacts/{id}/builds, newest first."""
    builds = call.tx.where("builds", "artifactId", _artifact(call)["id"])
    return page(call, builds[::-1], lambda build: _show(call, build))


def get_build(call: Call) -> Response:
    """Answer GET /artifacts/{id}/builds/{id}."""
    return json_response(_show(call, _named(call)))


def get_build_logs(call: Call) -> Response:
    """Answer GET /artifacts/{id}/builds/{id}/logs with a line per stage reached."""
    build = _named(call)
    lines = [
        {
            "timestamp": stamp(moment),
            "level": "ERROR" if status == "FAILED" else "INFO",
            "message": f"{build['container']}: {status.lower().replace('_', ' ')}",
        }
        for moment, status in build["timeline"]
        if moment <= call.now
    ]
    return page(call, lines, dict)


def cancel_build(call: Call) -> Response:
    """Answer DELETE /artifacts/{id}/builds/{id}: a build that is over cannot be cancelled."""
    build = _named(call)
    status = status_at(build["timeline"], call.now)
    if status in _OVER:
        raise conflict(f"The build is over: {status}.")
    past = [entry for entry in build["timeline"] if entry[0] <= call.now]
    call.tx.put("builds", build["id"], {**build, "timeline": [*past, [call.now, "CANCELLED"]]})
    return Response(status=204)


def _show(call: Call, build: Document) -> dict[str, Any]:
    return {
        "id": build["id"],
        "artifactId": build["artifactId"],
        "containerName": build["container"],
        "status": status_at(build["timeline"], call.now),
        "createdAt": stamp(build["createdAt"]),
    }


def _artifact(call: Call) -> Document:
    key = call.request.params["artifact_id"]
    return settle(call, require(call.tx.get("artifacts", key), not_found("Artifact", key)))


def _named(call: Call) -> Document:
    artifact = _artifact(call)
    missing: ApiError = not_found("Build", call.request.params["build_id"])
    build = require(call.tx.get("builds", call.request.params["build_id"]), missing)
    if build["artifactId"] != artifact["id"]:
        raise missing
    return build


ROUTES: RouteTable = (
    ("GET", "/artifacts/{artifact_id}/builds", list_builds),
    ("POST", "/artifacts/{artifact_id}/builds", start_build),
    ("GET", "/artifacts/{artifact_id}/builds/{build_id}", get_build),
    ("DELETE", "/artifacts/{artifact_id}/builds/{build_id}", cancel_build),
    ("GET", "/artifacts/{artifact_id}/builds/{build_id}/logs", get_build_logs),
)
