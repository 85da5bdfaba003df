"""What a program calls the fields of the objects that are rendered from a workload and its artifact.

Providers of clusters give each object its table; a manifest has none, for it is declared as the cluster has it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from typing import Any, Final, get_args, get_origin

from pydantic import AliasChoices
from pydantic.fields import FieldInfo

from wlinfra.provider import DeclaredPaths, Lifecycle, RenderedObject
from wlinfra.resources.artifact import Artifact
from wlinfra.resources.workload import Workload

from .attributes import attribute_paths
from .model import Gpu, Target

__all__ = ["declared_paths", "of_artifact", "unknown_paths"]

_AMOUNTS: Final = (".requests[*]", ".limits[*]")
_NAMED: Final = frozenset({"cpu", "memory", "ephemeral-storage"})


def declared_paths(item: RenderedObject, workload: Workload, artifact: Artifact, target: Target) -> DeclaredPaths:
    """Return the table of an object."""
    return DeclaredPaths(partial(_pairs, item, workload, artifact, target))


def _pairs(item: RenderedObject, workload: Workload, artifact: Artifact, target: Target) -> Iterator[tuple[str, str]]:
    group = item.part.rpartition("/")[0] or artifact.groups[0].name
    # A device that is no longer declared has a path too, and is not in the manifest.
    known = (bundle.gpu.resource for bundle in target.bundles.values() if bundle.gpu is not None)
    devices = tuple(dict.fromkeys([*_devices(item.manifest), *known, Gpu().resource]))
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
    """Return what an artifact ignores, for the objects that run it; what none of them has is ignored anyway.

    Its ``replace_on`` is about the artifact itself: what runs it rolls to another one.
    """
    return Lifecycle(ignore_changes=tuple(f"artifact.{path}" for path in artifact.lifecycle.ignore_changes))


def unknown_paths(artifact: Artifact) -> Iterator[tuple[str, str, str]]:
    """Yield the option, the path and the nearest one, else empty, of each path of the lifecycle that nothing has."""
    lifecycle = artifact.lifecycle
    for option, paths in (("ignore_changes", lifecycle.ignore_changes), ("replace_on", lifecycle.replace_on)):
        for path in paths:
            if (nearest := _nearest(path)) != path:
                yield option, path, nearest


def _nearest(path: str) -> str:
    """Return the path itself where an artifact may have it; elements have any names, and what is in no model too."""
    models: list[Any] = [Artifact]
    is_list, parts = False, path.split(".")
    for place, part in enumerate(parts):
        name, bracket, _ = part.partition("[")
        fields = [
            field for model in models for own, field in model.model_fields.items() if name in _spellings(own, field)
        ]
        if not models or name in ("*", "spec"):  # DataRobot's own paths begin with spec
            return path
        if not fields and is_list:
            is_list = False  # the name of an element
            continue
        if not fields:
            known = [own for model in models for own in model.model_fields]
            near = get_close_matches(name, known, 1)
            return ".".join([*parts[:place], part.replace(name, near[0], 1), *parts[place + 1 :]]) if near else ""
        is_list = not bracket and any(_is_many(field.annotation) for field in fields)
        models = [model for field in fields for model in _models(field.annotation)]
    return path


def _is_many(annotation: Any) -> bool:
    return get_origin(annotation) in (tuple, list, dict) or any(map(_is_many, get_args(annotation)))


def _spellings(name: str, field: FieldInfo) -> Sequence[object]:
    alias = field.validation_alias
    return [name, *(alias.choices if isinstance(alias, AliasChoices) else (alias,))]


def _models(annotation: Any) -> Iterator[Any]:
    """Yield the models that a value may be."""
    if hasattr(annotation, "model_fields"):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)
