"""Which draft a workload runs: a running workload never adopts an edited draft by itself.

`plan_workload` compares the digest of the draft's spec with the one the workload last rolled to, so that a crash
between the edit and the roll is seen by the next plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from wlinfra.changes.model import Action, Change
from wlinfra.errors import ConfigurationError
from wlinfra.provider.base import PlanRequest
from wlinfra.state.key import Digest
from wlinfra.values import Json, Ref, Secret, is_open, map_leaves

from .platform import ARTIFACT_KIND

__all__ = ["artifact_change", "draft_digest", "must_reroll"]


def artifact_change(request: PlanRequest) -> Change | None:
    """Return the planned change of the artifact this workload runs, when this stack owns it."""
    if request.desired is None:
        return None
    wanted = request.desired.values.get("artifactId")
    for change in request.dependencies.values():
        if change.kind != ARTIFACT_KIND:
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


def must_reroll(change: Change | None, now: str | None, memory: Mapping[str, Any]) -> bool:
    """True when the draft is edited in this plan, or was edited since the workload last rolled to it."""
    if change is None or change.values.get("status") != "draft":
        return False
    is_edited = change.action is not Action.CREATE and any(
        isinstance(step.payload, Mapping) and "spec" in step.payload for step in change.steps
    )
    before = memory.get("draft")
    return is_edited or (before is not None and now is not None and before != now)


def _with_digests(spec: Json, digest: Digest) -> Json:
    return map_leaves(spec, lambda leaf: digest(leaf.reveal()) if isinstance(leaf, Secret) else leaf)
