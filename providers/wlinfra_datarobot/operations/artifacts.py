"""The calls that change artifacts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from wlinfra.errors import Diagnostic
from wlinfra.http.failures import ApiError
from wlinfra.provider import (
    DidNotHappen,
    Done,
    Happened,
    Intent,
    Operation,
    Recovery,
    Refused,
    Repeat,
    Sent,
    StepResult,
)
from wlinfra.remedies import Advice, import_

from ..client import ArtifactFilter, WorkloadFilter
from ..client.artifacts import Artifacts, Repositories
from ..compared.shapes import artifact_outputs
from ..platform import ARTIFACT_KIND, Platform
from .carried import confirm_gone
from .common import changed, creation, gone, identity_in, is_busy, live_document

__all__ = [
    "BUILD_ARTIFACT",
    "CREATE_ARTIFACT",
    "DELETE_ARTIFACT",
    "DELETE_REPOSITORY",
    "LOCK_ARTIFACT",
    "UPDATE_ARTIFACT",
    "in_use",
    "users_of",
]


def _made(answer: Mapping[str, Any], lookup: Mapping[str, Any]) -> Done:
    """Return what is recorded of an artifact that was made: who owns its repository, and which versions are ours."""
    repository = answer.get("artifactRepositoryId")
    return Done(
        id=identity_in(answer, "POST", "/artifacts"),
        outputs=artifact_outputs(answer),
        memory={
            "repositories": [*(lookup.get("repositories") or ()), *([] if lookup.get("repository") else [repository])],
            "versions": [*(lookup.get("versions") or ()), answer["id"]],
        },
    )


def _update(platform: Platform, sent: Sent) -> Done:
    answer = changed(platform.client.artifacts, "/artifacts", sent)
    return Done(id=sent.target, outputs={"version": answer.get("version")} if "version" in answer else {})


def _locked(platform: Platform, intent: Intent) -> Recovery:
    artifact = live_document(platform, ARTIFACT_KIND, intent.target)
    if artifact is not None and artifact.get("status") == "locked":
        return Happened(id=artifact["id"], outputs={"version": artifact.get("version")})
    return DidNotHappen()


def _build(platform: Platform, sent: Sent) -> Done:
    answer = platform.client.builds.start(sent.target)
    return Done(id=sent.target, memory={"builds": list(answer["buildIds"])})


def _built(platform: Platform, intent: Intent) -> Recovery:
    known = set(intent.lookup.get("known") or ())
    started = [build["id"] for build in platform.client.builds.list(intent.target or "") if build["id"] not in known]
    return Happened(id=intent.target, memory={"builds": started}) if started else DidNotHappen()


def _delete(platform: Platform, sent: Sent) -> StepResult:
    return _ended(platform, sent, platform.client.artifacts, "/artifacts", sent.target)


def _delete_repository(platform: Platform, sent: Sent) -> StepResult:
    return _ended(platform, sent, platform.client.repositories, "/artifactRepositories", sent.lookup["repository"])


def _ended(platform: Platform, sent: Sent, calls: Artifacts | Repositories, path: str, identity: str) -> StepResult:
    try:
        if calls.delete(identity) is not None:
            confirm_gone(f"{path}/{identity}", lambda: calls.get(identity))
    except ApiError as error:
        return _in_use(platform, sent, error)
    return Done()


def _in_use(platform: Platform, sent: Sent, error: ApiError) -> Refused:
    """Return the refusal where a workload runs it, which does not end by waiting; raises the error where none does."""
    try:
        users = users_of(platform, sent.target, sent.lookup.get("repository")) if is_busy(error, sent) else []
    except ApiError:  # it may end by waiting
        users = []
    if not users:
        raise error
    return Refused(error=in_use(users))


def users_of(platform: Platform, artifact: str, repository: str | None) -> list[Mapping[str, Any]]:
    """Return the workloads that run the artifact, or a version in the repository; what only ends still is not listed."""
    if repository:
        versions = {row["id"] for row in platform.client.artifacts.list(ArtifactFilter(repository_id=repository))}
        only = WorkloadFilter(repository_id=repository)
    else:
        versions, only = {artifact}, WorkloadFilter(artifact_id=artifact)
    return [
        dict(row)
        for row in platform.client.workloads.list(only)
        if row.get("artifactId") in versions and row.get("status") != "terminated"
    ]


def in_use(users: Sequence[Mapping[str, Any]]) -> Diagnostic:
    """Return why an artifact that these workloads run is not deleted."""
    return Diagnostic(
        summary="Artifact is in use",
        detail=f"DataRobot deletes no artifact that a workload runs, and {_and(users)} it.",
        fix=Advice(
            "If this stack made the workload and no longer records it, record it again, then run the command again:",
            *(import_(f"workload.{row['name']}", row["id"]) for row in users),
            "Otherwise delete the workload or move it to another artifact, or declare the artifact with retain=True.",
        ),
    )


def _and(users: Sequence[Mapping[str, Any]]) -> str:
    named = [f"{row['name']!r} [id={row['id']}]" for row in users]
    return f"{' and '.join(named)} {'runs' if len(users) == 1 else 'run'}"


CREATE_ARTIFACT: Final = creation(ARTIFACT_KIND, lambda client: client.artifacts, _made)
UPDATE_ARTIFACT: Final = Operation(
    name="update_artifact", verb="PATCH", path="/artifacts/{id}", call=_update, repeat=Repeat.SAFE
)
LOCK_ARTIFACT: Final = Operation(name="lock_artifact", verb="PATCH", path="/artifacts/{id}", call=_update, look=_locked)
BUILD_ARTIFACT: Final = Operation(
    name="build_artifact", verb="POST", path="/artifacts/{id}/builds", call=_build, look=_built
)


def _removal(name: str, path: str, call: Callable[[Platform, Sent], StepResult]) -> Operation[Platform]:
    return Operation(
        name=name,
        verb="DELETE",
        path=path,
        call=call,
        look=gone(ARTIFACT_KIND),
        repeat=Repeat.SAFE,
        removes=True,
        gone_is_done=True,
        passes=is_busy,
    )


DELETE_ARTIFACT: Final = _removal("delete_artifact", "/artifacts/{id}", _delete)
DELETE_REPOSITORY: Final = _removal("delete_repository", "/artifactRepositories/{repository}", _delete_repository)
