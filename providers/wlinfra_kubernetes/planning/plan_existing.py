"""Plans an object that exists, by what a dry run of the apply answers.

`plan` calls it. The answer is compared with the live object: nothing, an update, a roll, taking ownership; what the
cluster refuses is handed to `replacement`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from wlinfra.provider import (
    Action,
    ActionReason,
    AttributeChange,
    BlastRadius,
    Decision,
    Effect,
    Impact,
    Origin,
    Step,
    default_decision,
    needs_call,
)
from wlinfra.values import Json, Path
from wlinfra_kubernetes.cluster.failures import ClusterError, Failure
from wlinfra_kubernetes.documents.fieldpath import FieldPath, owns, without
from wlinfra_kubernetes.documents.policies import policy_of
from wlinfra_kubernetes.operations.fields import claim_step, emptying_step, hand_over_step
from wlinfra_kubernetes.ownership.identity import APPLIED, HANDOVER, shown_owner
from wlinfra_kubernetes.private import private_of
from wlinfra_manifests.document import at, declared_values, managed_by, meaning, united, wire

from .attributes import attributes_of, is_new_to_us, ownership_of, theirs
from .claims import is_growing, with_wait_noted, with_waiting_size
from .conflicts import Resolved, Terms, conflicts_of, settle, with_scalers, yielded, yielded_fields
from .context import ObjectContext
from .handover import Scaler, scalers_of
from .impact import impact_of
from .predicted import predicted
from .refusals import lacking
from .replacement import confirmed, fixed, forced, is_fixed, unchangeable
from .steps import goal_of
from .unions import Answer, answered

__all__ = ["comparable", "plan_existing", "refuse_foreign"]

_REPLICAS: Final = ("spec", "replicas")
_DEFAULTS: Final = "what is declared no more is removed; the cluster may fill in a default of its own instead"
_LOOKS: Final = 5
"""How often an object is looked at again that is written while it is asked about."""


def plan_existing(context: ObjectContext) -> Decision:
    """Return what must happen; raises ProviderError for conflicts and for what the cluster refuses."""
    if change := forced(context):
        return confirmed(context, change)
    try:
        return _asked(context)
    except ClusterError as error:
        if error.failure is Failure.FORBIDDEN:
            return predicted(comparable(context), lacking(error))
        if error.failure is not Failure.INVALID or not is_growing(context):
            return unchangeable(context, error)
    held = with_waiting_size(context)
    try:
        return with_wait_noted(context, _asked(held))
    except ClusterError as error:
        return unchangeable(held, error)


def refuse_foreign(context: ObjectContext) -> None:
    """Raise ProviderError for an object of another stack, unless it is to be taken over."""
    owner = context.platform.identity.other_owner(context.document)
    if owner and not context.desired.lifecycle.adopt:
        raise context.error(
            "Object belongs to another stack",
            f"{context.desired.address} declares {context.key}, which belongs to {shown_owner(owner, context.document)}.",
            f"Give it another name here, or destroy it there. To take it over, or where this stack was renamed, declare adopt=True on {context.desired.address.resource} and apply; "
            "the other stack forgets it when it stops declaring it.",
        )


# ---------------------------------------------------------------- asking


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What was sent, and what comes of it."""

    answer: Answer
    sent: Resolved

    def again(self, context: ObjectContext) -> _Asked:
        """Return the same question with a new answer."""
        return replace(self, answer=answered(context, self.sent.body, force=self.sent.force))


def _asked(context: ObjectContext) -> Decision:
    """Return what comes of the apply; raises ClusterError for what the cluster refuses."""
    body, kept = _with_kept_replicas(context)
    return _compared(context, _settled(context, body), kept)


def _settled(context: ObjectContext, body: Json) -> _Asked:
    """Return the cluster's answer, conflicts settled; raises ClusterError for any other refusal."""
    platform = context.platform
    policies = _policies(context)
    left = yielded(body, context.document, policies, platform.identity)
    try:
        return _Asked(answer=answered(context, left.body), sent=left)
    except ClusterError as error:
        if error.failure is not Failure.CONFLICT:
            raise
        conflicts = conflicts_of(error, context.document, wire(left.body), context.desired.declared)
    scalers = scalers_of(platform, context.key) if any(one.path == _REPLICAS for one in conflicts) else []
    terms = Terms(
        policies=policies,
        adopting=is_new_to_us(context) or context.draft.action is Action.IMPORT,
        held=managed_by(context.document, platform.identity.manager),
        hands_back=scalers is not None and _hands_back(context, scalers),
    )
    found = with_scalers(conflicts, () if terms.hands_back else scalers or ())
    settled = settle(context.desired.address, left.body, found, terms)
    sent = replace(settled, notes=(*left.notes, *settled.notes))
    return _Asked(answer=answered(context, sent.body, force=sent.force), sent=sent)


def comparable(context: ObjectContext) -> ObjectContext:
    """Return the context with a draft to go by where the cluster cannot be asked.

    It leaves out what is left to others, which a comparison would call a change, and looks at what is live of paths
    that were declared at the last apply and are no more, which it would call gone.
    """
    platform, request, live = context.platform, context.request, context.live
    if live is None:
        return context
    values = dict(context.desired.values)
    known = _known(context)
    left = yielded_fields(values, context.document, _policies(context), platform.identity)
    paths = [*(item.path for item in left), *_passed_on(context, known)]
    if not paths and known == values:
        return context

    def rest(tree: Mapping[str, Json]) -> dict[str, Json]:
        for path in paths:
            tree = without(tree, path)
        return dict(tree)

    desired = replace(context.desired, values=rest(values))
    prior = request.prior and replace(request.prior, values=rest(request.prior.values))
    found = rest(declared_values(context.document, known))
    draft = default_decision(replace(request, desired=desired, prior=prior, reading=replace(live, values=found)))
    draft = replace(draft, drift=theirs(platform.identity, live, draft.drift))
    if any(item.planned is None for item in draft.attributes):
        draft = replace(draft, predicted=(*draft.predicted, _DEFAULTS))
    return replace(context, draft=replace(draft, impact=impact_of(platform, desired, live), goal=None))


def _known(context: ObjectContext) -> Mapping[str, Json]:
    """Return what is declared and what was at the last apply."""
    values, prior = dict(context.desired.values), context.request.prior
    if prior is None or context.live is None or prior.id != context.live.id:
        return values
    return {**values, **{name: united(values.get(name), item) for name, item in prior.values.items()}}


def _passed_on(context: ObjectContext, known: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """Yield the path of replicas that are declared no more because an autoscaler has them."""
    gone = at(dict(known), _REPLICAS) is not None and at(dict(context.desired.values), _REPLICAS) is None
    if gone and _is_scaled(context):
        yield _REPLICAS


def _policies(context: ObjectContext) -> Mapping[str, str]:
    """Return what was decided about conflicts; paths of `ignore_changes` are left to whoever holds them.

    A number that is a default is left to an autoscaler of another owner.
    """
    platform = context.platform
    ignored = dict.fromkeys(context.desired.lifecycle.ignore_changes, "yield")
    decided = {**ignored, **platform.config.conflicts, **ignored}
    if not private_of(context.desired).replicas_left_out or policy_of(_REPLICAS, decided):
        return decided
    own = (platform.identity.manager, HANDOVER)
    entries = (context.document.get("metadata") or {}).get("managedFields") or ()
    held = any(owns(entry.get("fieldsV1") or {}, _REPLICAS) for entry in entries if entry.get("manager") not in own)
    scalers = scalers_of(platform, context.key) or () if held else ()
    if all(platform.identity.owns(scaler.document) for scaler in scalers):
        return decided
    return {**decided, ".".join(_REPLICAS): "yield"}


def _hands_back(context: ObjectContext, scalers: Sequence[Scaler]) -> bool:
    """True when no autoscaler but our own, which goes in this plan, holds the replicas any more."""
    if private_of(context.desired).autoscaled:
        return False
    return all(context.platform.identity.owns(scaler.document) for scaler in scalers)


def _with_kept_replicas(context: ObjectContext) -> tuple[Any, int | None]:
    """Return what to ask about and the replicas to hand over, when an autoscaler takes over what was ours."""
    body = context.body
    live = (context.document.get("spec") or {}).get("replicas")
    ours = owns(managed_by(context.document, context.platform.identity.manager), _REPLICAS)
    if not ours or live is None or "replicas" in (body.get("spec") or {}) or not _is_scaled(context):
        return body, None
    return {**body, "spec": {**(body.get("spec") or {}), "replicas": live}}, int(live)


def _is_scaled(context: ObjectContext) -> bool:
    return bool(private_of(context.desired).autoscaled or scalers_of(context.platform, context.key))


# ---------------------------------------------------------------- comparing


def _compared(context: ObjectContext, asked: _Asked, kept: int | None) -> Decision:
    manager = context.platform.identity.manager
    live, asked = _of_one_version(context, asked)
    planned, sent = asked.answer.planned, asked.sent
    before, after = meaning(live, ignored=(APPLIED,)), meaning(planned, ignored=(APPLIED,))
    context = _with_true_impact(context, planned)
    attributes = attributes_of(context, before, after) if before != after else ()
    if is_fixed(context, attributes):
        return fixed(context, attributes)
    held, holds = managed_by(live, manager), managed_by(planned, manager)
    claimed = ownership_of(context, held, holds, after, _left_to_others(context)) if held != holds else ()
    importing = context.draft.action is Action.IMPORT
    if not attributes and not claimed and kept is None and not importing:
        return _unchanged(context, sent.notes)
    body = without(sent.body, _REPLICAS) if kept is not None else sent.body
    draft = replace(context.draft, attributes=attributes or claimed, notes=(*context.draft.notes, *sent.notes))
    effect = max((item.effect for item in attributes), default=Effect.STORED)
    if effect is Effect.ROLLS and context.stamp.is_late:  # the pods restart anyway, so they get their stamp with it
        return plan_existing(replace(context, stamp=context.stamp.with_next_roll))
    action = Action.IMPORT if importing else Action.ROLL if effect is Effect.ROLLS else Action.UPDATE
    handing = [hand_over_step(context.desired, draft.id, kept)] if kept is not None else []
    claims = [claim_step(context.desired, draft.id, asked.answer.claims)] if asked.answer.claims else []
    first = without(asked.answer.first, _REPLICAS) if kept is not None else asked.answer.first
    emptying = [emptying_step(context.desired, draft.id, first)] if first is not None else []
    steps: Sequence[Step] = [
        *handing,
        *claims,
        *emptying,
        context.applying(body, force=sent.force),
    ]
    if not attributes:
        draft = replace(draft, label="hand over replicas" if kept is not None else "take ownership")
    return context.finished(
        draft,
        steps,
        action=action,
        reason=_reason(context, attributes),
        blast_radius=BlastRadius.ROLLING if effect is Effect.ROLLS else BlastRadius.NONE,
        drift=tuple(replace(item, planned=None) for item in attributes if item.origin in (Origin.DRIFT, Origin.BOTH)),
        moving=_moving(context, attributes),
    )


def _left_to_others(context: ObjectContext) -> list[FieldPath]:
    """Return the declared fields that are left to managers who hold them: to let go of one alone is no change."""
    found = yielded_fields(context.body, context.document, _policies(context), context.platform.identity)
    return [item.path for item in found]


def _moving(context: ObjectContext, attributes: Sequence[AttributeChange]) -> tuple[Path, ...]:
    """Return the replicas where an autoscaler of this stack moves them until it goes."""
    if all(item.path != _REPLICAS for item in attributes):
        return ()
    owns_it = context.platform.identity.owns
    return (_REPLICAS,) if any(owns_it(one.document) for one in scalers_of(context.platform, context.key) or ()) else ()


def _with_true_impact(context: ObjectContext, planned: Mapping[str, Any]) -> ObjectContext:
    """Return the context whose impact counts the replicas that come of it: who yields them keeps the live ones."""
    if context.draft.impact == Impact():
        return context
    impact = impact_of(context.platform, replace(context.desired, values=dict(planned)), context.live)
    return replace(context, draft=replace(context.draft, impact=impact))


def _of_one_version(context: ObjectContext, asked: _Asked) -> tuple[Mapping[str, Any], _Asked]:
    """Return what is live and what would be, of one version: a controller may write between reading and asking."""
    live = context.document
    for _ in range(_LOOKS):
        planned = asked.answer.planned
        if _version(live) == _version(planned) or meaning(live) == meaning(planned):
            break
        live = context.platform.client.get(context.key) or live
        asked = asked.again(context)
    return live, asked


def _version(document: Mapping[str, Any]) -> Any:
    return (document.get("metadata") or {}).get("resourceVersion")


def _unchanged(context: ObjectContext, notes: tuple[str, ...]) -> Decision:
    """Return a no-op, or an update of the record alone where it does not hold what is wanted and live."""
    draft = context.draft
    if draft.action is Action.UPDATE and not needs_call(draft):
        return draft
    prior = context.request.prior
    unready = draft.reason is ActionReason.UNREADY and draft.action is Action.NO_OP
    change = replace(
        draft,
        action=Action.NO_OP,
        reason=ActionReason.UNREADY if unready else ActionReason.UNCHANGED,
        attributes=(),
        drift=(),
        notes=(*draft.notes, *notes),
    )
    if prior is None or not prior.values:  # found again by its label: the record learns it
        return replace(change, action=Action.IMPORT, reason=ActionReason.NOT_IN_STATE)
    return replace(change, goal=goal_of(context.desired, change.action)) if unready else change


def _reason(context: ObjectContext, attributes: Sequence[AttributeChange]) -> ActionReason:
    if context.draft.action is Action.IMPORT:
        return context.draft.reason or ActionReason.FOUND_BY_NAME
    if attributes and all(item.origin is Origin.DRIFT for item in attributes):
        return ActionReason.DRIFTED
    return ActionReason.ATTRIBUTE_CHANGED
