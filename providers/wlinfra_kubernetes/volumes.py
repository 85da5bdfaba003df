"""What stands on volumes: which objects mount a claim, which claims go with an object, and which stay.

`expand`, `plan` and `replacement` ask before anything happens, `poll` while a claim that is to go is still mounted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from wlinfra.values import Json
from wlinfra_manifests.document import Key

from .cluster.failures import ClusterError
from .ownership.identity import KEEP
from .platform import Platform

__all__ = [
    "CACHE",
    "CLAIM",
    "STATEFUL",
    "claims_of",
    "deletes_claims",
    "is_kept",
    "kept_claims",
    "mounted",
    "mounting_pods",
    "owned_claim",
    "pod_of",
    "templates_of",
]

CLAIM: Final = "v1/PersistentVolumeClaim"
CACHE: Final = "apps.nvidia.com/v1alpha1/NIMCache"
STATEFUL: Final = "apps/v1/StatefulSet"


# ---------------------------------------------------------------- what mounts what


def mounted(values: Mapping[str, Json]) -> Iterator[Key]:
    """Yield the claims and caches that the pods of a declared object mount; references are left out."""
    spec: Any = values.get("spec") or {}
    space = str(_map(values.get("metadata")).get("namespace") or "")
    if values.get("kind") == "NIMService":
        storage = _map(_map(spec).get("storage"))
        if isinstance(name := _map(storage.get("nimCache")).get("name"), str):
            yield Key("apps.nvidia.com/v1alpha1", "NIMCache", space, name)
        if isinstance(name := _map(storage.get("pvc")).get("name"), str):
            yield Key("v1", "PersistentVolumeClaim", space, name)
        return
    yield from (Key("v1", "PersistentVolumeClaim", space, name) for name in _claim_names(pod_of(values)))


def pod_of(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the spec of the pods that an object makes, or of the pod it is; empty for other kinds."""
    spec = _map(values.get("spec"))
    if values.get("kind") == "Pod":
        return spec
    inner = _map(_map(spec.get("jobTemplate")).get("spec")) if values.get("kind") == "CronJob" else spec
    return _map(_map(inner.get("template")).get("spec"))


def _claim_names(pod: Mapping[str, Any]) -> Iterator[str]:
    volumes = pod.get("volumes")
    for volume in volumes if isinstance(volumes, list | tuple) else ():
        if isinstance(name := _map(_map(volume).get("persistentVolumeClaim")).get("claimName"), str):
            yield name


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def mounting_pods(platform: Platform, claim: Key) -> Sequence[Mapping[str, Any]]:
    """Return the pods that hold a claim, those that have ended left out; raises ClusterError."""
    pods = platform.client.list(Key("v1", "Pod", claim.namespace, ""))
    return [
        pod
        for pod in pods
        if claim.name in _claim_names(pod.get("spec") or {})
        and (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")
    ]


# ---------------------------------------------------------------- what goes along


def owned_claim(document: Mapping[str, Any]) -> str:
    """Return the name of the claim that an object of the NIM Operator made for itself, and that goes with it."""
    claim = _map(_map(_map(document.get("spec")).get("storage")).get("pvc"))
    if document.get("kind") not in ("NIMCache", "NIMService") or not claim.get("create"):
        return ""
    bound = _map(document.get("status")).get("pvc")
    return str(bound or claim.get("name") or f"{_map(document.get('metadata')).get('name')}-pvc")


def claims_of(key: Key, document: Mapping[str, Any]) -> Iterator[Key]:
    """Yield the claims that have to be free before an object can go: itself, or the one it owns."""
    if key.full_kind == CLAIM:
        yield key
    elif name := owned_claim(document):
        yield Key("v1", "PersistentVolumeClaim", key.namespace, name)


def is_kept(platform: Platform, key: Key, document: Mapping[str, Any]) -> bool:
    """Return whether an object outlives its declaration: a volume claim does, and what is annotated so."""
    annotations = _map(_map(document.get("metadata")).get("annotations"))
    if annotations.get(KEEP) not in (None, "false"):
        return True
    return key.full_kind == CLAIM and not platform.config.delete_volumes


def deletes_claims(document: Mapping[str, Any]) -> bool:
    """Return whether the claims that a StatefulSet made from its templates go with it."""
    spec = _map(document.get("spec"))
    policy = _map(spec.get("persistentVolumeClaimRetentionPolicy")).get("whenDeleted")
    return policy == "Delete" and bool(spec.get("volumeClaimTemplates"))


def templates_of(document: Mapping[str, Any]) -> list[str]:
    """Return the names of a StatefulSet's claim templates."""
    found = _map(document.get("spec")).get("volumeClaimTemplates")
    return [str(_map(_map(item).get("metadata")).get("name")) for item in found or ()]


def kept_claims(platform: Platform, key: Key, document: Mapping[str, Any]) -> list[str]:
    """Return the claims that a StatefulSet made and that stay when it goes; as its templates say where none is listed."""
    templates = templates_of(document)
    if key.full_kind != STATEFUL or not templates or deletes_claims(document):
        return []
    own = re.compile(rf"(?:{'|'.join(map(re.escape, templates))})-{re.escape(key.name)}-\d+")
    try:
        listed = platform.client.list(Key("v1", "PersistentVolumeClaim", key.namespace, ""), metadata=True)
    except ClusterError:
        count = int(_map(document.get("spec")).get("replicas") or 0)
        return [f"{template}-{key.name}-{at}" for template in templates for at in range(count)]
    names = [str(item["metadata"]["name"]) for item in listed]
    return sorted(name for name in names if own.fullmatch(name))
