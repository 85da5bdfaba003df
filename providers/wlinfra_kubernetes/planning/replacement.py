"""Plans what an object cannot become by a change: a replacement that names what is lost, or a refusal.

`plan_existing` calls it with the cluster's refusal, `predicted` where the cluster is not asked. Nothing is replaced
unasked but where a field never changes, the loss is known, and `probe` shows that the object would be taken again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from wlinfra.errors import ProviderError
from wlinfra.provider import (
    SENSITIVE,
    Action,
    ActionReason,
    AttributeChange,
    Decision,
    Effect,
    Gate,
    Origin,
    SecretDigest,
    Step,
)
from wlinfra.remedies import Advice, apply
from wlinfra.resources.lifecycle import ReplaceOrder
from wlinfra.values import UNKNOWN
from wlinfra_kubernetes.cluster.failures import Cause, ClusterError, Failure, unless
from wlinfra_kubernetes.documents.fieldpath import parse
from wlinfra_kubernetes.losses import is_known, is_replaced_unasked, loss_of, with_loss
from wlinfra_kubernetes.operations.objects import OLD
from wlinfra_kubernetes.volumes import CACHE, CLAIM, claims_of, is_kept, kept_claims, mounted
from wlinfra_kubernetes.waits.mounts import in_the_way
from wlinfra_manifests.document import Key, at, differences

from .probe import Verdict, tried_anew
from .refusals import causes_of, refused_update, says_immutable
from .steps import delete_step
from .subject import Subject

__all__ = [
    "confirmed",
    "fixed",
    "forced",
    "is_fixed",
    "may_go",
    "refused_claim",
    "renaming",
    "replacement",
    "unasked",
    "unchangeable",
]


_UNASKED: Final = frozenset({ActionReason.CANNOT_UPDATE, ActionReason.DEPENDENCY_REPLACED, ActionReason.TAINTED})
"""Why something is replaced that nobody asked for and that exists."""

# ---------------------------------------------------------------- why


def fixed(subject: Subject, attributes: Sequence[AttributeChange]) -> Decision:
    """Return the replacement for a change that `is_fixed` is about; raises ProviderError for what others made."""
    if not may_go(subject):
        raise unasked(subject, f"the operator never acts on another spec of a {subject.key.kind}")
    forcing = tuple(replace(item, effect=Effect.REPLACES) for item in attributes)
    return confirmed(subject, replacement(subject, ActionReason.CANNOT_UPDATE, forcing))


def is_fixed(subject: Subject, attributes: Sequence[AttributeChange]) -> bool:
    """True for a change that the API takes and nobody acts on: the NIM Operator fills a cache once.

    Its admission webhook refuses such changes; where it is not installed, the cluster alone would let them pass.
    """
    return subject.desired.kind == CACHE and any(item.path[:1] == ("spec",) for item in attributes)


def forced(subject: Subject) -> Decision | None:
    """Return the replacement that comes without any question to the cluster; None where it has to be asked."""
    if subject.request.replace and subject.draft.action is Action.IMPORT:
        return replacement(subject, ActionReason.REQUESTED, ())
    if subject.draft.action is Action.REPLACE:
        if subject.draft.reason is ActionReason.TAINTED and not is_known(subject.key):
            raise unasked(subject, "the last apply left it incomplete")
        return replacement(subject, subject.draft.reason, ())
    if (subject.document.get("metadata") or {}).get("deletionTimestamp"):
        return replacement(subject, ActionReason.GONE, ())
    if any(_lost_volumes(subject)):  # it goes first, so that its pods do
        if not may_go(subject):
            raise unasked(subject, "a volume that it mounts is replaced")
        return replacement(subject, ActionReason.DEPENDENCY_REPLACED, ())
    return None


def unasked(subject: Subject, why: str) -> ProviderError:
    """Return the error for what has to be replaced and is of an unknown kind."""
    address = subject.desired.address
    return subject.error(
        "Replacement may lose data",
        f"{address} has to be deleted and made again, because {why}, {_loses(subject)}.",
        Advice("Replace it deliberately:", apply(subject.platform.identity.environment, replaces=address)),
    )


def _lost_volumes(subject: Subject) -> Iterator[Key]:
    """Yield the claims and caches that its pods mount and that are replaced in the same plan."""
    replaced = {
        (change.kind, change.name)
        for change in subject.request.dependencies.values()
        if change.replace_order is ReplaceOrder.DELETE_THEN_CREATE and change.kind in (CLAIM, CACHE)
    }
    if replaced:
        yield from (key for key in mounted(subject.desired.values) if (key.full_kind, key.full_name) in replaced)


def _lost_claims(subject: Subject) -> Iterator[Key]:
    """Yield the claims that have to be free for that; of a cache nobody may look at none is known."""
    for key in _lost_volumes(subject):
        found = None if key.full_kind == CLAIM else _seen(subject, key)
        yield from claims_of(key, found or {})


def _seen(subject: Subject, key: Key) -> dict[str, Any] | None:
    """Return the object; None when it does not exist, or the account may not look."""
    return unless(Failure.FORBIDDEN, lambda: subject.platform.client.get(key), None)


def unchangeable(subject: Subject, error: ClusterError) -> Decision:
    """Return the replacement where a field never changes; raises ProviderError for any other refusal to apply."""
    if error.failure not in (Failure.INVALID, Failure.DENIED):
        raise subject.refused(error) from error
    verdict = tried_anew(subject)
    if says_immutable(error, subject.key) and may_go(subject) and verdict.refusal is None:
        return _doubted(replacement(subject, ActionReason.CANNOT_UPDATE, _causes(subject, error)), verdict)
    anew = None if verdict.by_name else verdict.refusal
    if error.failure is Failure.INVALID and subject.desired.kind == CLAIM and anew is None:
        raise refused_claim(subject, "; ".join(dict.fromkeys(cause.message for cause in error.causes)) or error.message)
    raise refused_update(subject, error, anew=anew, loses=_loses(subject)) from error


def refused_claim(subject: Subject, causes: str) -> ProviderError:
    """Return the error for a change that a volume cannot make."""
    address = subject.desired.address
    return subject.error(
        "Change would lose data",
        f"{address} cannot be changed this way, and recreating it loses what is on it: {causes}.",
        Advice(
            f"{_other_way(subject)}Declare what it was, or replace it deliberately:",
            apply(subject.platform.identity.environment, replaces=address),
        ),
    )


def _other_way(subject: Subject) -> str:
    """Return how a workload's volume stays as it is; its access mode follows from the number of replicas."""
    moved = any(item.path[:2] == ("spec", "accessModes") for item in subject.draft.attributes)
    if not moved or subject.desired.address.type != "workload":
        return ""
    return "Keep one replica; or keep the volume and all replicas on its node with target={'volume_access': 'ReadWriteOnce'} in the environment.\n"


def confirmed(subject: Subject, change: Decision) -> Decision:
    """Return a replacement that no refusal asked for, when the cluster would take the new object; raises otherwise.

    Where only a rule about other objects may have refused what was tried, who asked for the replacement decides.
    """
    verdict = tried_anew(subject)
    if verdict.refusal is None:
        return _doubted(change, verdict)
    if not verdict.by_name:
        raise subject.refused(verdict.refusal) from verdict.refusal
    if change.reason in _UNASKED:
        raise refused_update(subject, verdict.refusal, anew=None, loses=_loses(subject)) from verdict.refusal
    told = f"it has to be taken when the old one is gone: {verdict.refusal.message}"
    return replace(change, predicted=(*change.predicted, told))


def _doubted(change: Decision, verdict: Verdict) -> Decision:
    return replace(change, predicted=(*change.predicted, verdict.doubt)) if verdict.doubt else change


def may_go(subject: Subject) -> bool:
    """Return whether the live object may be deleted unasked: its loss is known, and this stack made it."""
    return is_replaced_unasked(subject.key) and subject.draft.action is not Action.IMPORT


def _loses(subject: Subject) -> str:
    if subject.draft.action is Action.IMPORT:
        return "though this stack did not make it"
    lost = loss_of(subject.key, subject.document)
    return f"though {lost.words}" if lost is not None else "which interrupts what runs"


def _causes(subject: Subject, error: ClusterError) -> tuple[AttributeChange, ...]:
    """Return the differences, those the cluster named as what forces the replacement."""
    causes = causes_of(error)
    found = tuple(_forcing(item, causes) for item in subject.draft.attributes)
    if not any(item.effect is Effect.REPLACES for item in found):  # it named none of them: any may be the one
        note = "; ".join(dict.fromkeys(cause.message for cause in causes if cause.message)) or error.message
        found = tuple(replace(item, effect=Effect.REPLACES, note=item.note or note) for item in found)
    return found or tuple(_told(causes))


def _forcing(item: AttributeChange, causes: Sequence[Cause]) -> AttributeChange:
    for cause in causes:
        named = tuple(str(part) for part in parse(cause.field) if isinstance(part, str)) if cause.field else ()
        own = tuple(map(str, item.path))
        shorter = min(len(named), len(own))
        if named and named[:shorter] == own[:shorter]:
            return replace(item, effect=Effect.REPLACES, note=item.note or cause.message)
    return item


def _told(causes: Sequence[Cause]) -> Iterator[AttributeChange]:
    """Yield what the cluster named where the declared values themselves show no difference."""
    for cause in causes:
        if cause.field:
            yield AttributeChange(path=(cause.field,), effect=Effect.REPLACES, note=cause.message)


# ---------------------------------------------------------------- the replacement


def replacement(subject: Subject, reason: ActionReason | None, attributes: tuple[AttributeChange, ...]) -> Decision:
    """Return the change that deletes the object and makes it again under its name, with what that loses."""
    attributes = (*(attributes or subject.draft.attributes), *_removed(subject))
    lost = loss_of(subject.key, subject.document)
    claims = tuple(claims_of(subject.key, subject.document))
    draft = replace(
        subject.draft,
        action=Action.REPLACE,
        replace_order=ReplaceOrder.DELETE_THEN_CREATE,
        outputs={**subject.draft.outputs, "id": UNKNOWN},
        attributes=attributes,
        drift=tuple(replace(item, planned=None) for item in attributes if item.origin in (Origin.DRIFT, Origin.BOTH)),
        notes=(*subject.draft.notes, *_notes(subject, claims)),
        leaves=tuple(
            f"{CLAIM} {subject.key.namespace}/{name}"
            for name in _left(subject, kept_claims(subject.platform, subject.key, subject.document))
        ),
    )
    end = delete_step(
        subject.desired,
        draft.id,
        [claim.full_name for claim in claims],
        [claim.full_name for claim in _lost_claims(subject)],
    )
    return subject.finished(
        draft,
        [end, _again(subject)],
        reason=reason,
        **with_loss(lost),
    )


def _again(subject: Subject) -> Step:
    """Return the call that creates the object again once its name is free."""
    step, old = subject.creating(), subject.draft.id
    gate = Gate(goal="name-free", describe="the old object is gone", details={"name": subject.desired.name, "uid": old})
    return replace(step, gate=gate, lookup={**step.lookup, OLD: old})


def _removed(subject: Subject) -> Iterator[AttributeChange]:
    """Yield what was declared before and is not now: the new object will not have it."""
    prior = subject.request.prior
    for item in differences(dict(prior.values), dict(subject.desired.values)) if prior is not None else ():
        if item.planned is None and item.path[:1] != ("data",):
            found = at(dict(subject.document), item.path)
            shown = SENSITIVE if isinstance(item.live, SecretDigest) else item.live
            yield AttributeChange(path=item.path, recorded=shown, live=found if shown == item.live else shown)


def _notes(subject: Subject, gone: Sequence[Key]) -> Iterator[str]:
    """Yield what a replacement does beside the object itself, and who holds the claims that go with it."""
    if subject.draft.action is Action.IMPORT:
        yield "what goes was not made by this stack"
    if told := in_the_way(subject.platform, subject.key, str(subject.draft.id), gone):
        yield told
    if subject.key.full_kind == "batch/v1/Job":
        yield "the job runs again from its beginning; the pods and logs of its last run go with it"
    claims = kept_claims(subject.platform, subject.key, subject.document)
    left = _left(subject, claims)
    if taken := [name for name in claims if name not in left]:
        yield f"its volume claims are kept as they are, and its new pods mount them again: {', '.join(taken)}"
    if left:
        yield f"volume claims that nothing mounts any more are kept: {', '.join(left)}"


def _left(subject: Subject, claims: Sequence[str]) -> list[str]:
    """Return the claims that the new object's templates do not take up again."""
    wanted = _template_names(subject.desired.values) if claims else ()
    return [name for name in claims if not any(name.startswith(f"{one}-{subject.key.name}-") for one in wanted)]


def _template_names(values: Mapping[str, Any]) -> list[str]:
    templates = (values.get("spec") or {}).get("volumeClaimTemplates") or ()
    return [str((template.get("metadata") or {}).get("name")) for template in templates]


# ---------------------------------------------------------------- another name


def renaming(subject: Subject, change: Decision) -> Decision:
    """Return the create as what it is: the new object is made, then the recorded one of another name or kind goes.

    What was recorded may be gone, another user's by now, or to be kept: then the change stays a create.
    """
    prior = subject.request.prior
    if prior is None or prior.id is None or (prior.kind, prior.name) == (subject.desired.kind, subject.desired.name):
        return change
    key = Key.parse(prior.kind, prior.name)
    old = _seen(subject, key)  # where it may not look, it is a stray for an account that may
    if old is None or old["metadata"]["uid"] != prior.id or not subject.platform.identity.owns(old):
        return change
    if is_kept(subject.platform, key, old):
        note = f"{key} is kept, because it holds data; delete it with kubectl when nobody needs it"
        return replace(change, reason=ActionReason.ATTRIBUTE_CHANGED, notes=(*change.notes, note))
    named = AttributeChange(
        path=("metadata", "name"), recorded=key.full_name, live=key.full_name, planned=subject.desired.name,
        effect=Effect.REPLACES, note="another name or kind is another object",
    )  # fmt: skip
    lost = loss_of(key, old)
    if not is_known(key) and not subject.request.replace:
        raise unasked(subject, f"{key} is recorded for it, and another name or kind is another object")
    end = delete_step(replace(prior, address=subject.desired.address), prior.id)
    return replace(
        change,
        action=Action.REPLACE,
        reason=ActionReason.ATTRIBUTE_CHANGED,
        replace_order=subject.desired.lifecycle.replace_order or ReplaceOrder.CREATE_THEN_DELETE,
        id=prior.id,
        attributes=(named,),
        drift=(),
        steps=(*change.steps, end),
        **with_loss(lost),
    )
