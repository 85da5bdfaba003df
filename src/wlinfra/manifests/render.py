"""Turns a workload and its artifact into Kubernetes objects, group by group.

Called by the providers that speak Kubernetes; every other module of this package renders one kind of object for it.
"""

from __future__ import annotations

from collections.abc import Mapping

from wlinfra.manifests.model import Rendered, Target
from wlinfra.resources.artifact import Artifact
from wlinfra.resources.workload import Workload

__all__ = ["render_workload"]


def render_workload(
    workload: Workload, artifact: Artifact, target: Target, *, chosen: Mapping[str, str] | None = None
) -> Rendered:
    """Return the objects of the workload on the target, and everything the target cannot honour.

    ``chosen`` names the bundle of each container group; a group it does not name takes the first of its list.
    Pure: the same arguments give the same objects in the same order.
    """
    return Rendered()
