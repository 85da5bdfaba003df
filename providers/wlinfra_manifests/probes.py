"""Probes: every number is written out, because Kubernetes' own defaults are not the platform-neutral ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from wlinfra.provider import Manifest
from wlinfra.resources.container import Container, Probe
from wlinfra.resources.declaring import Problem

from .group import Group
from .rows import Row, written

__all__ = ["PROBE", "render_probe", "render_probes"]


def _to_headers(headers: Mapping[str, Any]) -> list[Manifest] | None:
    return [{"name": name, "value": value} for name, value in headers.items()] or None


PROBE: Final = (
    Row(declared="path", wire="httpGet.path"),
    Row(declared="port", wire="httpGet.port"),
    Row(declared="scheme", wire="httpGet.scheme", default="HTTP"),
    Row(declared="host", wire="httpGet.host"),
    Row(
        declared="headers",
        wire="httpGet.httpHeaders",
        to_wire=_to_headers,
        to_declared=lambda headers: {header["name"]: header.get("value", "") for header in headers},
    ),
    Row(declared="initial_delay_seconds", wire="initialDelaySeconds", default=30),
    Row(declared="period_seconds", wire="periodSeconds", default=30),
    Row(declared="timeout_seconds", wire="timeoutSeconds", default=30),
    Row(declared="failure_threshold", wire="failureThreshold", default=3),
    Row(declared="success_threshold", wire="successThreshold"),
)

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
    """Return one probe; it begins after 30 s, asks every 30 s, waits 30 s and fails at the third time by default."""
    return written(PROBE, probe.model_copy(update={"port": probe.port or container.port or 8080}))
