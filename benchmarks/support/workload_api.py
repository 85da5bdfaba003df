"""Enough of the DataRobot Workload API to plan and apply many artifacts and workloads: lists in pages of 100.

Lean on purpose: the emulator checks every request, and that time would count against whoever is measured. Workloads
run at once, since how long a platform takes is not the question here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

import orjson

from benchmarks.support.http_app import Answer, Request, serve

__all__ = ["WorkloadApi"]

_BASE = "/api/v2/"
_PAGE = 100
_NOW = "2026-01-01T00:00:00Z"
_PROBE = {"scheme": "HTTP", "initialDelaySeconds": 30, "periodSeconds": 30, "timeoutSeconds": 30, "failureThreshold": 3}


class WorkloadApi:
    """Artifacts and workloads by id."""

    def __init__(self) -> None:
        self._objects: dict[str, dict[str, dict[str, Any]]] = {"artifacts": {}, "workloads": {}}
        self._made = 0

    def reset(self) -> None:
        """Forget every object."""
        for objects in self._objects.values():
            objects.clear()

    def answer(self, request: Request) -> Answer:
        """Return the answer to one request."""
        kind, _, identity = request.path.removeprefix(_BASE).partition("/")
        objects = self._objects.get(kind)
        if objects is None:  # such as what tells one account from another
            return Answer(status=404, body=b'{"message":"Not Found"}', counted_as=f"{request.method} {kind}")
        what = f"{request.method} {kind}/{{id}}" if identity else f"{request.method} {kind}"
        match request.method, identity:
            case "GET", "":
                return _json(_page(request, objects), what)
            case "POST", "":
                return _json(self._create(kind, request.json()), what, status=201)
            case "GET", _ if identity in objects:
                return _json(objects[identity], what)
            case "PATCH", _ if identity in objects:
                objects[identity].update(request.json())
                return _json(objects[identity], what)
            case _:
                return Answer(status=404, body=b'{"message":"Not Found"}', counted_as=what)

    def _create(self, kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
        self._made += 1
        identity = f"{self._made:024x}"
        common = {"id": identity, "createdAt": _NOW, "updatedAt": _NOW, "description": "", **body}
        made = _artifact(identity, common) if kind == "artifacts" else _workload(identity, common)
        self._objects[kind][identity] = made
        return made


def _artifact(identity: str, body: dict[str, Any]) -> dict[str, Any]:
    for group in body["spec"]["containerGroups"]:
        for container in group["containers"]:
            for probe in ("readinessProbe", "livenessProbe"):
                if probe in container:
                    container[probe] = {**_PROBE, **container[probe]}
    body["spec"]["type"] = body.get("type", "service")
    return {**body, "artifactRepositoryId": f"r{identity[1:]}", "version": None, "permissions": _PERMISSIONS}


def _workload(identity: str, body: dict[str, Any]) -> dict[str, Any]:
    return {
        **body,
        "type": "service",
        "importance": body.get("importance", "low"),
        "status": "running",
        "protonId": f"p{identity[1:]}",
        "endpoint": f"https://example.com/workloads/{identity}/",
        "replacement": None,
        "permissions": _PERMISSIONS,
    }


_PERMISSIONS = ["CAN_VIEW", "CAN_UPDATE", "CAN_DELETE", "CAN_SHARE"]


def _page(request: Request, objects: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    query = request.query
    found: Iterable[dict[str, Any]]
    if "ids" in query:
        found = [objects[identity] for identity in query["ids"] if identity in objects]
    elif "search" in query:
        found = [item for item in objects.values() if query["search"][0] in item["name"]]
    else:
        found = objects.values()
    rows = list(found)
    offset, limit = int(query.get("offset", ["0"])[0]), min(int(query.get("limit", ["20"])[0]), _PAGE)
    data = rows[offset : offset + limit]
    after = {**query, "offset": [str(offset + limit)], "limit": [str(limit)]}
    is_last = offset + limit >= len(rows)
    return {
        "data": data,
        "count": len(data),
        "totalCount": len(rows),
        "next": None if is_last else f"http://127.0.0.1{request.path}?{urlencode(after, doseq=True)}",
        "previous": None,
    }


def _json(value: Any, counted_as: str, *, status: int = 200) -> Answer:
    return Answer(body=orjson.dumps(value), status=status, counted_as=counted_as)


if __name__ == "__main__":
    serve(WorkloadApi())
