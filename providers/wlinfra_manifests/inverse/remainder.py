"""What a live object has and its declaration does not say, beside what the server fills in by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from wlinfra.values import Json, Secret, format_path

from ..document import differences
from ..images import split_image
from ..labels import WORDS
from ..model import Target
from ..quantities import amount
from .live import Document

__all__ = ["Remaining", "remainder"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remaining:
    """Something of a live object that the declaration does not say."""

    kind: str
    name: str
    path: str
    """Where it stands in the object; empty for the object itself."""
    why: str


_ANY: Final = object()
_POD: Final = "spec.template.spec"
_CONTAINER: Final[Mapping[str, Any]] = {
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
    "ports[].protocol": "TCP",
    **{
        f"{name}Probe.{field}": value
        for name in ("startup", "readiness", "liveness")
        for field, value in (("initialDelaySeconds", 0), ("successThreshold", 1), ("httpGet.scheme", "HTTP"))
    },
}
_DEFAULTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "Deployment": {
        "spec.progressDeadlineSeconds": 600,
        "spec.revisionHistoryLimit": 10,
        "spec.minReadySeconds": 0,
        f"{_POD}.dnsPolicy": "ClusterFirst",
        f"{_POD}.restartPolicy": "Always",
        f"{_POD}.schedulerName": "default-scheduler",
        f"{_POD}.terminationGracePeriodSeconds": 30,
        **{f"{_POD}.containers[].{name}": value for name, value in _CONTAINER.items()},
    },
    "Service": {
        "spec.clusterIP": _ANY,
        "spec.clusterIPs": _ANY,
        "spec.ipFamilies": _ANY,
        "spec.ipFamilyPolicy": "SingleStack",
        "spec.internalTrafficPolicy": "Cluster",
        "spec.sessionAffinity": "None",
        "spec.type": "ClusterIP",
        "spec.ports[].protocol": "TCP",
    },
    "PersistentVolumeClaim": {
        "spec.volumeMode": "Filesystem",
        "spec.volumeName": _ANY,
        "spec.volumeAttributesClassName": _ANY,
    },
    "HTTPRoute": {
        "spec.parentRefs[].group": "gateway.networking.k8s.io",
        "spec.parentRefs[].kind": "Gateway",
        "spec.rules[].matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
        "spec.rules[].backendRefs[].kind": "Service",
        "spec.rules[].backendRefs[].weight": 1,
    },
    "NIMService": {"spec.inferencePlatform": "standalone", "spec.expose.service.port": 8000},
}
"""What the server fills in where nothing is said; it means the same said or not."""

_SERVERS_OWN: Final = (
    "deployment.kubernetes.io/",
    "pv.kubernetes.io/",
    "volume.kubernetes.io/",
    "volume.beta.kubernetes.io/",
    "scaledobject.keda.sh/",
    "kubectl.kubernetes.io/last-applied-configuration",
    "kubectl.kubernetes.io/restartedAt",
    "applyset.kubernetes.io/",
    "wlinfra.dev/",
    "user.wlinfra.dev/",
)
"""Labels and annotations that controllers and our own apply write; those of ours that are declared are read elsewhere."""


def remainder(live: Document, rendered: Document | None, target: Target, *, scaled: bool) -> Iterator[Remaining]:
    """Yield what the live object has and what is rendered of its declaration has not, or otherwise; secrets unseen."""
    kind, name = str(live["kind"]), str(live["metadata"]["name"])
    if rendered is None:
        why = "No workload becomes an object of this kind and name."
        yield Remaining(kind=kind, name=name, path="", why=why)
        return
    if kind == "Secret" and "data" not in live:
        return  # its name alone was read
    for item in differences(_meaning(live, target), _meaning(rendered, target)):
        if item.path[0] == "metadata" and item.live is None:
            continue  # a label that the declaration adds changes nothing that is there
        if item.path == ("spec", "replicas") and scaled:
            continue  # the autoscaler's
        added = "The declaration would add it." if item.live is None else "No attribute of a workload says this."
        why = added if item.live is None or item.planned is None else "The declaration would set another value."
        yield Remaining(kind=kind, name=name, path=format_path(item.path), why=why)


def _meaning(document: Document, target: Target) -> dict[str, Json]:
    """Return what counts of an object: no status, no defaults, no empty values, no values of a Secret."""
    kind = str(document["kind"])
    meta = document["metadata"]
    found = {key: value for key, value in document.items() if key not in ("status", "metadata", "apiVersion", "kind")}
    if kind == "Secret":
        found = {"data": dict.fromkeys(found.get("data") or (), "hidden"), "type": found.get("type")}
    defaults = dict(_DEFAULTS.get(kind, {}))
    if kind == "PersistentVolumeClaim" and not target.storage_class:
        defaults["spec.storageClassName"] = _ANY  # the cluster's choice, which the claim keeps
    if kind == "Service" and (document["spec"].get("clusterIP") == "None"):
        del defaults["spec.clusterIP"]
    marks = {
        name: {key: value for key, value in (meta.get(name) or {}).items() if not _is_servers_own(key)}
        for name in ("labels", "annotations")
    }
    return {**(_said(found, "", defaults) or {}), "metadata": marks}


def _is_servers_own(key: str) -> bool:
    return key.startswith(_SERVERS_OWN) and not key.startswith(WORDS)


def _said(value: Json, place: str, defaults: Mapping[str, Any]) -> Json:
    """Return the value without what is default or empty; None when nothing is left."""
    default = defaults.get(place)
    if default is _ANY or (default is not None and value == default):
        return None
    if isinstance(value, Mapping):
        return _said_map(value, place, defaults) or None
    if isinstance(value, list | tuple):
        return [_said(item, f"{place}[]", defaults) for item in value] or None
    if isinstance(value, Secret):
        return "hidden"
    if place.rpartition(".")[0].endswith((".limits", ".requests")):
        return str(amount(value).normalize())
    return None if value == "" else value


def _said_map(value: Mapping[str, Any], place: str, defaults: Mapping[str, Any]) -> dict[str, Json]:
    if place.endswith(".annotations"):
        value = {name: item for name, item in value.items() if not _is_servers_own(name)}
    found = {name: _said(item, f"{place}.{name}" if place else name, defaults) for name, item in value.items()}
    follows = {"imagePullPolicy": _pull_policy(str(value.get("image"))), "targetPort": value.get("port")}
    return {name: item for name, item in found.items() if item is not None and item != follows.get(name)}


def _pull_policy(image: str) -> str:
    """Return what the server takes where nothing is said."""
    named = split_image(image)
    return "IfNotPresent" if named.digest or named.tag not in ("", "latest") else "Always"
