"""Which artifacts the platform has to build images for, from which sources, and whether a build is under way.

`plan_artifact` asks. A container is built when its sources changed, or when it has no image yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from wlinfra.http.failures import ApiError, FailureKind
from wlinfra.provider import PlanRequest
from wlinfra.values import Json

from ..compared.schema import BUILD_CONFIG
from ..compared.shapes import containers_of, with_containers
from ..platform import Platform
from ..waits.rollout import agrees
from .refusal import refusal

__all__ = ["needs_build", "open_builds", "verify_sources", "without_stale_images"]

_OVER = frozenset({"COMPLETED", "FAILED", "CANCELLED"})


def needs_build(wanted: Mapping[str, Json], live: Json) -> bool:
    """True when some container of the wanted spec has to be built."""
    return any(_containers_to_build(wanted, live))


def verify_sources(platform: Platform, request: PlanRequest, wanted: Mapping[str, Json], live: Json) -> None:
    """Raise DeclarationError where a container is to be built from sources that the platform does not have."""
    to_build = set(_containers_to_build(wanted, live))
    for container in containers_of(wanted):
        sources = ((container.get("imageBuildConfig") or {}).get("codeRef") or {}).get("datarobot") or {}
        catalog, version = sources.get("catalogId"), sources.get("catalogVersionId")
        if container["name"] not in to_build or not (isinstance(catalog, str) and isinstance(version, str)):
            continue
        try:
            platform.client.files.contained(catalog, version, limit=1).first()
        except ApiError as error:
            if error.kind is not FailureKind.NOT_FOUND:
                continue  # what cannot be read may be there: the build itself reports
            raise refusal(
                request,
                "No such sources",
                f"The container {container['name']} is to be built from the version {version} of the stored files "
                f"{catalog}, which DataRobot does not have, or the token may not see them.",
                "Correct catalog_id and catalog_version_id, or upload the sources again and give the ids of the answer.",
                path=f"containers[{container['name']}].build.code_ref",
            ) from None


def without_stale_images(wanted: Mapping[str, Json], live: Json) -> Json:
    """Return the live spec without the images of containers that are built again, so that no echo keeps the old ones."""
    stale = set(_containers_to_build(wanted, live))
    if not stale or not isinstance(live, Mapping):
        return live
    return with_containers(live, lambda container: _without_image(container, stale))


def open_builds(platform: Platform, artifact_id: str) -> list[str]:
    """Return the ids of the builds that are under way."""
    return [build["id"] for build in platform.client.builds.list(artifact_id) if build["status"] not in _OVER]


def _containers_to_build(wanted: Mapping[str, Json], live: Json) -> Iterator[str]:
    now = {item.get("name"): item for item in containers_of(live)}
    for container in containers_of(wanted):
        config = container.get("imageBuildConfig")
        if config is None or container.get("imageUri") is not None:
            continue
        before = now.get(container["name"], {})
        if before.get("imageUri") is None or not agrees(BUILD_CONFIG, config, before.get("imageBuildConfig")):
            yield container["name"]


def _without_image(container: Mapping[str, Any], stale: set[str]) -> dict[str, Any]:
    return {
        name: value for name, value in container.items() if name != "imageUri" or container.get("name") not in stale
    }
