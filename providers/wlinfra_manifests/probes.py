"""Probes: every number is written out, because Kubernetes' own defaults are not the platform-neutral ones."""

from __future__ import annotations

from wlinfra.provider import Manifest
from wlinfra.resources.container import Container, Probe
from wlinfra.resources.declaring import Problem
from wlinfra.values import Json

from .group import Group

__all__ = ["render_probe", "render_probes"]

_ONCE = ("startup", "liveness")


def render_probes(group: Group, container: Container) -> Manifest:
    """Return the probes of a container by the names Kubernetes gives them."""
    for name, probe in container.probes():
        if name in _ONCE and (probe.success_threshold or 1) != 1:
            group.refuse_container(
                container,
                name,
                Problem(
                    summary="Threshold not possible here",
                    detail=f"Kubernetes takes one success as enough for a {name} probe.",
                    fix="Leave success_threshold out.",
                    path=("success_threshold",),
                ),
            )
    return {f"{name}Probe": render_probe(probe, container) for name, probe in container.probes()}


def render_probe(probe: Probe, container: Container) -> Manifest:
    """Return one probe; it begins after 30 s, asks every 30 s, waits 30 s and fails at the third time unless told."""
    get: dict[str, Json] = {
        "path": probe.path,
        "port": probe.port or container.port or 8080,
        "scheme": probe.scheme or "HTTP",
    }
    if probe.host is not None:
        get["host"] = probe.host
    if probe.headers:
        get["httpHeaders"] = [{"name": name, "value": value} for name, value in probe.headers.items()]
    numbers = {
        "initialDelaySeconds": 30 if probe.initial_delay_seconds is None else probe.initial_delay_seconds,
        "periodSeconds": probe.period_seconds or 30,
        "timeoutSeconds": probe.timeout_seconds or 30,
        "failureThreshold": probe.failure_threshold or 3,
    }
    if probe.success_threshold is not None:
        numbers["successThreshold"] = probe.success_threshold
    return {"httpGet": get, **numbers}
