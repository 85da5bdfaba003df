"""A NIM without its operator: what the operator would have added to the pods.

Names and defaults are those of the NIM Operator, so that the same image behaves alike under both.
"""

from __future__ import annotations

from typing import Any

from wlinfra.provider import Manifest
from wlinfra.values import Json

from .group import Group
from .model import Target
from .storage import volume_name

__all__ = ["serve_model", "server_probes", "server_variables"]

_MODELS = "/model-store"


def serve_model(group: Group, pod: Manifest) -> Manifest:
    """Return the pod with its volumes, and its primary container with variables and probes of a model server."""
    name = group.primary.name
    containers = [_server(group, item) if item["name"] == name else item for item in pod["containers"]]
    volumes = [
        {"name": "model-store", "persistentVolumeClaim": {"claimName": volume_name(group)}},
        {"name": "dshm", "emptyDir": {"medium": "Memory"}},
    ]
    return {**pod, "containers": containers, "volumes": volumes}


def _server(group: Group, container: Manifest) -> Manifest:
    own = {variable["name"] for variable in container.get("env", ())}
    added = [variable for variable in server_variables(group.port, group.target) if variable["name"] not in own]
    return {
        **server_probes(group.port),
        **container,
        "env": [*container.get("env", ()), *added],
        "volumeMounts": [
            {"name": "model-store", "mountPath": _MODELS},
            {"name": "dshm", "mountPath": "/dev/shm"},  # noqa: S108 - a mount in the container
        ],
    }


def server_variables(number: int, target: Target) -> list[dict[str, Json]]:
    """Return the operator's variables, for a server that listens on the port."""
    port = str(number)
    plain = {
        "NIM_CACHE_PATH": _MODELS,
        "NIM_SERVER_PORT": port,
        "NIM_HTTP_API_PORT": port,
        "NIM_JSONL_LOGGING": "1",
        "NIM_LOG_LEVEL": "INFO",
        "OUTLINES_CACHE_DIR": "/tmp/outlines",  # noqa: S108 - in the container
    }
    variables: list[dict[str, Json]] = [{"name": name, "value": value} for name, value in plain.items()]
    if target.ngc_secret:
        key = {"name": target.ngc_secret, "key": "NGC_API_KEY"}
        variables.append({"name": "NGC_API_KEY", "valueFrom": {"secretKeyRef": key}})
    return variables


def server_probes(port: int) -> dict[str, Any]:
    """Return the operator's probes: a model may take twenty minutes to load."""

    def probe(path: str, **numbers: int) -> Manifest:
        return {"httpGet": {"path": path, "port": port, "scheme": "HTTP"}, **numbers}

    return {
        "startupProbe": probe(
            "/v1/health/ready", initialDelaySeconds=30, periodSeconds=10, timeoutSeconds=1, failureThreshold=120
        ),
        "readinessProbe": probe(
            "/v1/health/ready", initialDelaySeconds=15, periodSeconds=10, timeoutSeconds=1, failureThreshold=3
        ),
        "livenessProbe": probe(
            "/v1/health/live", initialDelaySeconds=15, periodSeconds=10, timeoutSeconds=1, failureThreshold=3
        ),
    }
