"""Services: the address of a group inside the cluster."""

from __future__ import annotations

from collections.abc import Iterator

from wlinfra.provider import Manifest, RenderedObject
from wlinfra.values import Json

from .group import Group

__all__ = ["address", "backend_name", "backend_port", "front_name", "interceptor", "render_services"]


def front_name(group: Group) -> str:
    """Return the name requests inside the cluster go to.

    The NIM Operator makes a Service of the NIMService's own name, so that a front of ours needs another.
    """
    return f"{group.name}-http" if group.by_operator and group.counts_requests else group.name


def backend_name(group: Group) -> str:
    """Return the name of the Service whose endpoints are the pods."""
    return f"{group.name}-backend" if group.counts_requests and not group.by_operator else group.name


def backend_port(group: Group) -> int:
    """Return the port of that Service."""
    return group.port if group.by_operator else 80


def interceptor(group: Group) -> tuple[str, str, int]:
    """Return name, namespace and port of the Service that counts requests."""
    host, _, port = group.target.http_interceptor.rpartition(":")
    name, _, rest = host.partition(".")
    return name, rest.partition(".")[0], int(port)


def address(group: Group) -> str:
    """Return the URL that serves inside the cluster.

    The front of counted requests is a mere alias, and an alias changes no port.
    """
    port = interceptor(group)[2] if group.counts_requests else backend_port(group)
    return f"http://{front_name(group)}.{group.target.namespace}.svc.cluster.local" + ("" if port == 80 else f":{port}")


def render_services(group: Group) -> Iterator[RenderedObject]:
    """Yield the Service of the pods, and the front that leads to the add-on when it counts requests."""
    if group.counts_requests:
        yield RenderedObject(part=group.part("Service"), manifest=_front(group))
    if not group.by_operator:
        part = "Service-backend" if group.counts_requests else "Service"
        yield RenderedObject(part=group.part(part), manifest=_service(group))


def _service(group: Group) -> Manifest:
    spec: dict[str, Json] = {
        "type": "ClusterIP",
        "selector": group.selector,
        "ports": [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}],
    }
    return {"apiVersion": "v1", "kind": "Service", "metadata": group.metadata(backend_name(group)), "spec": spec}


def _front(group: Group) -> Manifest:
    name, namespace, port = interceptor(group)
    spec: dict[str, Json] = {
        "type": "ExternalName",
        "externalName": f"{name}.{namespace}.svc.cluster.local",
        "ports": [{"name": "http", "port": port, "protocol": "TCP"}],
    }
    return {"apiVersion": "v1", "kind": "Service", "metadata": group.metadata(front_name(group)), "spec": spec}
