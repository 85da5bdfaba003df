"""Objects for the tests of the Kubernetes provider."""

from __future__ import annotations

from typing import Any

from wlinfra_kubernetes import Manifest

__all__ = ["config", "deployment"]


def deployment(
    image: str = "nginx:1", *, replicas: int | None = 1, app: str = "web", name: str = "web", **spec: Any
) -> Manifest:
    """Return a Deployment of one container."""
    labels = {"app": app}
    container = {"name": "main", "image": image, "resources": {"requests": {"cpu": "0.1", "memory": "64M"}}}
    wanted: dict[str, Any] = {
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        **spec,
    }
    if replicas is not None:
        wanted["replicas"] = replicas
    return Manifest(name, {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": wanted})


def config(name: str = "settings", **data: Any) -> Manifest:
    """Return a ConfigMap."""
    return Manifest(name, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data})
