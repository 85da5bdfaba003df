"""Is the artifact that a workload is to run there, and may it follow the one that runs?

Asked before a create, a replacement and a roll; of an artifact that this stack owns, its planned change answers.
"""

from __future__ import annotations

from wlinfra.http.failures import ApiError
from wlinfra.provider import Decision, Live, PlanRequest
from wlinfra.values import Address

from .. import fetch
from ..compared.facts import known
from ..platform import ARTIFACT_KIND, Platform
from ..waits.drafts import artifact_change
from .held_drafts import after_others
from .refusal import refusal

__all__ = ["verify_artifact"]


def verify_artifact(
    platform: Platform, request: PlanRequest, draft: Decision, live: Live | None = None
) -> tuple[Address, ...]:
    """Return which objects of the plan have to let go of the artifact first: a draft serves one workload only.

    Raises DeclarationError for an id without an artifact, for a roll between a draft and a locked one, and for a draft
    that serves another workload.
    """
    wanted = _wanted_status(platform, request, draft)
    now = (known(live).get("artifact") or {}).get("status") if live is not None else None
    if now is None or wanted is None or (now == "draft") == (wanted == "draft"):
        artifact = draft.values.get("artifactId")
        return after_others(platform, request, artifact) if wanted == "draft" and isinstance(artifact, str) else ()
    raise refusal(
        request,
        "Draft and locked do not mix",
        f"It runs a {now} artifact and would be rolled to a {wanted} one; the platform replaces a draft by drafts and a "
        "locked artifact by locked ones only.",
        'Lock the draft that runs (status="locked" on the artifact it runs now), or declare a new workload.',
        path="artifact",
    )


def _wanted_status(platform: Platform, request: PlanRequest, draft: Decision) -> str | None:
    wanted, change = draft.values.get("artifactId"), artifact_change(request)  # a live id where the declared is ignored
    if change is not None and (not isinstance(wanted, str) or wanted == change.outputs.get("id")):
        return str(change.values.get("status"))
    if not isinstance(wanted, str):
        return None
    found = fetch.get(platform, ARTIFACT_KIND, wanted)
    if found is None:
        raise refusal(
            request,
            "No such artifact",
            f"DataRobot has no artifact with the id {wanted}, or the token may not see it.",
            'Correct the id, declare a wl.Artifact and pass it, or find one by its name: artifact=wl.lookup("artifact", name=...).',
            path="artifact",
        )
    return None if isinstance(found, ApiError) else found.get("status")
