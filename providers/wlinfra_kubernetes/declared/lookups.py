"""Workloads of other stacks, found by the labels that all objects of a workload have.

`expand` turns a lookup into the question, `read` answers it here: what runs the pods, and the address that its
Ingress, route or Service gives it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from wlinfra.errors import Diagnostic
from wlinfra.provider import OPAQUE, Absent, Live, PlatformObject, Reading, ReadRequest, Unreadable
from wlinfra.resources.lookup import Lookup
from wlinfra.values import Json
from wlinfra_kubernetes.cluster.failures import ClusterError, Failure, unless
from wlinfra_kubernetes.platform import Platform
from wlinfra_kubernetes.private import Private, private_of
from wlinfra_manifests.document import Key
from wlinfra_manifests.labels import GROUP, WORKLOAD
from wlinfra_manifests.model import GatewayEntry
from wlinfra_manifests.names import object_name

__all__ = ["NEEDED", "look_up_workload", "workload_lookup"]

_DEPLOYMENT: Final = Key("apps/v1", "Deployment", "", "")
_NIM: Final = Key("apps.nvidia.com/v1alpha1", "NIMService", "", "")
_SERVICE: Final = Key("v1", "Service", "", "")
_INGRESS: Final = Key("networking.k8s.io/v1", "Ingress", "", "")
_ROUTE: Final = Key("gateway.networking.k8s.io/v1", "HTTPRoute", "", "")
NEEDED: Final = (_DEPLOYMENT, _NIM, _SERVICE, _INGRESS, _ROUTE)
"""The kinds that are listed; without the right to list the last two, the Service has the address."""


def workload_lookup(resource: Lookup, namespace: str) -> PlatformObject:
    """Return the question for a workload: by its name, in the namespace of ``namespace`` or the provider's."""
    place = str(resource.filters.get("namespace") or namespace)
    return PlatformObject(
        address=resource.address,
        kind=_DEPLOYMENT.full_kind,
        name=f"{place}/{object_name(resource.name_on_platform)}",
        values={},
        schema=OPAQUE,
        outputs=("id", "name", "namespace", "endpoint"),
        private=Private(workload=True, group=str(resource.filters.get("group") or "")),
        lookup=True,
    )


def look_up_workload(platform: Platform, one: ReadRequest) -> Reading:
    """Return the Deployment or NIMService of the workload's group with its address."""
    key = Key.parse(one.kind, one.name)
    group = private_of(one.desired).group
    try:
        found = list(_runners(platform, key, group))
        if not found:
            return _none(platform, one, key)
        if len(found) > 1:
            return Unreadable(error=_several(one, key, found))
        document = found[0]
        return Live(
            id=str(document["metadata"]["uid"]),
            values={},
            outputs={
                "id": document["metadata"]["uid"],
                "name": document["metadata"]["name"],
                "namespace": key.namespace,
                **_endpoint(platform, key, document),
            },
            document=document,
            owned=platform.identity.owns(document),
            found_by_name=True,
        )
    except ClusterError as error:
        return Unreadable(error=error.diagnostic)


def _runners(platform: Platform, key: Key, group: str) -> Iterator[Mapping[str, Any]]:
    """Yield what runs the groups; the Deployment that the NIM Operator made of a NIMService is not one of them."""
    labels = f"{WORKLOAD}={key.name}" + (f",{GROUP}={group}" if group else "")
    for kind in (_DEPLOYMENT, _NIM):
        for item in _listed(platform, kind, key.namespace, labels):
            if not item["metadata"].get("ownerReferences"):
                yield item


def _listed(platform: Platform, kind: Key, namespace: str, labels: str) -> Sequence[dict[str, Any]]:
    return platform.client.list(Key(kind.api, kind.kind, namespace, ""), labels=labels)


def _none(platform: Platform, one: ReadRequest, key: Key) -> Reading:
    if platform.client.get(key) is None:
        return Absent()
    return Unreadable(
        error=Diagnostic(
            summary="Not a workload",
            detail=f"The {key} exists, and no workload of wlinfra made it.",
            fix=f'Look it up as what it is: wl.lookup("manifest", name="{key.name}", api_version="apps/v1", kind="Deployment").',
            address=one.address,
        )
    )


def _several(one: ReadRequest, key: Key, found: Sequence[Mapping[str, Any]]) -> Diagnostic:
    groups = sorted(str(item["metadata"]["labels"].get(GROUP)) for item in found)
    return Diagnostic(
        summary="Group not named",
        detail=f"The workload {key.name} has the groups {', '.join(groups)}, and each has an address of its own.",
        fix=f'Name one: wl.lookup("workload", name="{key.name}", group="{groups[0]}").',
        address=one.address,
    )


# ---------------------------------------------------------------- its address


def _endpoint(platform: Platform, key: Key, runner: Mapping[str, Any]) -> dict[str, Json]:
    """Return the address from outside, else inside the cluster; none when nothing leads to its pods."""
    labels = runner["metadata"]["labels"]
    selector = f"{WORKLOAD}={key.name},{GROUP}={labels.get(GROUP)}"
    address = _outside(platform, key, selector) or _inside(platform, key, selector, runner)
    return {"endpoint": address} if address else {}


def _outside(platform: Platform, key: Key, selector: str) -> str:
    for item in _if_allowed(platform, _INGRESS, key, selector):
        spec = item["spec"]
        for rule in spec.get("rules") or ():
            if rule.get("host"):
                return f"{'https' if spec.get('tls') else 'http'}://{rule['host']}"
    entry = platform.target.entry
    scheme = "http" if isinstance(entry, GatewayEntry) and not entry.tls else "https"
    for item in _if_allowed(platform, _ROUTE, key, selector):
        for host in item["spec"].get("hostnames") or ():
            return f"{scheme}://{host}"
    return ""


def _if_allowed(platform: Platform, kind: Key, key: Key, selector: str) -> Sequence[dict[str, Any]]:
    return unless(Failure.FORBIDDEN, lambda: _listed(platform, kind, key.namespace, selector), ())


def _inside(platform: Platform, key: Key, selector: str, runner: Mapping[str, Any]) -> str:
    services = _listed(platform, _SERVICE, key.namespace, selector)
    front = [item for item in services if item["spec"].get("type") == "ExternalName"]
    if runner["kind"] == _NIM.kind and not front:  # the operator's own Service has the NIMService's name
        port = ((runner["spec"].get("expose") or {}).get("service") or {}).get("port") or 8000
        return _url(runner["metadata"]["name"], key.namespace, int(port))
    for item in front or services:
        ports = item["spec"].get("ports") or ()
        return _url(item["metadata"]["name"], key.namespace, int(ports[0]["port"]) if ports else 80)
    return ""


def _url(name: str, namespace: str, port: int) -> str:
    return f"http://{name}.{namespace}.svc.cluster.local" + ("" if port == 80 else f":{port}")
