"""Which draft a workload runs: a running workload never adopts an edited draft by itself.

`plan_workload` compares the digest of the draft's spec with the one the workload last rolled to, so that a crash
between the edit and the roll is seen by the next plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

import orjson

from wlinfra.errors import ConfigurationError
from wlinfra.provider import Action, Change, Digest, PlanRequest
from wlinfra.values import Json, Ref, Secret, is_open, map_leaves

from ..platform import ARTIFACT_KIND
from .rollout import has_replacement

__all__ = ["DraftRun", "artifact_change", "draft_digest", "draft_run", "rolling_memory"]


def artifact_change(request: PlanRequest) -> Change | None:
    """Return the planned change of the artifact this workload runs, when this stack owns it."""
    if request.desired is None:
        return None
    wanted = request.desired.values.get("artifactId")
    for change in request.dependencies.values():
        if change.kind != ARTIFACT_KIND or change.action is Action.READ:
            continue
        is_named = wanted.address == change.address if isinstance(wanted, Ref) else wanted == change.outputs.get("id")
        if is_named:
            return change
    return None


def draft_digest(change: Change | None, digest: Digest) -> str | None:
    """Return the keyed digest of a draft's wanted spec; None for a locked one, or while it cannot be known."""
    if change is None or change.values.get("status") != "draft" or not digest.known:
        return None
    spec = change.values["spec"]
    if is_open(spec):
        return None
    try:
        return digest(orjson.dumps(_with_digests(spec, digest), option=orjson.OPT_SORT_KEYS))
    except ConfigurationError:
        # A plan needs no secrets: without them only the edit itself is seen, not one that an interrupted run left.
        return None


class DraftRun(Enum):
    """Whether a workload runs its draft as it is now."""

    CURRENT = "current"
    UNDER_WAY = "under way"
    """Our own roll to it has begun and is not over."""
    STALE = "stale"


def draft_run(
    change: Change | None, now: str | None, memory: Mapping[str, Any], workload: Mapping[str, Any]
) -> DraftRun:
    """Return whether the draft is edited in this plan, or was edited since the workload last rolled to it.

    A roll whose end was not seen, because the run did not wait or was cut off, is judged by what serves now.
    """
    if change is None or change.values.get("status") != "draft":
        return DraftRun.CURRENT
    is_edited = change.action is not Action.CREATE and any(
        isinstance(step.payload, Mapping) and "spec" in step.payload for step in change.steps
    )
    before, begun = memory.get("draft"), memory.get("rolling") or {}
    if is_edited:
        return DraftRun.STALE
    if before is None or now is None or before == now:
        return DraftRun.CURRENT
    if begun.get("draft") != now:
        return DraftRun.STALE
    if has_replacement(workload):
        candidates = sorted((workload.get("replacement") or {}).get("candidateProtonIds") or ())
        return DraftRun.UNDER_WAY if candidates != begun.get("candidates") else DraftRun.STALE
    return DraftRun.CURRENT if workload.get("protonId") != begun.get("proton") else DraftRun.STALE


def rolling_memory(lookup: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a workload remembers of a roll that has begun; nothing where it runs no draft."""
    if not lookup.get("draft"):
        return {}
    return {"rolling": {name: lookup.get(name) for name in ("draft", "proton", "candidates")}}


def _with_digests(spec: Json, digest: Digest) -> Json:
    return map_leaves(spec, lambda leaf: digest(leaf.reveal()) if isinstance(leaf, Secret) else leaf)
