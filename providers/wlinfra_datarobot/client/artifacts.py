"""Artifacts, their repositories and their image builds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wlinfra_datarobot.client.calls import PAGE_SIZE, Calls, Methods, Pages, Payload, segment
from wlinfra_datarobot.client.sharing import Roles
from wlinfra_datarobot.client.wire_artifacts import (
    Artifact,
    Build,
    BuildsStarted,
    Repository,
)
from wlinfra_datarobot.client.wire_common import ArtifactOrder, ArtifactStatus, ArtifactType

__all__ = ["ArtifactFilter", "Artifacts", "Builds", "Repositories"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactFilter:
    """Which artifacts to list; all conditions must hold, any value of one condition suffices."""

    type: ArtifactType | Sequence[ArtifactType] | None = None
    status: ArtifactStatus | Sequence[ArtifactStatus] | None = None
    repository_id: str | None = None
    tag_keys: Sequence[str] = ()
    tag_values: Sequence[str] = ()
    created_by: str | None = None
    search: str | None = None
    ids: Sequence[str] = ()
    order_by: ArtifactOrder | None = None


class Artifacts:
    """Artifact versions; ``roles`` is who may use them."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self.roles = Roles(calls, "/artifacts")

    def create(self, artifact: Payload) -> Artifact:
        """Create an artifact, or a further version when it names a repository; see in the answer whether it is locked."""
        return self._calls.post("/artifacts", Artifact, artifact)

    def get(self, artifact_id: str) -> Artifact:
        """Return one artifact."""
        return self._calls.get(f"/artifacts/{segment(artifact_id)}", Artifact, identity=artifact_id)

    def update(self, artifact_id: str, patch: Payload) -> Artifact | None:
        """Change a draft, or lock it with ``status``; a spec is replaced as a whole."""
        return self._calls.patch(f"/artifacts/{segment(artifact_id)}", Artifact, patch, identity=artifact_id)

    def replace(self, artifact_id: str, artifact: Payload) -> Artifact:
        """Replace a draft as a whole."""
        return self._calls.put(f"/artifacts/{segment(artifact_id)}", Artifact, artifact, identity=artifact_id)

    def delete(self, artifact_id: str) -> Any:
        """Delete one draft version; locked ones and those in use are refused with 409. None is the usual answer."""
        return self._calls.delete(f"/artifacts/{segment(artifact_id)}")

    def clone(self, artifact_id: str, changes: dict[str, Any] | None = None) -> Artifact:
        """Make a draft copy of an artifact."""
        return self._calls.post(f"/artifacts/{segment(artifact_id)}/clone", Artifact, changes or {})

    def list(self, only: ArtifactFilter | None = None, *, offset: int = 0, limit: int = PAGE_SIZE) -> Pages[Artifact]:
        """Return the artifacts the filter selects."""
        return self._calls.pages("/artifacts", Artifact, self._calls.filters(only), offset=offset, limit=limit)


class Repositories(Methods):
    """Artifact repositories: a repository appears with its first artifact and vanishes with its last."""

    def get(self, repository_id: str) -> Repository:
        """Return one repository."""
        return self._calls.get(f"/artifactRepositories/{segment(repository_id)}", Repository, identity=repository_id)

    def delete(self, repository_id: str) -> Any:
        """Delete a repository with all its versions, locked ones too; 409 while one is in use. None is usual."""
        return self._calls.delete(f"/artifactRepositories/{segment(repository_id)}")

    def list(self, *, search: str | None = None, offset: int = 0, limit: int = PAGE_SIZE) -> Pages[Repository]:
        """Return the repositories."""
        return self._calls.pages("/artifactRepositories", Repository, {"search": search}, offset=offset, limit=limit)


class Builds(Methods):
    """Image builds of draft artifacts."""

    def start(self, artifact_id: str) -> BuildsStarted:
        """Build the images of a draft."""
        return self._calls.post(f"/artifacts/{segment(artifact_id)}/builds", BuildsStarted, {})

    def get(self, artifact_id: str, build_id: str) -> Build:
        """Return one build."""
        return self._calls.get(
            f"/artifacts/{segment(artifact_id)}/builds/{segment(build_id)}", Build, identity=build_id
        )

    def cancel(self, artifact_id: str, build_id: str) -> None:
        """Cancel a build."""
        self._calls.delete(f"/artifacts/{segment(artifact_id)}/builds/{segment(build_id)}")

    def logs(self, artifact_id: str, build_id: str) -> str:
        """Return what a build wrote."""
        body = self._calls.transport.request(
            "GET", f"/artifacts/{segment(artifact_id)}/builds/{segment(build_id)}/logs"
        ).body
        return body.decode("utf-8", "replace")

    def list(self, artifact_id: str, *, offset: int = 0, limit: int = PAGE_SIZE) -> Pages[Build]:
        """Return the builds of an artifact."""
        return self._calls.pages(f"/artifacts/{segment(artifact_id)}/builds", Build, {}, offset=offset, limit=limit)
