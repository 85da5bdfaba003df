"""Turns a workload and its artifact into Kubernetes objects, group by group.

Called by the providers that speak Kubernetes; every other module of this package renders one kind of object for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from wlinfra.provider import RenderedObject
from wlinfra.resources.artifact import Artifact
from wlinfra.resources.container import ContainerGroup
from wlinfra.resources.declaring import Problem
from wlinfra.resources.mistakes import nearest
from wlinfra.resources.runtime import GroupRuntime
from wlinfra.resources.workload import Workload

from .deployment import render_budget, render_deployment
from .entry import endpoint, render_entry
from .group import Group
from .hardware import render_claim_template
from .hpa import render_hpa
from .keda import render_keda, render_route
from .labels import Description, describe
from .limits import check_containers, check_workload
from .model import Bundle, Rendered, Target
from .names import object_name, resource_name
from .nim import render_nim
from .problems import Problems
from .scaling import Scaling, decide_scaling
from .secrets import render_secret
from .service import render_services
from .storage import render_storage

__all__ = ["render_workload"]


def render_workload(
    workload: Workload, artifact: Artifact, target: Target, *, chosen: Mapping[str, str] | None = None
) -> Rendered:
    """Return the objects of the workload on the target, and everything the target cannot honour.

    ``chosen`` names the bundle of each container group; a group it does not name takes the first of its list.
    Pure: the same arguments give the same objects in the same order.
    """
    problems = Problems()
    check_workload(workload, artifact, target, problems)
    frame = _Frame(
        workload=workload,
        artifact=artifact,
        target=target,
        chosen=chosen or {},
        description=describe(workload, artifact, target, problems),
        problems=problems,
    )
    groups = [frame.group(containers) for containers in artifact.groups]
    objects = [item for group in groups for item in _render_group(group)]
    frame.check_groups()
    return Rendered(
        objects=tuple(objects),
        problems=tuple(problems.found),
        notes=tuple(problems.notes),
        endpoint=endpoint(groups[0]),
    )


def _render_group(group: Group) -> Iterator[RenderedObject]:
    """Yield the objects of one group, those first that others need."""
    check_containers(group)
    scaling = decide_scaling(group)
    needed = [*render_secret(group), *render_storage(group), *render_claim_template(group)]
    yield from needed
    needs = tuple(item.part for item in needed)
    yield render_nim(group, scaling, needs) if group.by_operator else render_deployment(group, needs)
    yield from render_services(group)
    yield from render_route(group)
    if scaling is not None:
        yield from _autoscaler(group, scaling)
    yield from render_budget(group)
    yield from render_entry(group)


def _autoscaler(group: Group, scaling: Scaling) -> Iterator[RenderedObject]:
    """Yield the autoscaler, unless it stands inside the NIMService."""
    if scaling.by == "keda":
        yield render_keda(group, scaling)
    elif not group.by_operator:
        yield render_hpa(group, scaling)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """What all groups of a workload have in common."""

    workload: Workload
    artifact: Artifact
    target: Target
    chosen: Mapping[str, str]
    description: Description
    problems: Problems

    def group(self, containers: ContainerGroup) -> Group:
        """Return one group with its runtime, its name and its bundle."""
        sole = len(self.artifact.groups) == 1
        owner = resource_name(self.workload)
        runtimes = {runtime.name: runtime for runtime in self.workload.groups}
        group = Group(
            workload=self.workload,
            artifact=self.artifact,
            target=self.target,
            containers=containers,
            runtime=runtimes.get(containers.name) or GroupRuntime.model_construct(name=containers.name),
            description=self.description,
            problems=self.problems,
            name=object_name(owner if sole else f"{owner}-{containers.name}"),
            owner=object_name(owner),
            is_sole=sole,
        )
        bundle_id, bundle = _bundle(group, self.chosen)
        return replace(group, bundle_id=bundle_id, bundle=bundle)

    def check_groups(self) -> None:
        """Report runtimes of groups that the artifact does not have."""
        known = [group.name for group in self.artifact.groups]
        for index, runtime in enumerate(self.workload.groups):
            if runtime.name not in known:
                self.problems.refuse(
                    self.workload,
                    Problem(
                        summary="Unknown container group",
                        detail=f"The artifact has no group {runtime.name}; it has {', '.join(known)}.",
                        fix="Use the name the artifact gives it.",
                        path=("runtime", "container_groups", index, "name"),
                    ),
                )


def _bundle(group: Group, chosen: Mapping[str, str]) -> tuple[str, Bundle | None]:
    """Return the bundle that was chosen, or the first one; every one of the list must be known."""
    for index, bundle_id in enumerate(group.runtime.bundles):
        if not isinstance(bundle_id, str) or bundle_id not in group.target.bundles:
            group.refuse_workload(group.in_runtime("bundles", index), _unknown_bundle(str(bundle_id), group.target))
    if not group.runtime.bundles:
        return "", None
    bundle_id = chosen.get(group.containers.name, str(group.runtime.bundles[0]))
    bundle = group.target.bundles.get(bundle_id)
    return (bundle_id, bundle) if bundle is not None else ("", None)


def _unknown_bundle(bundle_id: str, target: Target) -> Problem:
    known = ", ".join(sorted(target.bundles))
    guess = nearest(bundle_id, target.bundles)
    return Problem(
        summary="Unknown bundle",
        detail=f"The catalogue of this environment has no bundle {bundle_id}; it has {known or 'none'}.",
        fix=f"Did you mean {guess}?" if guess else "Describe it in the bundles of the environment: bundles={...}.",
    )
