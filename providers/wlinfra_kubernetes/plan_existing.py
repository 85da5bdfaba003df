"""Plans an object that exists, by what a dry run of the apply answers.

`plan` calls it. The answer is compared with the live object: nothing, an update, a roll, taking ownership, or a
refusal. What cannot be changed is confirmed as a replacement by a dry-run create under another name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from wlinfra.changes.model import Action, ActionReason, BlastRadius, Change, Step
from wlinfra.diff.model import AttributeChange, Origin
from wlinfra.diff.schema import Effect
from wlinfra.errors import Diagnostic, ProviderError
from wlinfra.resources.lifecycle import ReplaceOrder
from wlinfra.values import UNKNOWN

from .attributes import attributes_of, ownership_of, rolls
from .conflicts import conflicts_of, settle
from .documents import managed_by, meaning, wire
from .failures import ClusterError, Failure
from .fieldpath import owns
from .handover import autoscalers_of
from .identity import APPLIED
from .steps import apply_steps, goal_of, hand_over_step, replace_steps
from .subject import Subject

__all__ = ["plan_existing"]

_CLAIM: Final = "v1/PersistentVolumeClaim"
_REPLICAS: Final = ("spec", "replicas")
_PROBE_NAME: Final = 50
_LOOKS: Final = 5
"""How often an object is looked at again that is written while it is asked about."""


def plan_existing(subject: Subject) -> Change:
    """Return what must happen; raises ProviderError for conflicts and for what the cluster refuses."""
    _refuse_foreign(subject)
    if subject.draft.action is Action.REPLACE:
        return _replacement(subject, subject.draft.reason, ())
    body, kept = _with_kept_replicas(subject)
    try:
        planned, sent = _asked(subject, body)
    except ClusterError as error:
        return _unchangeable(subject, error)
    return _compared(subject, planned, sent, kept)


def _refuse_foreign(subject: Subject) -> None:
    owner = subject.platform.identity.other_owner(subject.document)
    if owner and not subject.desired.lifecycle.adopt:
        raise ProviderError.of(
            "Object belongs to another stack",
            f"{subject.key} was made by the stack {owner}, and {subject.desired.address} declares it too.",
            "Rename one of them, remove it from the other stack, or declare adopt=True here to take it over.",
            address=subject.desired.address,
            location=subject.desired.location,
        )


# ---------------------------------------------------------------- asking


class _Sent:
    """What was sent in the end, and what was decided on the way."""

    def __init__(self, body: Any, *, force: bool = False, notes: tuple[str, ...] = ()) -> None:
        self.body = body
        self.force = force
        self.notes = notes


def _asked(subject: Subject, body: Any) -> tuple[Mapping[str, Any], _Sent]:
    """Return the object after the apply, conflicts settled; raises ClusterError for any other refusal."""
    try:
        return subject.dry_run(body), _Sent(body)
    except ClusterError as error:
        if error.failure is not Failure.CONFLICT:
            raise
        conflicts = conflicts_of(error, subject.document)
    settled = settle(
        subject.desired.address,
        body,
        conflicts,
        subject.platform.config.conflicts,
        adopting=subject.draft.action is Action.IMPORT,
        hands_back=any(conflict.is_scale for conflict in conflicts) and _hands_back(subject),
    )
    return subject.dry_run(settled.body, force=settled.force), _Sent(
        settled.body, force=settled.force, notes=settled.notes
    )


def _hands_back(subject: Subject) -> bool:
    """True when no autoscaler but our own, which goes in this plan, holds the replicas any more."""
    if subject.desired.policy.get("autoscaled"):
        return False
    return all(subject.platform.identity.owns(item) for item in autoscalers_of(subject.platform, subject.key))


def _with_kept_replicas(subject: Subject) -> tuple[Any, int | None]:
    """Return what to ask about and the replicas to hand over, when an autoscaler takes over what was ours."""
    body = subject.body
    live = (subject.document.get("spec") or {}).get("replicas")
    ours = owns(managed_by(subject.document, subject.platform.identity.manager), _REPLICAS)
    if not subject.desired.policy.get("autoscaled") or not ours or live is None:
        return body, None
    return {**body, "spec": {**(body.get("spec") or {}), "replicas": live}}, int(live)


# ---------------------------------------------------------------- comparing


def _compared(subject: Subject, planned: Mapping[str, Any], sent: _Sent, kept: int | None) -> Change:
    manager = subject.platform.identity.manager
    live, planned = _of_one_version(subject, planned, sent)
    before, after = meaning(live, ignored=(APPLIED,)), meaning(planned, ignored=(APPLIED,))
    attributes = attributes_of(subject, before, after)
    claimed = ownership_of(subject, managed_by(live, manager), managed_by(planned, manager), after)
    importing = subject.draft.action is Action.IMPORT
    if not attributes and not claimed and kept is None and not importing:
        return _unchanged(subject, sent.notes)
    body = subject.body if kept is not None else sent.body
    draft = replace(subject.draft, attributes=attributes or claimed, notes=(*subject.draft.notes, *sent.notes))
    effect = max((item.effect for item in attributes), default=Effect.STORED)
    action = Action.IMPORT if importing else Action.ROLL if effect is Effect.ROLLS else Action.UPDATE
    handing = [hand_over_step(draft, kept)] if kept is not None else []
    steps: Sequence[Step] = [
        *handing, *apply_steps(draft, body, makes=False, force=sent.force, outputs=subject.outputs)
    ]  # fmt: skip
    if not attributes:
        draft = replace(draft, label="hand over replicas" if kept is not None else "take ownership")
    return subject.finished(
        draft,
        steps,
        action=action,
        reason=_reason(subject, attributes),
        blast_radius=BlastRadius.ROLLING if effect is Effect.ROLLS else BlastRadius.NONE,
        drift=tuple(replace(item, planned=None) for item in attributes if item.origin is not Origin.INTENDED),
    )


def _of_one_version(
    subject: Subject, planned: Mapping[str, Any], sent: _Sent
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return what is live and what would be, of one version: a controller may write between reading and asking."""
    live = subject.document
    for _ in range(_LOOKS):
        if _version(live) == _version(planned) or meaning(live) == meaning(planned):
            break
        live = subject.platform.client.get(subject.key) or live
        planned = subject.dry_run(sent.body, force=sent.force)
    return live, planned


def _version(document: Mapping[str, Any]) -> Any:
    return (document.get("metadata") or {}).get("resourceVersion")


def _unchanged(subject: Subject, notes: tuple[str, ...]) -> Change:
    """Return a no-op, or an update of the record alone where it does not hold what is wanted and live."""
    draft = subject.draft
    if draft.label == "recorded only":
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
    return replace(change, goal=goal_of(change, subject.desired.policy)) if unready else change


def _reason(subject: Subject, attributes: Sequence[AttributeChange]) -> ActionReason:
    if subject.draft.action is Action.IMPORT:
        return subject.draft.reason or ActionReason.FOUND_BY_NAME
    if attributes and all(item.origin is Origin.DRIFT for item in attributes):
        return ActionReason.DRIFTED
    return ActionReason.ATTRIBUTE_CHANGED


# ---------------------------------------------------------------- refusals and replacements


def _unchangeable(subject: Subject, error: ClusterError) -> Change:
    match error.failure:
        case Failure.FORBIDDEN:
            return _predicted(subject, error.message)
        case Failure.INVALID if subject.key.kind == "PersistentVolumeClaim":
            return _claim(subject, error)
        case Failure.INVALID if error.status == 422:
            _probe(subject, error)
            return _replacement(subject, ActionReason.CANNOT_UPDATE, _causes(subject, error))
        case _:
            raise subject.refused(error) from error


def _predicted(subject: Subject, why: str) -> Change:
    draft = subject.draft
    if draft.action is Action.NO_OP or draft.label == "recorded only":
        return draft
    steps = apply_steps(draft, subject.body, makes=False, outputs=subject.outputs)
    predicted = (*draft.predicted, why)
    if draft.action is Action.UPDATE and any(rolls(subject.key.kind, item.path) for item in draft.attributes):
        return subject.finished(draft, steps, action=Action.ROLL, blast_radius=BlastRadius.ROLLING, predicted=predicted)
    return subject.finished(draft, steps, predicted=predicted)


def _probe(subject: Subject, refusal: ClusterError) -> None:
    """Raise unless the cluster would take the object anew: then the refusal is about change alone."""
    body = wire(subject.body)
    meta = {**body["metadata"], "name": f"{subject.key.name[:_PROBE_NAME].rstrip('-.')}-wlprobe"}
    spec = {key: value for key, value in (body.get("spec") or {}).items() if key not in ("clusterIP", "clusterIPs")}
    if isinstance(spec.get("ports"), list):
        spec["ports"] = [{k: v for k, v in port.items() if k != "nodePort"} for port in spec["ports"]]
    probe = {**body, "metadata": meta, **({"spec": spec} if "spec" in body else {})}
    try:
        subject.platform.client.create(subject.key, probe, dry_run=True)
    except ClusterError as error:
        if error.failure is Failure.FORBIDDEN:
            return
        raise subject.refused(error if error.causes else refusal) from error


def _causes(subject: Subject, error: ClusterError) -> tuple[AttributeChange, ...]:
    found = [replace(item, effect=Effect.REPLACES) for item in subject.draft.attributes]
    notes = "; ".join(dict.fromkeys(cause.message for cause in error.causes if cause.message))
    return tuple(replace(item, note=item.note or notes) for item in found)


def _replacement(subject: Subject, reason: ActionReason | None, attributes: tuple[AttributeChange, ...]) -> Change:
    loses = subject.desired.kind == _CLAIM or bool(subject.desired.policy.get("keeps_data"))
    draft = replace(
        subject.draft,
        action=Action.REPLACE,
        replace_order=ReplaceOrder.DELETE_THEN_CREATE,
        outputs={**subject.draft.outputs, "id": UNKNOWN},
        attributes=attributes or subject.draft.attributes,
    )
    return subject.finished(
        draft,
        replace_steps(draft, subject.body, outputs=subject.outputs),
        reason=reason,
        blast_radius=BlastRadius.DATA_LOSS if loses else BlastRadius.DOWNTIME,
        reversible=not loses,
        irreversible_because="what is on the volume is lost" if loses else "",
    )


def _claim(subject: Subject, error: ClusterError) -> Change:
    """Refuse to lose data for a change that a volume cannot make; a claim that is not bound yet only waits."""
    status = subject.document.get("status") or {}
    if status.get("phase") == "Pending" and any("requests" in item.path for item in subject.draft.attributes):
        note = "its size can change only once it is bound; plan again then"
        return replace(subject.draft, action=Action.NO_OP, reason=ActionReason.UNCHANGED, attributes=(), notes=(note,))
    causes = "; ".join(dict.fromkeys(cause.message for cause in error.causes)) or error.message
    raise ProviderError(
        Diagnostic(
            summary="Change would lose data",
            detail=f"{subject.desired.address} cannot be changed this way, and making it anew loses what is on it: {causes}.",
            fix=f"Declare what it was, or replace it deliberately with\n    wlinfra apply --replace {subject.desired.address}",
            address=subject.desired.address,
            location=subject.desired.location,
        )
    ) from error
