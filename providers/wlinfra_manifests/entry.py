"""The way in from outside the cluster, when the target asks for one: an Ingress or an HTTPRoute."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from wlinfra.provider import Manifest, RenderedObject
from wlinfra.values import Json

from .group import Group
from .model import GatewayEntry, IngressEntry
from .service import address, backend_name, backend_port, front_name, interceptor

__all__ = ["endpoint", "outer_host", "render_entry"]


def outer_host(group: Group) -> str:
    """Return the host that the group has outside the cluster; empty without a domain."""
    return f"{group.name}.{group.target.domain}" if group.target.domain else ""


def endpoint(group: Group) -> str:
    """Return the URL that serves the group."""
    entry, host = group.target.entry, outer_host(group)
    match entry:
        case IngressEntry() if host:
            return f"{'https' if entry.tls_secret else 'http'}://{host}"
        case GatewayEntry() if host:
            return f"{'https' if entry.tls else 'http'}://{host}"
        case IngressEntry() | GatewayEntry() | None:
            return address(group)
        case _:
            assert_never(entry)


def render_entry(group: Group) -> Iterator[RenderedObject]:
    """Yield what lets requests in; nothing without an entry or a domain."""
    entry, host = group.target.entry, outer_host(group)
    if not host:
        return
    needs = () if group.by_operator and not group.counts_requests else (group.part("Service"),)
    match entry:
        case IngressEntry():
            manifest = _ingress(group, entry, host)
        case GatewayEntry():
            manifest = _route(group, entry, host)
        case None:
            return
        case _:
            assert_never(entry)
    formerly = group.name if group.by_operator else ""
    part = group.part(str(manifest["kind"]))
    yield RenderedObject(part=part, manifest=manifest, depends_on=needs, formerly=formerly)


def entry_name(group: Group) -> str:
    """Return the name of what lets requests in.

    The NIM Operator deletes routes of the NIMService's own name that it did not make itself.
    """
    return f"{group.name}-entry" if group.by_operator else group.name


def _ingress(group: Group, entry: IngressEntry, host: str) -> Manifest:
    counted = group.counts_requests
    port = interceptor(group)[2] if counted else backend_port(group)
    service = {"name": front_name(group) if counted else backend_name(group), "port": {"number": port}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": {"service": service}}]
    spec: dict[str, Json] = {"rules": [{"host": host, "http": {"paths": paths}}]}
    if entry.class_name:
        spec["ingressClassName"] = entry.class_name
    if entry.tls_secret:
        spec["tls"] = [{"hosts": [host], "secretName": entry.tls_secret}]
    metadata = group.metadata(entry_name(group))
    if entry.annotations:
        metadata["annotations"] = dict(entry.annotations)
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata, "spec": spec}


def _route(group: Group, entry: GatewayEntry, host: str) -> Manifest:
    parent: dict[str, Json] = {"name": entry.name}
    if entry.namespace:
        parent["namespace"] = entry.namespace
    if entry.section:
        parent["sectionName"] = entry.section
    rule = {"backendRefs": [_backend(group)]}
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": group.metadata(entry_name(group)),
        "spec": {"parentRefs": [parent], "hostnames": [host], "rules": [rule]},
    }


def _backend(group: Group) -> dict[str, Json]:
    """Return where a route leads: an alias cannot be a backend, so counted requests go to the add-on itself."""
    if not group.counts_requests:
        return {"name": backend_name(group), "port": backend_port(group)}
    name, namespace, port = interceptor(group)
    group.problems.note(
        f"The HTTPRoute {entry_name(group)} leads to {name} in {namespace}; a ReferenceGrant there must allow HTTPRoutes of {group.target.namespace}."
    )
    return {"name": name, "namespace": namespace, "port": port}
