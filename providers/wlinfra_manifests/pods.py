"""The pods of a Deployment: containers with all they need."""

from __future__ import annotations

from wlinfra.provider import Manifest
from wlinfra.resources.container import Container
from wlinfra.values import Json

from .environment import literal, render_environment
from .group import Group
from .hardware import CLAIM, claims_devices, render_claim_template, render_placement, render_resources
from .nim_server import serve_model
from .probes import render_probes
from .security import render_security

__all__ = ["render_pod"]


def render_pod(group: Group) -> Manifest:
    """Return the spec of the group's pods."""
    pod: Manifest = {"containers": [_container(group, container) for container in group.containers.containers]}
    if group.target.image_pull_secrets:
        pod["imagePullSecrets"] = [{"name": name} for name in group.target.image_pull_secrets]
    if group.description.priority_class:
        pod["priorityClassName"] = group.description.priority_class
    pod |= render_placement(group)
    if claims_devices(group):
        template = next(iter(render_claim_template(group)))
        pod["resourceClaims"] = [{"name": CLAIM, "resourceClaimTemplateName": template.name}]
    return serve_model(group, pod) if group.is_nim else pod


def _container(group: Group, container: Container) -> Manifest:
    parts: dict[str, Json] = {
        "command": [literal(part) for part in container.entrypoint or ()],
        "ports": [{"name": "http", "containerPort": group.port, "protocol": "TCP"}] if container.primary else [],
        "env": render_environment(group, container),
        "resources": render_resources(group, container),
        **render_probes(group, container),
        "securityContext": render_security(container.security, allow_root=group.target.allow_root),
    }
    return {"name": container.name, "image": container.image, **{key: value for key, value in parts.items() if value}}
