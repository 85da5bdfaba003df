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
from wlinfra_kubernetes.ownership.identity import APPLIED, HANDOVER, owner_told
from wlinfra_kubernetes.private import private_of
from wlinfra_manifests.document import at, declared_values, managed_by, meaning, united, wire

from .attributes import attributes_of, is_new_to_us, ownership_of, theirs
from .claims import is_growing, told_to_wait, with_waiting_size
from .conflicts import Settled, Terms, conflicts_of, settle, with_scalers, yielded, yielded_fields
from .handover import Scaler, scalers_of
from .impact import impact_of
from .predicted import predicted
from .refusals import lacking
from .replacement import confirmed, fixed, forced, is_fixed, unchangeable
from .steps import goal_of
from .subject import Subject
from .unions import Answer, answered

__all__ = ["comparable", "plan_existing", "refuse_foreign"]

_REPLICAS: Final = ("spec", "replicas")
_DEFAULTS: Final = "what is declared no more is removed; the cluster may fill in a default of its own instead"
_LOOKS: Final = 5
"""How often an object is looked at again that is written while it is asked about."""


def plan_existing(subject: Subject) -> Decision:
    """Return what must happen; raises ProviderError for conflicts and for what the cluster refuses."""
    if change := forced(subject):
        return confirmed(subject, change)
    try:
        return _asked(subject)
    except ClusterError as error:
        if error.failure is Failure.FORBIDDEN:
            return predicted(comparable(subject), lacking(error))
        if error.failure is not Failure.INVALID or not is_growing(subject):
            return unchangeable(subject, error)
    held = with_waiting_size(subject)
    try:
        return told_to_wait(subject, _asked(held))
    except ClusterError as error:
        return unchangeable(held, error)


def refuse_foreign(subject: Subject) -> None:
    """Raise ProviderError for an object of another stack, unless it is to be taken over."""
    owner = subject.platform.identity.other_owner(subject.document)
    if owner and not subject.desired.lifecycle.adopt:
        raise subject.error(
            "Object belongs to another stack",
            f"{subject.desired.address} declares {subject.key}, which belongs to {owner_told(owner, subject.document)}.",
            f"Give it another name here, or destroy it there. To take it over, or where this stack was renamed, declare adopt=True on {subject.desired.address.resource} and apply; "
            "the other stack forgets it when it stops declaring it.",
        )


# ---------------------------------------------------------------- asking


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What was sent, and what comes of it."""

    answer: Answer
    sent: Settled

    def again(self, subject: Subject) -> _Asked:
        """Return the same question with a new answer."""
        return replace(self, answer=answered(subject, self.sent.body, force=self.sent.force))


def _asked(subject: Subject) -> Decision:
    """Return what comes of the apply; raises ClusterError for what the cluster refuses."""
    body, kept = _with_kept_replicas(subject)
    return _compared(subject, _settled(subject, body), kept)


def _settled(subject: Subject, body: Json) -> _Asked:
    """Return the cluster's answer, conflicts settled; raises ClusterError for any other refusal."""
    platform = subject.platform
    policies = _policies(subject)
    left = yielded(body, subject.document, policies, platform.identity)
    try:
        return _Asked(answer=answered(subject, left.body), sent=left)
    except ClusterError as error:
        if error.failure is not Failure.CONFLICT:
            raise
        conflicts = conflicts_of(error, subject.document, wire(left.body), subject.desired.declared)
    scalers = scalers_of(platform, subject.key) if any(one.path == _REPLICAS for one in conflicts) else []
    terms = Terms(
        policies=policies,
        adopting=is_new_to_us(subject) or subject.draft.action is Action.IMPORT,
        held=managed_by(subject.document, platform.identity.manager),
        hands_back=scalers is not None and _hands_back(subject, scalers),
    )
    found = with_scalers(conflicts, () if terms.hands_back else scalers or ())
    settled = settle(subject.desired.address, left.body, found, terms)
    sent = replace(settled, notes=(*left.notes, *settled.notes))
    return _Asked(answer=answered(subject, sent.body, force=sent.force), sent=sent)


def comparable(subject: Subject) -> Subject:
    """Return the subject with a draft to go by where the cluster cannot be asked.

    It leaves out what is left to others, which a comparison would call a change, and looks at what is live of paths
    that were declared at the last apply and are no more, which it would call gone.
    """
    platform, request, live = subject.platform, subject.request, subject.live
    if live is None:
        return subject
    values = dict(subject.desired.values)
    known = _known(subject)
    left = yielded_fields(values, subject.document, _policies(subject), platform.identity)
    paths = [*(item.path for item in left), *_passed_on(subject, known)]
    if not paths and known == values:
        return subject

    def rest(tree: Mapping[str, Json]) -> dict[str, Json]:
        for path in paths:
            tree = without(tree, path)
        return dict(tree)

    desired = replace(subject.desired, values=rest(values))
    prior = request.prior and replace(request.prior, values=rest(request.prior.values))
    found = rest(declared_values(subject.document, known))
    draft = default_decision(replace(request, desired=desired, prior=prior, reading=replace(live, values=found)))
    draft = replace(draft, drift=theirs(platform.identity, live, draft.drift))
    if any(item.planned is None for item in draft.attributes):
        draft = replace(draft, predicted=(*draft.predicted, _DEFAULTS))
    return replace(subject, draft=replace(draft, impact=impact_of(platform, desired, live), goal=None))


def _known(subject: Subject) -> Mapping[str, Json]:
    """Return what is declared and what was at the last apply."""
    values, prior = dict(subject.desired.values), subject.request.prior
    if prior is None or subject.live is None or prior.id != subject.live.id:
        return values
    return {**values, **{name: united(values.get(name), item) for name, item in prior.values.items()}}


def _passed_on(subject: Subject, known: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """Yield the path of replicas that are declared no more because an autoscaler has them."""
    gone = at(dict(known), _REPLICAS) is not None and at(dict(subject.desired.values), _REPLICAS) is None
    if gone and _is_scaled(subject):
        yield _REPLICAS


def _policies(subject: Subject) -> Mapping[str, str]:
    """Return what was decided about conflicts; paths of `ignore_changes` are left to whoever holds them.

    A number that is a default is left to an autoscaler of another owner.
    """
    platform = subject.platform
    ignored = dict.fromkeys(subject.desired.lifecycle.ignore_changes, "yield")
    decided = {**ignored, **platform.config.conflicts, **ignored}
    if not private_of(subject.desired).replicas_left_out or policy_of(_REPLICAS, decided):
        return decided
    own = (platform.identity.manager, HANDOVER)
    entries = (subject.document.get("metadata") or {}).get("managedFields") or ()
    held = any(owns(entry.get("fieldsV1") or {}, _REPLICAS) for entry in entries if entry.get("manager") not in own)
    scalers = scalers_of(platform, subject.key) or () if held else ()
    if all(platform.identity.owns(scaler.document) for scaler in scalers):
        return decided
    return {**decided, ".".join(_REPLICAS): "yield"}


def _hands_back(subject: Subject, scalers: Sequence[Scaler]) -> bool:
    """True when no autoscaler but our own, which goes in this plan, holds the replicas any more."""
    if private_of(subject.desired).autoscaled:
        return False
    return all(subject.platform.identity.owns(scaler.document) for scaler in scalers)


def _with_kept_replicas(subject: Subject) -> tuple[Any, int | None]:
    """Return what to ask about and the replicas to hand over, when an autoscaler takes over what was ours."""
    body = subject.body
    live = (subject.document.get("spec") or {}).get("replicas")
    ours = owns(managed_by(subject.document, subject.platform.identity.manager), _REPLICAS)
    if not ours or live is None or "replicas" in (body.get("spec") or {}) or not _is_scaled(subject):
        return body, None
    return {**body, "spec": {**(body.get("spec") or {}), "replicas": live}}, int(live)


def _is_scaled(subject: Subject) -> bool:
    return bool(private_of(subject.desired).autoscaled or scalers_of(subject.platform, subject.key))


# ---------------------------------------------------------------- comparing


def _compared(subject: Subject, asked: _Asked, kept: int | None) -> Decision:
    manager = subject.platform.identity.manager
    live, asked = _of_one_version(subject, asked)
    planned, sent = asked.answer.planned, asked.sent
    before, after = meaning(live, ignored=(APPLIED,)), meaning(planned, ignored=(APPLIED,))
    subject = _with_true_impact(subject, planned)
    attributes = attributes_of(subject, before, after) if before != after else ()
    if is_fixed(subject, attributes):
        return fixed(subject, attributes)
    held, holds = managed_by(live, manager), managed_by(planned, manager)
    claimed = ownership_of(subject, held, holds, after, _left_to_others(subject)) if held != holds else ()
    importing = subject.draft.action is Action.IMPORT
    if not attributes and not claimed and kept is None and not importing:
        return _unchanged(subject, sent.notes)
    body = without(sent.body, _REPLICAS) if kept is not None else sent.body
    draft = replace(subject.draft, attributes=attributes or claimed, notes=(*subject.draft.notes, *sent.notes))
    effect = max((item.effect for item in attributes), default=Effect.STORED)
    if effect is Effect.ROLLS and subject.stamp.is_late:  # the pods restart anyway, so they get their stamp with it
        return plan_existing(replace(subject, stamp=subject.stamp.with_next_roll))
    action = Action.IMPORT if importing else Action.ROLL if effect is Effect.ROLLS else Action.UPDATE
    handing = [hand_over_step(subject.desired, draft.id, kept)] if kept is not None else []
    claims = [claim_step(subject.desired, draft.id, asked.answer.claims)] if asked.answer.claims else []
    first = without(asked.answer.first, _REPLICAS) if kept is not None else asked.answer.first
    emptying = [emptying_step(subject.desired, draft.id, first)] if first is not None else []
    steps: Sequence[Step] = [
        *handing,
        *claims,
        *emptying,
        subject.applying(body, force=sent.force),
    ]
    if not attributes:
        draft = replace(draft, label="hand over replicas" if kept is not None else "take ownership")
    return subject.finished(
        draft,
        steps,
        action=action,
        reason=_reason(subject, attributes),
        blast_radius=BlastRadius.ROLLING if effect is Effect.ROLLS else BlastRadius.NONE,
        drift=tuple(replace(item, planned=None) for item in attributes if item.origin in (Origin.DRIFT, Origin.BOTH)),
        moving=_moving(subject, attributes),
    )


def _left_to_others(subject: Subject) -> list[FieldPath]:
    """Return the declared fields that are left to managers who hold them: to let go of one alone is no change."""
    found = yielded_fields(subject.body, subject.document, _policies(subject), subject.platform.identity)
    return [item.path for item in found]


def _moving(subject: Subject, attributes: Sequence[AttributeChange]) -> tuple[Path, ...]:
    """Return the replicas where an autoscaler of this stack moves them until it goes."""
    if all(item.path != _REPLICAS for item in attributes):
        return ()
    owns_it = subject.platform.identity.owns
    return (_REPLICAS,) if any(owns_it(one.document) for one in scalers_of(subject.platform, subject.key) or ()) else ()


def _with_true_impact(subject: Subject, planned: Mapping[str, Any]) -> Subject:
    """Return the subject whose impact counts the replicas that come of it: who yields them keeps the live ones."""
    if subject.draft.impact == Impact():
        return subject
    impact = impact_of(subject.platform, replace(subject.desired, values=dict(planned)), subject.live)
    return replace(subject, draft=replace(subject.draft, impact=impact))


def _of_one_version(subject: Subject, asked: _Asked) -> tuple[Mapping[str, Any], _Asked]:
    """Return what is live and what would be, of one version: a controller may write between reading and asking."""
    live = subject.document
    for _ in range(_LOOKS):
        planned = asked.answer.planned
        if _version(live) == _version(planned) or meaning(live) == meaning(planned):
            break
        live = subject.platform.client.get(subject.key) or live
        asked = asked.again(subject)
    return live, asked


def _version(document: Mapping[str, Any]) -> Any:
    return (document.get("metadata") or {}).get("resourceVersion")


def _unchanged(subject: Subject, notes: tuple[str, ...]) -> Decision:
    """Return a no-op, or an update of the record alone where it does not hold what is wanted and live."""
    draft = subject.draft
    if draft.action is Action.UPDATE and not needs_call(draft):
        return draft
    prior = subject.request.prior
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
    return replace(change, goal=goal_of(subject.desired, change.action)) if unready else change


def _reason(subject: Subject, attributes: Sequence[AttributeChange]) -> ActionReason:
    if subject.draft.action is Action.IMPORT:
        return subject.draft.reason or ActionReason.FOUND_BY_NAME
    if attributes and all(item.origin is Origin.DRIFT for item in attributes):
        return ActionReason.DRIFTED
    return ActionReason.ATTRIBUTE_CHANGED
