"""Plans the end of an artifact: never deletes a repository or a version that this stack did not make.

`plan_artifact` calls it for what is no longer declared, for deposed objects, and for the old half of a replacement.
"""

from __future__ import annotations

from dataclasses import replace

from wlinfra.errors import ProviderError
from wlinfra.http.failures import ApiError
from wlinfra.provider import Action, BlastRadius, Decision, PlanRequest, Step
from wlinfra.values import Address

from .. import fetch
from ..client import ArtifactFilter
from ..operations.artifacts import DELETE_ARTIFACT, DELETE_REPOSITORY, in_use, users_of
from ..platform import ARTIFACT_KIND, Platform
from .held_drafts import let_go, refuse_wanted
from .permissions import CAN_DELETE, verify_permissions

__all__ = ["artifact_end"]


def artifact_end(platform: Platform, request: PlanRequest, draft: Decision) -> Decision:
    """Return the deletion of the artifact, or its forgetting with a note that names what stays."""
    prior = request.prior
    artifact_id = request.deposed_id or (request.live.id if request.live is not None else None)
    if prior is None or artifact_id is None:
        return replace(draft, action=Action.FORGET, steps=())
    document = _document(platform, request, artifact_id)
    if document is None:
        step = _delete_artifact(artifact_id)
        return replace(draft, steps=(step,)) if request.deposed_id else replace(draft, action=Action.FORGET)
    repository = document.get("artifactRepositoryId")
    ours = set(prior.memory.get("versions") or ())
    others = sorted(row["id"] for row in _versions(platform, repository) if row["id"] not in ours)
    if repository in (prior.memory.get("repositories") or ()) and artifact_id in ours and not others:
        step = _delete_repository(artifact_id, str(repository))
    elif artifact_id in ours and document.get("status") == "draft":
        step = _delete_artifact(artifact_id)
    else:
        return _forgotten(draft, _why_it_stays(artifact_id, ours, others), request)
    predicted = verify_permissions(document, [CAN_DELETE], prior)
    return replace(
        draft,
        steps=(step,),
        after=_after_users(platform, request, step, ours),
        blast_radius=BlastRadius.NONE,
        reversible=False,
        irreversible_because="its versions are gone for good",
        predicted=predicted,
    )


def _document(platform: Platform, request: PlanRequest, artifact_id: str) -> fetch.Document | None:
    if request.live is not None and request.live.id == artifact_id and request.live.document:
        return request.live.document
    found = fetch.get(platform, ARTIFACT_KIND, artifact_id)
    if isinstance(found, ApiError):
        raise ProviderError(*found.diagnostics)
    return found


def _versions(platform: Platform, repository: str | None) -> list[fetch.Document]:
    if repository is None:
        return []
    rows = platform.client.artifacts.list(ArtifactFilter(repository_id=repository))
    return [dict(row) for row in rows if row.get("artifactRepositoryId") == repository]


def _why_it_stays(artifact_id: str, ours: set[str], others: list[str]) -> str:
    if artifact_id not in ours:
        return "it stays on the platform: this stack did not make it"
    if others:
        return f"it stays on the platform: a locked version goes only with its repository, which also holds {', '.join(others)}"
    return "it stays on the platform: a locked version goes only with its repository, which this stack did not make"


def _forgotten(draft: Decision, note: str, request: PlanRequest) -> Decision:
    """Let go of the record; a deposed object that cannot be deleted is let go of as well."""
    return replace(
        draft,
        action=Action.FORGET if request.desired is None or request.deposed_id else draft.action,
        steps=(),
        goal=None,
        blast_radius=BlastRadius.NONE,
        notes=(*draft.notes, note),
    )


def _delete_repository(artifact_id: str, repository: str) -> Step:
    return DELETE_REPOSITORY.step(
        "delete it with all its versions",
        artifact_id,
        lookup={"repository": repository},
        named={"repository": repository},
    )


def _delete_artifact(artifact_id: str) -> Step:
    return DELETE_ARTIFACT.step("delete the draft", artifact_id)


def _after_users(platform: Platform, request: PlanRequest, step: Step, versions: set[str]) -> tuple[Address, ...]:
    """Return the workloads of this plan that let go of the artifact first; raises where one does not."""
    if request.deposed_id is not None:
        return ()
    repository, artifact_id = step.lookup.get("repository"), str(step.target)
    refuse_wanted(request, versions if repository else {artifact_id})
    users = users_of(platform, artifact_id, repository)
    after = {row["id"]: let_go(request, row["id"]) for row in users}
    staying = [row for row in users if after[row["id"]] is None]
    if staying and not request.others.partial:
        raise ProviderError(in_use(staying))
    return tuple(address for addresses in after.values() for address in addresses or ())
