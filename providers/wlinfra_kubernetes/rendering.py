"""The manifests of a stack as files hold them: what `wlinfra render` writes for GitOps.

`provider` calls `manifests`; pure. Files have none of the marks of ownership: whoever applies them owns the objects.
"""

from __future__ import annotations

from collections.abc import Sequence

from wlinfra.provider import RenderedObject
from wlinfra.resources.artifact import Artifact
from wlinfra.resources.base import Resource
from wlinfra.resources.workload import Workload
from wlinfra_manifests.render import render_workload

from .declared.resources import Manifest
from .expand_context import ExpandContext, in_namespace

__all__ = ["manifests"]


def manifests(context: ExpandContext, resource: Resource) -> Sequence[RenderedObject]:
    """Return the objects of a resource; none for an artifact, which lives in the state alone."""
    match resource:
        case Workload() if isinstance(resource.artifact, Artifact):
            return render_workload(resource, resource.artifact, context.target).objects
        case Manifest():
            placed = in_namespace(context, resource.manifest, cluster_scoped=resource.cluster_scoped)
            return (RenderedObject(part="", manifest=placed),)
        case _:
            return ()
