"""An artifact on a platform that has none: a record whose id follows from its contents."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import partial

from wlinfra.provider import OPAQUE, DeclaredPaths, PlatformObject
from wlinfra.resources.artifact import Artifact

__all__ = ["virtual_artifact"]


def virtual_artifact(artifact: Artifact) -> PlatformObject:
    """Return the object of an artifact on a platform without artifacts: it lives in the state alone, its id is a digest."""
    images = [str(container.image) for group in artifact.groups for container in group.containers]
    content = repr((artifact.artifact_type, artifact.groups, artifact.storage))
    digest = hashlib.sha256(content.encode()).hexdigest()
    return PlatformObject(
        address=artifact.address,
        kind="artifact",
        name=artifact.name_on_platform,
        values={"type": artifact.artifact_type, "images": images, "content": digest},
        schema=OPAQUE,
        declared=DeclaredPaths(partial(_images, artifact)),
        outputs=("id", "version"),
        stable="",
        known_outputs={"id": f"sha256:{digest}", "version": digest[:12]},
        virtual=True,
    )


def _images(artifact: Artifact) -> Iterator[tuple[str, str]]:
    """Yield what the program calls each image."""
    named = [(group.name, container.name) for group in artifact.groups for container in group.containers]
    for index, (group, container) in enumerate(named):
        above = f"container_groups[{group}]." if artifact.container_groups else ""
        yield f"images[{index}]", f"{above}containers[{container}].image"
