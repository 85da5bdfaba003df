"""Enough of a Kubernetes API server for ``kubectl diff`` and ``kubectl apply`` of ConfigMaps.

It discovers one resource, publishes no schema (kubectl is told not to validate), and merges patches as a server does.
"""

from __future__ import annotations

from typing import Any

import orjson

from benchmarks.support.http_app import Answer, Request, serve

__all__ = ["KubernetesApi"]

_CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
_DISCOVERY: dict[str, dict[str, Any]] = {
    "/version": {"major": "1", "minor": "32", "gitVersion": "v1.32.0"},
    "/api": {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []},
    "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
    "/api/v1": {
        "kind": "APIResourceList",
        "groupVersion": "v1",
        "resources": [
            {
                "name": "configmaps",
                "singularName": "configmap",
                "namespaced": True,
                "kind": "ConfigMap",
                "verbs": ["create", "delete", "get", "list", "patch", "update", "watch"],
                "shortNames": ["cm"],
            },
            {
                "name": "namespaces",
                "singularName": "namespace",
                "namespaced": False,
                "kind": "Namespace",
                "verbs": ["get"],
            },
        ],
    },
    "/api/v1/namespaces/default": {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "default"}},
    "/openapi/v3": {"paths": {}},
}


class KubernetesApi:
    """ConfigMaps by name."""

    def __init__(self) -> None:
        self._objects: dict[str, dict[str, Any]] = {}
        self._version = 0

    def reset(self) -> None:
        """Forget every object."""
        self._objects.clear()

    def answer(self, request: Request) -> Answer:
        """Return the answer to one request."""
        if request.path in _DISCOVERY and request.method == "GET":
            return _json(_DISCOVERY[request.path], "discovery")
        path, _, name = request.path.partition(f"{_CONFIG_MAPS}/")
        what = f"{request.method} configmaps"
        is_dry_run = "dryRun" in request.query
        match request.method, name:
            case "POST", "" if path == _CONFIG_MAPS:
                return _json(self._store(request.json(), is_dry_run=is_dry_run), what, status=201)
            case "GET", _ if name in self._objects:
                return _json(self._objects[name], what)
            case "PATCH", _ if name in self._objects:
                merged = _merge(self._objects[name], request.json())
                return _json(self._store(merged, is_dry_run=is_dry_run), what)
            case _:
                return _json({**_NOT_FOUND, "details": {"name": name, "kind": "configmaps"}}, what, status=404)

    def _store(self, item: dict[str, Any], *, is_dry_run: bool) -> dict[str, Any]:
        self._version += 1
        name = item["metadata"]["name"]
        metadata = {
            "uid": f"00000000-0000-0000-0000-{self._version:012}",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "namespace": "default",
            **item["metadata"],
            "resourceVersion": str(self._version),
        }
        stored = {"kind": "ConfigMap", "apiVersion": "v1", **item, "metadata": metadata}
        if not is_dry_run:
            self._objects[name] = stored
        return stored


_NOT_FOUND = {
    "kind": "Status",
    "apiVersion": "v1",
    "status": "Failure",
    "reason": "NotFound",
    "code": 404,
    "message": "not found",
}


def _merge(old: Any, patch: Any) -> Any:
    if not isinstance(old, dict) or not isinstance(patch, dict):
        return patch
    merged = {**old, **{key: _merge(old.get(key), value) for key, value in patch.items()}}
    return {key: value for key, value in merged.items() if value is not None}


def _json(value: Any, counted_as: str, *, status: int = 200) -> Answer:
    return Answer(body=orjson.dumps(value), status=status, counted_as=counted_as)


if __name__ == "__main__":
    serve(KubernetesApi())
