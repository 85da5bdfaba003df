"""Entries that stand twice in a list whose entries have keys, such as a variable of a container.

The API server stores such a list by its keys and refuses a second entry without saying where it stands; charts render
them all the time. `declared.resources` looks for them before any call. Only kinds of Kubernetes itself are known here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from wlinfra.values import Path

__all__ = ["find_duplicates"]

_POD_SPECS: Final[Mapping[str, tuple[str, ...]]] = {
    "Pod": ("spec",),
    "PodTemplate": ("template", "spec"),
    **dict.fromkeys(
        ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "ReplicationController"),
        ("spec", "template", "spec"),
    ),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}
_GROUPS: Final = ("v1", "apps/v1", "batch/v1")
_CONTAINERS: Final = ("initContainers", "containers", "ephemeralContainers")
_IN_A_POD: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(_CONTAINERS, ("name",)),
    "volumes": ("name",),
    "imagePullSecrets": ("name",),
    "hostAliases": ("ip",),
    "resourceClaims": ("name",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
}
_IN_A_CONTAINER: Final[Mapping[str, tuple[str, ...]]] = {
    "env": ("name",),
    "ports": ("containerPort", "protocol"),
    "volumeMounts": ("mountPath",),
    "volumeDevices": ("devicePath",),
}
_DEFAULTS: Final = {"protocol": "TCP"}


def find_duplicates(manifest: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """Yield the path of each list with an entry that stands twice, and the entry's key in words."""
    if manifest.get("apiVersion") not in _GROUPS:
        return
    if manifest["apiVersion"] == "v1" and manifest.get("kind") == "Service":
        yield from _twice(manifest, ("spec",), "ports", ("port", "protocol"))
    path = _POD_SPECS.get(str(manifest.get("kind")))
    if path is None:
        return
    for name, keys in _IN_A_POD.items():
        yield from _twice(manifest, path, name, keys)
    pod = _at(manifest, path)
    for group in _CONTAINERS:
        for index, _ in enumerate(_entries(pod, group)):
            for name, keys in _IN_A_CONTAINER.items():
                yield from _twice(manifest, (*path, group, index), name, keys)


def _twice(manifest: Any, path: Path, name: str, keys: tuple[str, ...]) -> Iterator[tuple[Path, str]]:
    seen: set[tuple[Any, ...]] = set()
    reported: set[tuple[Any, ...]] = set()
    for entry in _entries(_at(manifest, path), name):
        if not isinstance(entry, Mapping):
            continue
        key = tuple(entry.get(part, _DEFAULTS.get(part)) for part in keys)
        if not all(isinstance(part, str | int) for part in key):
            continue  # a reference, or a mistake that the cluster names
        if key in seen and key not in reported:
            reported.add(key)
            yield (*path, name), ", ".join(f"{part} {value}" for part, value in zip(keys, key, strict=True))
        seen.add(key)


def _at(value: Any, path: Path) -> Any:
    for part in path:
        if isinstance(part, int):
            value = value[part] if isinstance(value, list) and part < len(value) else None
        else:
            value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _entries(holder: Any, name: str) -> list[Any]:
    found = holder.get(name) if isinstance(holder, Mapping) else None
    return found if isinstance(found, list) else []
