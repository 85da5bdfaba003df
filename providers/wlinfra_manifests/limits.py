"""What a complete workload asks for and no cluster has; `render` calls this before anything is rendered."""

from __future__ import annotations

from collections.abc import Iterator

from wlinfra.resources.artifact import Artifact
from wlinfra.resources.declaring import Problem
from wlinfra.resources.workload import Workload

from .group import Group
from .images import split_image
from .model import Target
from .problems import Problems

__all__ = ["check_containers", "check_workload"]


def check_workload(workload: Workload, artifact: Artifact, target: Target, problems: Problems) -> None:
    """Report what is refused or ignored of the workload and its artifact."""
    if workload.shared_roles:
        problems.refuse(
            workload,
            Problem(
                summary="Sharing not possible here",
                detail="Who may use a workload is decided by the cluster's own roles, not by the workload.",
                fix="Leave shared_roles out, and bind roles in the namespace.",
                path=("shared_roles",),
            ),
        )
    if workload.replacement is not None and workload.replacement.keep_old_minutes:
        problems.warn(
            workload,
            Problem(
                summary="Old version is not kept",
                detail="A rollout ends the old pods as soon as the new ones serve.",
                fix="Leave keep_old_minutes out; kubectl rollout undo brings an old version back.",
                path=("replacement", "keep_old_minutes"),
            ),
        )
    for problem in _ignored(artifact):
        problems.warn(artifact, problem)
    if target.entry is not None and not target.domain:
        problems.warn(
            workload,
            Problem(
                summary="No domain for its host",
                detail="The target has a way in from outside, but no domain to name a host in.",
                fix='Give it in the target options of the environment: domain="example.com".',
                path=("name",),
            ),
        )


def _ignored(artifact: Artifact) -> Iterator[Problem]:
    for name, what in (
        ("template_id", "Templates belong to another platform"),
        ("a2a_enabled", "Whether agents may call each other is decided by the network here"),
        ("repository", "A cluster keeps no repository of versions"),
    ):
        if getattr(artifact, name) is not None:
            yield Problem(
                summary="Has no effect here",
                detail=f"{what}, so that {name} is ignored.",
                fix=f"Leave {name} out for this environment.",
                path=(name,),
            )


def check_containers(group: Group) -> None:
    """Report builds and images that may change under a locked artifact, and runtimes of unknown containers."""
    for container in group.containers.containers:
        if container.build is not None:
            group.refuse_container(
                container,
                "build",
                Problem(
                    summary="Image builds not possible here",
                    detail="A cluster runs images and builds none.",
                    fix="Build the image elsewhere, push it, and give it as image=.",
                ),
            )
        if not isinstance(container.image, str) or group.artifact.status != "locked":
            continue
        image = split_image(container.image)
        if image.is_mutable:
            named = f"The tag {image.tag}" if image.tag else "An image without a tag"
            path = group.in_artifact(container, "image")
            group.problems.warn(
                group.artifact,
                Problem(
                    summary="Locked with a mutable tag",
                    detail=f"{named} can mean another image tomorrow, so that a locked artifact would not stay what it is.",
                    fix="Give the digest: image@sha256:..., or a full version.",
                    path=path,
                ),
            )
    _check_names(group)


def _check_names(group: Group) -> None:
    known = {container.name for container in group.containers.containers}
    for entry in group.runtime.containers:
        if entry.name not in known:
            group.refuse_workload(
                group.in_runtime("containers" if group.workload.runtime else "allocations", entry.name),
                Problem(
                    summary="Unknown container",
                    detail=f"The artifact has no container {entry.name}; it has {', '.join(map(str, known))}.",
                    fix="Use the name the artifact gives it.",
                ),
            )
