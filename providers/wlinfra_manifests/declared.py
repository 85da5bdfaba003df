"""What a program calls the fields of the objects that are rendered from a workload and its artifact.

Providers of clusters give each object its table; a manifest has none, for it is declared as the cluster has it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

from wlinfra.provider import DeclaredPaths, Lifecycle, RenderedObject
from wlinfra.resources.artifact import Artifact
from wlinfra.resources.workload import Workload

from .attributes import attribute_paths

__all__ = ["declared_paths", "of_artifact"]

_AMOUNTS: Final = (".requests[*]", ".limits[*]")
_NAMED: Final = frozenset({"cpu", "memory", "ephemeral-storage"})


def declared_paths(item: RenderedObject, workload: Workload, artifact: Artifact) -> DeclaredPaths:
    """Return the table of an object."""
    return DeclaredPaths(partial(_pairs, item, workload, artifact))


def _pairs(item: RenderedObject, workload: Workload, artifact: Artifact) -> Iterator[tuple[str, str]]:
    group = item.part.rpartition("/")[0] or artifact.groups[0].name
    devices = tuple(dict.fromkeys(_devices(item.manifest)))
    for wire, name in attribute_paths(item.kind, workload, artifact, group=group):
        yield from _of_devices(wire, name, devices)
        yield wire, name


def _of_devices(wire: str, name: str, devices: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield the amounts of what is declared as GPUs by the names that they have on this cluster."""
    if wire.endswith(_AMOUNTS):
        yield from ((f"{wire.removesuffix('[*]')}[{json.dumps(device)}]", name) for device in devices)


def _devices(value: Any, above: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            if above in ("requests", "limits") and name not in _NAMED:
                yield name
            yield from _devices(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _devices(item)


def of_artifact(artifact: Artifact) -> Lifecycle:
    """Return what an artifact's lifecycle says of the objects that run it."""
    own = artifact.lifecycle
    return Lifecycle(
        ignore_changes=tuple(f"artifact.{path}" for path in own.ignore_changes),
        replace_on=tuple(f"artifact.{path}" for path in own.replace_on),
    )
