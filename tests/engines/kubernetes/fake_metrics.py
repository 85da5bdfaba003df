"""A fake metrics server behind the cluster's aggregation: resource, custom and external metrics that tests set."""

from __future__ import annotations

import json
import ssl
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from engines.kubernetes.client import ApiClient, Json
from engines.kubernetes.readings import Readings
from engines.listening import Listening

__all__ = ["make_metrics_server", "register_metrics"]

VERSIONS = {"metrics.k8s.io": "v1beta1", "custom.metrics.k8s.io": "v1beta2", "external.metrics.k8s.io": "v1beta1"}
SERVICE = {"name": "fake-metrics", "namespace": "kube-system"}


def register_metrics(client: ApiClient, port: int) -> None:
    """Route the three metric groups to a server on loopback, by a service that is only a name."""
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": SERVICE["name"]},
        "spec": {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": port}]},
    }
    client.create("/api/v1/namespaces/kube-system/services", service)
    for group, version in VERSIONS.items():
        registered = {
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": {"name": f"{version}.{group}"},
            "spec": {
                "group": group,
                "version": version,
                "groupPriorityMinimum": 100,
                "versionPriority": 100,
                "insecureSkipTLSVerify": True,
                "service": {**SERVICE, "port": port},
            },
        }
        client.create("/apis/apiregistration.k8s.io/v1/apiservices", registered)


def make_metrics_server(port: int, certificate: tuple[Path, Path], client: ApiClient, readings: Readings) -> Listening:
    """Return the HTTPS server, bound and not yet serving; it asks the cluster which pods a selector means."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            selector = parse_qs(parts.query).get("labelSelector", [""])[0]
            path = tuple(unquote(part) for part in parts.path.strip("/").split("/"))
            found = Metrics(client, readings, selector).answer(path)
            body = json.dumps(found if found is not None else _NOT_FOUND).encode()
            self.send_response(200 if found is not None else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Stay silent: the API server asks every few seconds."""

    server = Listening(("127.0.0.1", port), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    # The handshake belongs to the thread of the request, lest one slow caller hold up all others.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    return server


_NOT_FOUND = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}


class Metrics:
    """The answers to one request."""

    def __init__(self, client: ApiClient, readings: Readings, selector: str) -> None:
        self._client = client
        self._readings = readings
        self._selector = selector

    def answer(self, path: tuple[str, ...]) -> Json | None:
        """Return the answer to a path's parts, or None when there is nothing there."""
        match path:
            case ("apis", group, version) if VERSIONS.get(group) == version:
                return _resources(group, version)
            case ("apis", "metrics.k8s.io", "v1beta1", "namespaces", namespace, "pods"):
                usages = [self._usage(namespace, pod) for pod in self._pods(namespace)]
                return _list("PodMetricsList", "metrics.k8s.io/v1beta1", [one for one in usages if one])
            case ("apis", "custom.metrics.k8s.io", "v1beta2", "namespaces", namespace, "pods", "*", metric):
                names = [str(pod["metadata"]["name"]) for pod in self._pods(namespace)]
                return self._values("pods", "Pod", namespace, names, metric)
            case ("apis", "custom.metrics.k8s.io", "v1beta2", "namespaces", namespace, resource, name, metric):
                kind = resource.split(".")[0].removesuffix("s").capitalize()
                return self._values("object", kind, namespace, [name], metric)
            case ("apis", "external.metrics.k8s.io", "v1beta1", "namespaces", namespace, metric):
                return self._external(namespace, metric)
            case _:
                return None

    def _pods(self, namespace: str) -> list[Json]:
        query = {"labelSelector": self._selector} if self._selector else {}
        pods: list[Json] = self._client.get(f"/api/v1/namespaces/{namespace}/pods", **query)["items"]
        return [pod for pod in pods if pod["status"].get("phase") == "Running"]

    def _usage(self, namespace: str, pod: Json) -> Json | None:
        name = str(pod["metadata"]["name"])
        found = {resource: self._readings.get("resource", resource, namespace, name) for resource in ("cpu", "memory")}
        usage = {resource: value or "0" for resource, value in found.items()}
        if not any(found.values()):
            return None
        containers = [{"name": container["name"], "usage": usage} for container in pod["spec"]["containers"]]
        metadata = {"name": name, "namespace": namespace}
        return {"metadata": metadata, "timestamp": _now(), "window": "10s", "containers": containers}

    def _values(self, reading: str, kind: str, namespace: str, names: list[str], metric: str) -> Json:
        items = []
        for name in names:
            value = self._readings.get("pods" if reading == "pods" else "object", metric, namespace, name)
            if value is not None:
                described = {"kind": kind, "apiVersion": "/v1", "namespace": namespace, "name": name}
                items.append(
                    {"describedObject": described, "metric": {"name": metric}, "timestamp": _now(), "value": value}
                )
        return _list("MetricValueList", "custom.metrics.k8s.io/v1beta2", items)

    def _external(self, namespace: str, metric: str) -> Json:
        value = self._readings.get("external", metric, namespace, metric)
        items = (
            [] if value is None else [{"metricName": metric, "metricLabels": {}, "timestamp": _now(), "value": value}]
        )
        return _list("ExternalMetricValueList", "external.metrics.k8s.io/v1beta1", items)


def _resources(group: str, version: str) -> Json:
    pods = {"name": "pods", "singularName": "", "namespaced": True, "kind": "PodMetrics", "verbs": ["get", "list"]}
    resources = [pods] if group == "metrics.k8s.io" else []
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": f"{group}/{version}", "resources": resources}


def _list(kind: str, version: str, items: list[Json]) -> Json:
    return {"kind": kind, "apiVersion": version, "metadata": {}, "items": items}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
