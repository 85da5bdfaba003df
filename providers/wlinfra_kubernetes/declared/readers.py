"""Which Secrets and ConfigMaps pods read: by name, from the template of what makes the pods.

`expand` asks, so that a change of what is read can be reported, or roll the pods that read it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

__all__ = ["CONTENTS", "READ_KINDS", "Source", "contents_of", "sources_of"]

Source: TypeAlias = tuple[str, str]
"""Kind and name, such as ``("Secret", "keys")``."""

READ_KINDS: Final = frozenset({"Secret", "ConfigMap"})
CONTENTS: Final = ("data", "stringData", "binaryData")
_VOLUMES: Final = (("secret", "Secret", "secretName"), ("configMap", "ConfigMap", "name"))
_VARIABLES: Final = (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap"))
_ALL_VARIABLES: Final = (("secretRef", "Secret"), ("configMapRef", "ConfigMap"))


def contents_of(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of a Secret or ConfigMap that pods read."""
    return {part: manifest[part] for part in CONTENTS if manifest.get(part)}


def sources_of(pod: Mapping[str, Any]) -> Iterator[Source]:
    """Yield what the containers of a pod read: by a variable, by all variables of one source, or by a volume."""
    for container in (*_maps(pod.get("initContainers")), *_maps(pod.get("containers"))):
        for variable in _maps(container.get("env")):
            given = variable.get("valueFrom")
            yield from _named(given if isinstance(given, Mapping) else {}, _VARIABLES)
        for source in _maps(container.get("envFrom")):
            yield from _named(source, _ALL_VARIABLES)
    for volume in _maps(pod.get("volumes")):
        yield from _mounted(volume)
        projected = volume.get("projected")
        for source in _maps(projected.get("sources") if isinstance(projected, Mapping) else None):
            yield from _named(source, (("secret", "Secret"), ("configMap", "ConfigMap")))


def _named(value: Mapping[str, Any], members: Sequence[tuple[str, str]]) -> Iterator[Source]:
    for member, kind in members:
        found = value.get(member)
        if isinstance(found, Mapping) and isinstance(name := found.get("name"), str):
            yield kind, name


def _mounted(volume: Mapping[str, Any]) -> Iterator[Source]:
    for member, kind, key in _VOLUMES:
        found = volume.get(member)
        if isinstance(found, Mapping) and isinstance(name := found.get(key), str):
            yield kind, name


def _maps(value: Any) -> Iterator[Mapping[str, Any]]:
    yield from (item for item in value if isinstance(item, Mapping)) if isinstance(value, list | tuple) else ()
