"""What lives on the cluster as a workload and its artifact: the objects are found, and rendering is turned round.

Beside the Deployment or NIMService asked for, that is what selects its pods, scales it, leads to it, or is mounted by it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from wlinfra_manifests.document import Key, key_of
from wlinfra_manifests.inverse.live import SecretOf
from wlinfra_manifests.inverse.workload import Inverted
from wlinfra_manifests.inverse.workload import declared as declared_again
from wlinfra_manifests.labels import WORKLOAD
from wlinfra_manifests.secrets import secrets_of

from .cluster.client import ClusterClient
from .platform import Platform
from .volumes import mounted

__all__ = ["declared", "objects_of"]

Document = Mapping[str, Any]

_RUNNERS: Final = (("apps/v1", "Deployment"), ("apps.nvidia.com/v1alpha1", "NIMService"))
_SCALERS: Final = (
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    ("keda.sh/v1alpha1", "ScaledObject"),
    ("http.keda.sh/v1alpha1", "HTTPScaledObject"),
)
_ENTRIES: Final = (("networking.k8s.io/v1", "Ingress"), ("gateway.networking.k8s.io/v1", "HTTPRoute"))


def declared(platform: Platform, key: Key, *, name: str, secret: SecretOf) -> Inverted:
    """Return what the Deployment or NIMService and all that belongs to it would be declared as.

    ``secret`` declares a variable whose value is in a Secret, by its name. Raises ClusterError when a kind cannot be listed.
    """
    return declared_again(objects_of(platform.client, key), platform.target, name=name, secret=secret)


def objects_of(client: ClusterClient, key: Key) -> list[Document]:
    """Return the live objects of a workload, of Secrets their names alone; empty when there is none of that key."""
    first = client.get(key)
    return [] if first is None else [*_found(client, key, first)]


def _found(client: ClusterClient, key: Key, first: Document) -> Iterator[Document]:
    runners = _siblings(client, key, first)
    names = {runner["metadata"]["name"] for runner in runners}
    yield from runners
    services = [one for one in _all(client, key, "v1", "Service") if _serves(one, runners)]
    routes = [
        one
        for one in _all(client, key, "http.keda.sh/v1beta1", "InterceptorRoute")
        if one["spec"].get("target", {}).get("service") in {item["metadata"]["name"] for item in services} | names
    ]
    fronts = [one for one in _all(client, key, "v1", "Service") if _is_front(one, names)]
    yield from (*services, *fronts, *routes)
    for api, kind in _SCALERS:
        for one in _all(client, key, api, kind):
            if one["spec"].get("scaleTargetRef", {}).get("name") in names:
                yield one
    for one in _all(client, key, "policy/v1", "PodDisruptionBudget"):
        if any(_selects((one["spec"].get("selector") or {}).get("matchLabels"), runner) for runner in runners):
            yield one
    hosts = {item["metadata"]["name"] for item in (*services, *fronts)} | names
    for api, kind in _ENTRIES:
        yield from (one for one in _all(client, key, api, kind) if _leads_to(one, hosts, names))
    yield from _held(client, key, runners)


def _siblings(client: ClusterClient, key: Key, first: Document) -> list[Document]:
    """Return the object and those of the other groups of its workload."""
    owner = (first["metadata"].get("labels") or {}).get(WORKLOAD)
    if owner is None:
        return [first]
    found: list[Document] = [
        one for api, kind in _RUNNERS for one in _all(client, key, api, kind, labels=f"{WORKLOAD}={owner}")
    ]
    return found if key_of(first) in map(key_of, found) else [first]


def _all(client: ClusterClient, near: Key, api: str, kind: str, *, labels: str = "") -> list[dict[str, Any]]:
    """Return the objects of a kind in the namespace; none where the cluster does not know the kind."""
    if not client.serves(api, kind):
        return []
    found = client.list(Key(api, kind, near.namespace, ""), labels=labels)
    return [{**one, "apiVersion": api, "kind": kind} for one in found]


def _held(client: ClusterClient, key: Key, runners: list[Document]) -> Iterator[Document]:
    """Yield claims, caches, templates and the Secret of our own; whatever else is referred to exists by itself."""
    wanted = [one for runner in runners for one in mounted(runner)]
    for runner in runners:
        pod = runner["spec"] if runner["kind"] == "NIMService" else runner["spec"]["template"]["spec"]
        for claim in (*(pod.get("resourceClaims") or ()), *(pod.get("draResources") or ())):
            name = str(claim.get("resourceClaimTemplateName"))
            wanted.append(Key("resource.k8s.io/v1", "ResourceClaimTemplate", key.namespace, name))
    for one in dict.fromkeys(wanted):
        if (
            client.serves(one.api, one.kind)
            and (found := client.get(replace(one, namespace=key.namespace))) is not None
        ):
            yield found
    names = {secrets_of(str(runner["metadata"]["name"])) for runner in runners}
    for item in client.list(Key("v1", "Secret", key.namespace, ""), metadata=True):
        if item["metadata"]["name"] in names:
            yield {"apiVersion": "v1", "kind": "Secret", "metadata": item["metadata"]}


# ---------------------------------------------------------------- what belongs to what


def _serves(service: Document, runners: list[Document]) -> bool:
    return any(_selects(service["spec"].get("selector"), runner) for runner in runners)


def _is_front(service: Document, names: set[str]) -> bool:
    """True for the alias before what counts the requests of one of ours."""
    spec, name = service["spec"], str(service["metadata"]["name"])
    return spec.get("type") == "ExternalName" and name.removesuffix("-http") in names


def _selects(labels: Mapping[str, str] | None, runner: Document) -> bool:
    """True when the labels find the pods of a Deployment or NIMService."""
    spec = runner["spec"]
    if runner["kind"] == "NIMService":
        own = {"app": runner["metadata"]["name"], **(spec.get("labels") or {})}
    else:
        own = spec["template"]["metadata"].get("labels") or {}
    return bool(labels) and dict(labels or {}).items() <= own.items()


def _leads_to(entry: Document, hosts: set[str], names: set[str]) -> bool:
    """True for a route to one of the Services, and for ours to what counts the requests, which stands elsewhere."""
    return not hosts.isdisjoint(_backends(entry)) or entry["metadata"]["name"].removesuffix("-entry") in names


def _backends(entry: Document) -> Iterator[str]:
    """Yield the names of the Services an Ingress or HTTPRoute leads to."""
    for rule in entry["spec"].get("rules") or ():
        for path in (rule.get("http") or {}).get("paths") or ():
            yield str(((path.get("backend") or {}).get("service") or {}).get("name"))
        yield from (str(one.get("name")) for one in rule.get("backendRefs") or ())
