"""Turns declared resources into the objects DataRobot has, in the shape that is compared.

`provider` calls `expand`; it is pure. An artifact is one object and so is a workload; an artifact that is given to a
workload without being yielded becomes an object at its own address all the same
(docs/decisions/datarobot-inline-artifacts.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from wlinfra.errors import DeclarationError
from wlinfra.provider import DeclaredPaths, PlatformObject
from wlinfra.resources.artifact import Artifact
from wlinfra.resources.base import Resource
from wlinfra.resources.lookup import Lookup
from wlinfra.resources.workload import Workload
from wlinfra.values import Address, Json, find_refs

from .attributes.artifact import ARTIFACT_ROWS
from .attributes.paths import artifact_paths, workload_paths
from .attributes.workload import WORKLOAD_ROWS
from .compared.schema import ARTIFACT, WORKLOAD
from .compared.shapes import compared_runtime
from .platform import ARTIFACT_KIND, WORKLOAD_KIND, LookedUp

__all__ = ["expand"]

_KINDS: Final = {
    ARTIFACT_KIND: (ARTIFACT, ("id", "version", "repository_id"), "repository_id"),
    WORKLOAD_KIND: (WORKLOAD, ("id", "endpoint", "artifact_id"), "id"),
}
"""What is compared of each kind, what other resources may use of it, and what of that identifies it."""


def expand(resource: Resource, dependencies: Mapping[Address, Resource]) -> list[PlatformObject]:
    """Return the objects the resource stands for."""
    match resource:
        case Artifact():
            return [_artifact_object(resource)]
        case Workload():
            own = _object(resource, WORKLOAD_KIND, _workload_wishes(resource), workload_paths(resource))
            return [*_unyielded(resource, dependencies), own]
        case Lookup() if resource.lookup_type in _KINDS:
            return [_looked_up(resource)]
        case _:
            return []


def _unyielded(workload: Workload, dependencies: Mapping[Address, Resource]) -> Iterator[PlatformObject]:
    """Yield the object of an artifact that only its workload mentions."""
    artifact = workload.artifact
    if not isinstance(artifact, Artifact):
        return
    yielded = dependencies.get(artifact.address)
    if yielded is None:
        yield replace(_artifact_object(artifact), provider=workload.provider)
    elif yielded is not artifact and yielded != artifact:
        raise DeclarationError.of(
            "Two artifacts at one address",
            f"{workload.address} runs an artifact that is not yielded, and another one is yielded as {artifact.address}.",
            "Give one of them another name, or pass the yielded one.",
            address=workload.address,
            location=artifact.location,
        )


def _workload_wishes(workload: Workload) -> dict[str, Json]:
    wishes = WORKLOAD_ROWS.written(workload)
    return {**wishes, "runtime": compared_runtime(wishes["runtime"])} if "runtime" in wishes else wishes


def _artifact_object(artifact: Artifact) -> PlatformObject:
    return _object(artifact, ARTIFACT_KIND, ARTIFACT_ROWS.written(artifact), artifact_paths(artifact))


def _object(resource: Resource, kind: str, values: Mapping[str, Json], declared: DeclaredPaths) -> PlatformObject:
    item = _named(resource, kind, resource.name_on_platform)
    return replace(item, values=values, declared=declared, lifecycle=resource.lifecycle)


def _named(resource: Resource, kind: str, name: str) -> PlatformObject:
    schema, outputs, stable = _KINDS[kind]
    return PlatformObject(
        address=resource.address,
        kind=kind,
        name=name,
        values={},
        schema=schema,
        outputs=outputs,
        stable=stable,
        depends_on=resource.depends_on,
        provider=resource.provider,
        location=resource.location,
    )


def _looked_up(resource: Lookup) -> PlatformObject:
    return replace(
        _named(resource, resource.lookup_type, resource.platform_name or resource.name),
        private=LookedUp(id=resource.lookup_id if isinstance(resource.lookup_id, str) else None),
        refers=tuple(find_refs(resource.lookup_id)),
        lookup=True,
    )
