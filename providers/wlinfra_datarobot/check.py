"""Refuses, before any call, what DataRobot cannot do; the rules that hold everywhere are the resources' own.

`provider` calls `check`; it is pure. Where the version of the API is not known yet, only what no version can do is
refused, and the planners refuse the rest once the version is found out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from wlinfra.errors import Diagnostic, Severity
from wlinfra.provider import DeclaredPaths, PlatformObject
from wlinfra.resources.artifact import Artifact
from wlinfra.resources.autoscaling import Metric, ScalingPolicy
from wlinfra.resources.base import Resource
from wlinfra.resources.container import Container
from wlinfra.resources.lookup import Lookup
from wlinfra.resources.variables import ApiKey
from wlinfra.resources.workload import Workload

from .attributes.artifact import ARTIFACT_ROWS
from .attributes.dialects import DIALECTS, BoundsPlace, Dialect
from .attributes.paths import artifact_paths, workload_paths
from .attributes.rows import Shape
from .attributes.workload import WORKLOAD_ROWS
from .platform import ARTIFACT_KIND, WORKLOAD_KIND

__all__ = ["check", "of_the_found_version"]

_NIM_METRICS = frozenset({Metric.GPU_CACHE, Metric.QUEUE_DEPTH})
_OLD_METRICS = frozenset({Metric.REQUESTS_PER_HOUR, Metric.REQUESTS_IN_FLIGHT})
_NOT_GRANTED = frozenset({"Unconfined"})


def check(resource: Resource, dialect: Dialect | None) -> list[Diagnostic]:
    """Return what is wrong with the resource on this platform, and what is probably not meant."""
    dialects = (dialect,) if dialect is not None else tuple(DIALECTS.values())
    match resource:
        case Artifact():
            return list(_artifact(resource, dialects))
        case Workload():
            return list(_workload(resource, dialects))
        case Lookup():
            return list(_looked_up(resource))
        case _:
            return [
                Diagnostic(
                    summary="Resource type is unknown",
                    detail=f"DataRobot has nothing that a resource of type {resource.type!r} could become.",
                    fix="Give it the provider that has it: provider=...",
                )
            ]


def _artifact(artifact: Artifact, dialects: tuple[Dialect, ...]) -> Iterator[Diagnostic]:
    yield from _gaps(ARTIFACT_ROWS, ARTIFACT_ROWS.written(artifact), artifact_paths(artifact), dialects)
    if len(artifact.groups) > 1:
        yield _too_many("container_groups", len(artifact.groups))
    for group in artifact.groups:
        for container in group.containers:
            yield from _container(container, dialects)


def _container(container: Container, dialects: tuple[Dialect, ...]) -> Iterator[Diagnostic]:
    build = container.build
    if build is not None and build.code_ref is None:
        yield Diagnostic(
            summary="Build has no sources",
            detail=f"The container {container.name} is built from sources, but no code_ref says which.",
            fix="Give build=wl.ImageBuild(code_ref=wl.CodeRef(catalog_id=..., catalog_version_id=...)).",
            path=f"containers[{container.name}].build.code_ref",
        )
    if build is not None and not container.primary:
        yield Diagnostic(
            summary="Build not allowed here",
            detail=f"Only the primary container can be built by the platform, and {container.name} is none.",
            fix="Build the image elsewhere and give image=...",
            path=f"containers[{container.name}].build",
        )
    yield from _security(container)
    if any(isinstance(variable.value, ApiKey) and not variable.name for variable in container.env):
        yield _lacking(dialects, "an API key without a variable name", "env", "Give the variable a name.")


def _security(container: Container) -> Iterator[Diagnostic]:
    security = container.security
    if security is None:
        return
    loosened = [
        name
        for name, is_loose in (
            ("capabilities.add", bool(security.capabilities and security.capabilities.add)),
            ("allow_privilege_escalation", security.allow_privilege_escalation is True),
            (
                "seccomp_profile",
                security.seccomp_profile is not None and security.seccomp_profile.type in _NOT_GRANTED,
            ),
        )
        if is_loose
    ]
    for name in loosened:
        yield Diagnostic(
            summary="Needs an administrator's role",
            detail=f"{name} loosens the container's confinement, which DataRobot allows to MLOps administrators only.",
            fix="Leave it out, unless the token belongs to an administrator.",
            severity=Severity.WARNING,
            path=f"containers[{container.name}].security.{name}",
        )


def _workload(workload: Workload, dialects: tuple[Dialect, ...]) -> Iterator[Diagnostic]:
    if workload.tags:
        yield Diagnostic(
            summary="Tags cannot be written",
            detail="DataRobot shows the tags of workloads and filters by them, but documents no call that writes them.",
            fix="Leave tags out and set them in the platform's own screens.",
            path="tags",
        )
    if len(workload.groups) > 1:
        yield _too_many("runtime.container_groups", len(workload.groups))
    kind = workload.artifact.artifact_type if isinstance(workload.artifact, Artifact) else None
    for group in workload.groups:
        for policy in group.all_policies:
            yield from _policy(policy, kind, dialects)
        bounds = {(policy.min, policy.max) for policy in group.all_policies}
        if len(bounds) > 1 and not any(dialect.bounds is BoundsPlace.POLICY for dialect in dialects):
            yield Diagnostic(
                summary="Replica bounds differ",
                detail=f"This version of the API ({_names(dialects)}) has one smallest and one largest number of "
                "replicas for a group, but the policies give different ones.",
                fix="Give every policy of the group the same min and max.",
                path="autoscaling.policies",
            )
    for role in workload.shared_roles or ():
        if role.id is not None and not isinstance(role.id, str):
            yield Diagnostic(
                summary="Recipient must be known",
                detail="The recipient of a shared role is part of what is compared, so it cannot be known after apply only.",
                fix="Give the recipient's id or user name as a text.",
                path="shared_roles",
            )
    yield from _gaps(WORKLOAD_ROWS, WORKLOAD_ROWS.written(workload), workload_paths(workload), dialects)
    if isinstance(workload.artifact, Artifact):
        yield from (item for item in _artifact(workload.artifact, dialects) if item.is_error)


def _too_many(path: str, count: int) -> Diagnostic:
    return Diagnostic(
        summary="Too many container groups",
        detail=f"DataRobot takes one container group, and {count} are declared.",
        fix="Put the containers into one group, or declare an artifact and a workload for each.",
        path=path,
    )


def _policy(policy: ScalingPolicy, kind: str | None, dialects: tuple[Dialect, ...]) -> Iterator[Diagnostic]:
    path = f"autoscaling.policies.{policy.metric}"
    if policy.metric in _OLD_METRICS:
        yield Diagnostic(
            summary="Scaling metric not available",
            detail=f"{policy.metric} belonged to the console interface of 2025; workloads of the versions "
            f"{_names(tuple(DIALECTS.values()))} cannot scale by it.",
            fix="Scale by wl.concurrency(target=..., min=..., max=...).",
            path=path,
        )
        return
    needs_nim = policy.is_custom or policy.metric in _NIM_METRICS
    free = {name for dialect in dialects for name in dialect.free_metric_types}
    if needs_nim and kind is not None and kind not in free:
        yield Diagnostic(
            summary="Scaling metric needs a NIM",
            detail=f"{policy.metric} is measured in NIM artifacts only, and this one is of type {kind}.",
            fix='Set type="nim" on the artifact, or scale by wl.concurrency or wl.cpu.',
            path=path,
        )


def of_the_found_version(desired: PlatformObject, dialect: Callable[[], Dialect]) -> Iterator[Diagnostic]:
    """Yield the warnings of `check` about a version of the API that was not known then.

    It is found out with a request, and only where it matters.
    """
    if desired.kind != WORKLOAD_KIND:
        return
    if any(gap.ignored for known in DIALECTS.values() for gap in WORKLOAD_ROWS.sent(desired.values, known)[1]):
        found = _gaps(WORKLOAD_ROWS, desired.values, desired.declared, (dialect(),))
        yield from (item for item in found if not item.is_error)


def _looked_up(resource: Lookup) -> Iterator[Diagnostic]:
    if resource.lookup_type not in (ARTIFACT_KIND, WORKLOAD_KIND):
        yield Diagnostic(
            summary="Resource type is unknown",
            detail=f"DataRobot has no {resource.lookup_type!r} to look up.",
            fix='Look up "workload" or "artifact".',
        )
    if resource.filters:
        yield Diagnostic(
            summary="Lookup filter is unknown",
            detail=f"Workloads and artifacts are looked up by name or id, not by {', '.join(sorted(resource.filters))}.",
            fix="Leave the other arguments out.",
        )


def _gaps(
    rows: Shape, document: Mapping[str, Any], declared: DeclaredPaths, dialects: tuple[Dialect, ...]
) -> Iterator[Diagnostic]:
    """Yield what none of the versions can take of a document, and what none of them applies."""
    first, *others = (rows.sent(document, dialect)[1] for dialect in dialects)
    for gap in first:
        if not all(gap in other for other in others):
            continue
        path = declared.name(gap.path)
        if not gap.ignored:
            yield _lacking(dialects, gap.what, path, gap.fix)
            continue
        yield Diagnostic(
            summary="Accepted but not applied",
            detail=f"This version of the API ({_names(dialects)}) accepts {gap.name} and does not apply it.",
            fix=gap.fix,
            severity=Severity.WARNING,
            path=path,
        )


def _lacking(dialects: tuple[Dialect, ...], what: str, path: str, fix: str) -> Diagnostic:
    return Diagnostic(
        summary="Not in this API version",
        detail=f"The version of the API ({_names(dialects)}) does not have {what}.",
        fix=fix,
        path=path,
    )


def _names(dialects: tuple[Dialect, ...]) -> str:
    return ", ".join(dialect.name for dialect in dialects)
