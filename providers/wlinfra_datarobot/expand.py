"""Turns declared resources into the objects DataRobot has, in the shape that is compared.

`provider` calls `expand`; it is pure. An artifact is one object and so is a workload; an artifact that is given to a
workload without being yielded becomes an object at its own address all the same
(docs/decisions/datarobot-inline-artifacts.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

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

__all__ = ["ARTIFACT_OUTPUTS", "WORKLOAD_OUTPUTS", "artifact_wishes", "expand"]

ARTIFACT_OUTPUTS = ("id", "version", "repository_id")
WORKLOAD_OUTPUTS = ("id", "endpoint", "artifact_id")


def expand(resource: Resource, dependencies: Mapping[Address, Resource]) -> list[PlatformObject]:
    """Return the objects the resource stands for."""
    match resource:
        case Artifact():
            return [_artifact_object(resource)]
        case Workload():
            own = _object(resource, WORKLOAD_KIND, _workload_wishes(resource), workload_paths(resource))
            return [*_unyielded(resource, dependencies), own]
        case Lookup():
            return [_looked_up(resource)]
        case _:
            return []


def artifact_wishes(artifact: Artifact) -> dict[str, Json]:
    """Return what an artifact declares, in the compared shape."""
    return ARTIFACT_ROWS.written(artifact)


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
    return _object(artifact, ARTIFACT_KIND, artifact_wishes(artifact), artifact_paths(artifact))


def _object(resource: Resource, kind: str, values: Mapping[str, Json], declared: DeclaredPaths) -> PlatformObject:
    is_artifact = kind == ARTIFACT_KIND
    return PlatformObject(
        address=resource.address,
        kind=kind,
        name=resource.name_on_platform,
        values=values,
        schema=ARTIFACT if is_artifact else WORKLOAD,
        declared=declared,
        outputs=ARTIFACT_OUTPUTS if is_artifact else WORKLOAD_OUTPUTS,
        depends_on=resource.depends_on,
        provider=resource.provider,
        lifecycle=resource.lifecycle,
        location=resource.location,
    )


def _looked_up(resource: Lookup) -> PlatformObject:
    is_artifact = resource.lookup_type == ARTIFACT_KIND
    return PlatformObject(
        address=resource.address,
        kind=resource.lookup_type,
        name=resource.platform_name or resource.name,
        values={},
        schema=ARTIFACT if is_artifact else WORKLOAD,
        outputs=ARTIFACT_OUTPUTS if is_artifact else WORKLOAD_OUTPUTS,
        depends_on=resource.depends_on,
        provider=resource.provider,
        location=resource.location,
        private=LookedUp(id=resource.lookup_id if isinstance(resource.lookup_id, str) else None),
        refers=tuple(find_refs(resource.lookup_id)),
        lookup=True,
    )
