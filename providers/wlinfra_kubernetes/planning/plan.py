"""Plans one object by asking the cluster what an apply would do: the server's dry run is the plan.

`provider` calls `plan`. What is not declared any more, lives in the state alone or cannot be judged yet is planned
without asking.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from wlinfra.provider import (
    Absent,
    Action,
    ActionReason,
    BlastRadius,
    Decision,
    Impact,
    PlanRequest,
    PlatformObject,
    default_decision,
)
from wlinfra.values import is_open
from wlinfra_kubernetes.bundles.choose import Chosen, choose_bundle
from wlinfra_kubernetes.cluster.failures import ClusterError
from wlinfra_kubernetes.lineage import taking_over
from wlinfra_kubernetes.losses import loss_of, with_loss
from wlinfra_kubernetes.ownership.former import under_its_name
from wlinfra_kubernetes.ownership.identity import shown_owner
from wlinfra_kubernetes.ownership.inventory import with_live_kinds
from wlinfra_kubernetes.platform import Platform
from wlinfra_kubernetes.private import private_of
from wlinfra_kubernetes.volumes import CLAIM, claims_of, is_kept, kept_claims
from wlinfra_manifests.document import Key

from .attributes import theirs
from .context import ObjectContext
from .impact import impact_of, impact_of_end, without_surge
from .interruption import with_idling, with_interruption
from .plan_existing import comparable, plan_existing, refuse_foreign
from .plan_new import plan_new
from .predicted import NO_SECRET, NOT_KNOWN, READ_ONLY, predicted
from .quotas import within_quota
from .recorded import unchanged, with_stamp
from .restarts import stamp_of, with_readers_named
from .steps import delete_step, gone_goal
from .warnings import with_warnings

__all__ = ["plan"]


def plan(platform: Platform, request: PlanRequest) -> Decision:
    """Return what must happen to one object; raises ProviderError for what the cluster refuses."""
    desired = request.desired
    if (settled := unchanged(platform, request)) is not None:
        return settled
    request = _with_document(platform, request)
    if desired is None or request.deposed_id is not None:
        return _end(platform, request)
    if desired.virtual or desired.lookup:
        return default_decision(request)
    if (named := under_its_name(desired, request)) is not desired:
        kept = _wanted(platform, replace(request, desired=named), named)
        if kept.action is not Action.REPLACE and all(item.live == item.planned for item in kept.attributes):
            return replace(kept, name=named.name)
        request = replace(request, reading=Absent())  # it changes, and takes its new name with that
    return _wanted(platform, request, desired)


def _with_document(platform: Platform, request: PlanRequest) -> PlanRequest:
    """Return the request with the live object where its record stands in for it.

    What a dry run answers is compared with the complete object, strategies and owners included, so that a plan that
    trusts the recorded values still needs it. One that cannot be had, or is another object by now, is left out.
    """
    live, context = request.live, request.desired or request.prior
    if live is None or live.document or context is None or context.virtual:
        return request
    if request.desired is not None and request.desired.lookup:
        return request
    try:
        document = platform.client.get(Key.parse(context.kind, context.name))
    except ClusterError:
        return request
    if document is None or document["metadata"]["uid"] != live.id:
        return request
    return replace(request, reading=replace(live, document=document))


def _wanted(platform: Platform, request: PlanRequest, desired: PlatformObject) -> Decision:
    """Return what must happen to a declared object."""
    private = private_of(desired)
    chosen = Chosen()
    if private.inventory:
        desired = with_live_kinds(desired, request.live)
        request = replace(request, desired=desired)
    if private.offer is not None:
        chosen = choose_bundle(platform, request, desired, private.offer)
        desired = replace(desired, values=chosen.values)
        request = replace(request, desired=desired)
    impact = impact_of(platform, desired, request.live)
    draft = replace(default_decision(request), impact=impact, goal=None)
    if request.live is not None and draft.drift:
        draft = replace(draft, drift=theirs(platform.identity, request.live, draft.drift))
    context = ObjectContext(
        platform=platform, request=request, desired=desired, draft=draft, stamp=stamp_of(platform, request, desired)
    )
    judged = with_stamp(_judged(context), context.stamp)
    if private.inventory and platform.foreign:
        return _taken_over(platform, request, judged)
    change = with_readers_named(within_quota(platform, request, desired, judged), desired)
    change = replace(change, notes=(*chosen.notes, *change.notes))
    if change.action is Action.ROLL or change.impact == Impact():
        return change
    return replace(change, impact=without_surge(change.impact))


def _taken_over(platform: Platform, request: PlanRequest, change: Decision) -> Decision:
    """Return the import of another state's inventory; it always makes the call that claims it."""
    if not change.steps and request.desired is not None:
        desired = request.desired
        context = ObjectContext(platform=platform, request=request, desired=desired, draft=replace(change, goal=None))
        change = context.finished(context.draft, [context.applying()])
    return taking_over(platform, change)


def _judged(context: ObjectContext) -> Decision:
    refuse_foreign(context)
    return with_warnings(
        context, with_idling(context.desired, with_interruption(context.desired, _compared(context), context.document))
    )


def _compared(context: ObjectContext) -> Decision:
    if lacking := context.lacking_secrets:
        return _without_secrets(context, lacking)
    if is_open(dict(context.desired.values)):
        return predicted(comparable(context), NOT_KNOWN)
    if context.platform.config.read_only:
        return predicted(comparable(context), READ_ONLY)
    return plan_new(context) if context.request.live is None else plan_existing(context)


def _without_secrets(context: ObjectContext, lacking: Sequence[str]) -> Decision:
    """Return what is known without them: they count as unchanged, and an apply that sends them is refused."""
    change = predicted(comparable(context), NO_SECRET)
    said = "is not known here" if context.live is None else "cannot be compared and counts as unchanged"
    return replace(change, notes=(*change.notes, *(f"a secret {said}: {why}" for why in lacking)))


# ---------------------------------------------------------------- the end of an object


def _end(platform: Platform, request: PlanRequest) -> Decision:
    record = request.subject
    change = default_decision(request, steps=lambda draft: [delete_step(record, draft.id)])
    if change.action is not Action.DELETE:
        return change
    document: Mapping[str, Any] = request.live.document if request.live is not None else {}
    change = replace(change, impact=impact_of_end(platform, document))
    if owner := platform.identity.other_owner(document):
        return _forgotten(change, f"it belongs to {shown_owner(owner, document)}, so it stays")
    if document and is_kept(platform, Key.parse(record.kind, record.name), document):
        return _forgotten(
            change, "it is kept, because it holds data; delete it with kubectl when it is no longer needed"
        )
    key = Key.parse(record.kind, record.name)
    claims = [claim.full_name for claim in claims_of(key, document)] if document else []
    change = replace(change, steps=(delete_step(record, change.id, claims),))
    kept = kept_claims(platform, key, document)
    note = f"its volume claims are kept: {', '.join(kept)}; delete them with kubectl when they are no longer needed"
    leaves = tuple(f"{CLAIM} {key.namespace}/{name}" for name in kept)
    change = replace(
        change, goal=gone_goal(record.name), notes=(*change.notes, *([note] if kept else ())), leaves=leaves
    )
    if (lost := loss_of(key, document)) is not None:
        return replace(change, **with_loss(lost))
    runs = key.kind in ("Deployment", "StatefulSet", "DaemonSet", "NIMService", "Service")
    return change if runs else replace(change, blast_radius=BlastRadius.NONE)


def _forgotten(change: Decision, why: str) -> Decision:
    return replace(
        change,
        action=Action.FORGET,
        reason=ActionReason.RETAINED,
        steps=(),
        goal=None,
        notes=(*change.notes, why),
        blast_radius=BlastRadius.NONE,
        impact=Impact(),
    )
