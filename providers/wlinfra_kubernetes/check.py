"""What a cluster cannot do with a resource, said before any request.

`provider` calls `check`; what rendering finds wrong is part of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from wlinfra.errors import Diagnostic
from wlinfra.resources.artifact import Artifact
from wlinfra.resources.base import Resource
from wlinfra.resources.lookup import Lookup
from wlinfra.resources.workload import Workload
from wlinfra_manifests.declared import unknown_paths

from .bundles.offers import rendered_by_bundle
from .declared.resources import Manifest
from .expand_context import ExpandContext

__all__ = ["check"]


def check(context: ExpandContext, resource: Resource) -> Iterator[Diagnostic]:
    """Yield everything that is wrong with the resource on this platform."""
    match resource:
        case Workload():
            yield from _workload(context, resource)
        case Lookup():
            yield from _lookup(resource)
        case Artifact():
            yield from _artifact(resource)
        case Manifest():
            return
        case _:
            yield Diagnostic(
                summary="Resource not supported",
                detail=f"The Kubernetes provider has no {resource.type}.",
                fix="Give it to a provider that has it, or declare the objects as Manifests.",
            )


def _artifact(artifact: Artifact) -> Iterator[Diagnostic]:
    for option, path, meant in unknown_paths(artifact):
        yield Diagnostic(
            summary="No such attribute path",
            detail=f"{option} of {artifact.address} names {path!r}, which no artifact has, so that it would have no effect.",
            fix=(f"Did you mean {meant!r}? " if meant else "")
            + "Write the path as it is declared, elements of lists by their name or as *, such as containers[main].image.",
            address=artifact.address,
            path=option,
            location=artifact.location,
        )


def _lookup(resource: Lookup) -> Iterator[Diagnostic]:
    if resource.lookup_id is not None:
        yield Diagnostic(
            summary="Lookup by id not supported",
            detail="On Kubernetes objects are found by their names; nothing finds one by its uid.",
            fix=f'Name it: wl.lookup("{resource.lookup_type}", name="...").',
        )
    if resource.lookup_type == "artifact":
        yield Diagnostic(
            summary="Lookup not supported",
            detail="On Kubernetes nothing stores artifacts: one exists in the stack that declares it alone.",
            fix='Look up the workload that runs it, wl.lookup("workload", name="..."), or read what its stack exports: stack.outputs_of("...", env).',
        )
    elif resource.lookup_type not in ("manifest", "workload"):
        yield Diagnostic(
            summary="Lookup not supported",
            detail=f"On Kubernetes workloads and objects can be looked up, not a {resource.lookup_type}.",
            fix='Write it as wl.lookup("workload", name="gateway"), or wl.lookup("manifest", name="gateway", api_version="v1", kind="Service").',
        )


def _workload(context: ExpandContext, workload: Workload) -> Iterator[Diagnostic]:
    if not isinstance(workload.artifact, Artifact):
        yield Diagnostic(
            summary="Artifact not declared",
            detail="On Kubernetes nothing stores artifacts, so an id of one says nothing about what to run.",
            fix="Pass the artifact itself: artifact=wl.Artifact(...).",
            path="Workload.artifact",
        )
        return
    seen: set[tuple[str, str | None, str]] = set()
    for rendered in rendered_by_bundle(context.target, workload, workload.artifact).values():
        for problem in rendered.problems:
            mark = (problem.summary, problem.path, problem.detail)
            if mark not in seen:
                seen.add(mark)
                yield problem
