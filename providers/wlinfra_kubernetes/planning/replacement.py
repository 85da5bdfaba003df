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

from .context import ObjectContext
from .probe import Verdict, tried_as_new
from .refusals import causes_of, refused_update, says_immutable
from .steps import delete_step

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
"""Why something is replaced that no user asked for and that exists."""

# ---------------------------------------------------------------- why


def fixed(context: ObjectContext, attributes: Sequence[AttributeChange]) -> Decision:
    """Return the replacement for a change that `is_fixed` is about; raises ProviderError for what others made."""
    if not may_go(context):
        raise unasked(context, f"the operator never acts on another spec of a {context.key.kind}")
    forcing = tuple(replace(item, effect=Effect.REPLACES) for item in attributes)
    return confirmed(context, replacement(context, ActionReason.CANNOT_UPDATE, forcing))


def is_fixed(context: ObjectContext, attributes: Sequence[AttributeChange]) -> bool:
    """True for a change that the API accepts and no controller acts on: the NIM Operator fills a cache once.

    Its admission webhook refuses such changes; where it is not installed, the cluster alone would let them pass.
    """
    return context.desired.kind == CACHE and any(item.path[:1] == ("spec",) for item in attributes)


def forced(context: ObjectContext) -> Decision | None:
    """Return the replacement that comes without any question to the cluster; None where it has to be asked."""
    if context.request.replace and context.draft.action is Action.IMPORT:
        return replacement(context, ActionReason.REQUESTED, ())
    if context.draft.action is Action.REPLACE:
        if context.draft.reason is ActionReason.TAINTED and not is_known(context.key):
            raise unasked(context, "the last apply left it incomplete")
        return replacement(context, context.draft.reason, ())
    if (context.document.get("metadata") or {}).get("deletionTimestamp"):
        return replacement(context, ActionReason.GONE, ())
    if any(_lost_volumes(context)):  # it goes first, so that its pods do
        if not may_go(context):
            raise unasked(context, "a volume that it mounts is replaced")
        return replacement(context, ActionReason.DEPENDENCY_REPLACED, ())
    return None


def unasked(context: ObjectContext, why: str) -> ProviderError:
    """Return the error for what has to be replaced and is of an unknown kind."""
    address = context.desired.address
    return context.error(
        "Replacement may lose data",
        f"{address} has to be deleted and made again, because {why}, {_loses(context)}.",
        Advice("Replace it deliberately:", apply(context.platform.identity.environment, replaces=address)),
    )


def _lost_volumes(context: ObjectContext) -> Iterator[Key]:
    """Yield the claims and caches that its pods mount and that are replaced in the same plan."""
    replaced = {
        (change.kind, change.name)
        for change in context.request.dependencies.values()
        if change.replace_order is ReplaceOrder.DELETE_THEN_CREATE and change.kind in (CLAIM, CACHE)
    }
    if replaced:
        yield from (key for key in mounted(context.desired.values) if (key.full_kind, key.full_name) in replaced)


def _lost_claims(context: ObjectContext) -> Iterator[Key]:
    """Yield the claims that have to be free for that; of a cache that the account may not read none is known."""
    for key in _lost_volumes(context):
        found = None if key.full_kind == CLAIM else _seen(context, key)
        yield from claims_of(key, found or {})


def _seen(context: ObjectContext, key: Key) -> dict[str, Any] | None:
    """Return the object; None when it does not exist, or the account may not look."""
    return unless(Failure.FORBIDDEN, lambda: context.platform.client.get(key), None)


def unchangeable(context: ObjectContext, error: ClusterError) -> Decision:
    """Return the replacement where a field never changes; raises ProviderError for any other refusal to apply."""
    if error.failure not in (Failure.INVALID, Failure.DENIED):
        raise context.refused(error) from error
    verdict = tried_as_new(context)
    if says_immutable(error, context.key) and may_go(context) and verdict.refusal is None:
        return _doubted(replacement(context, ActionReason.CANNOT_UPDATE, _causes(context, error)), verdict)
    as_new = None if verdict.by_name else verdict.refusal
    if error.failure is Failure.INVALID and context.desired.kind == CLAIM and as_new is None:
        raise refused_claim(context, "; ".join(dict.fromkeys(cause.message for cause in error.causes)) or error.message)
    raise refused_update(context, error, as_new=as_new, loses=_loses(context)) from error


def refused_claim(context: ObjectContext, causes: str) -> ProviderError:
    """Return the error for a change that a volume cannot make."""
    address = context.desired.address
    return context.error(
        "Change would lose data",
        f"{address} cannot be changed this way, and recreating it loses what is on it: {causes}.",
        Advice(
            f"{_other_way(context)}Declare what it was, or replace it deliberately:",
            apply(context.platform.identity.environment, replaces=address),
        ),
    )


def _other_way(context: ObjectContext) -> str:
    """Return how a workload's volume stays as it is; its access mode follows from the number of replicas."""
    moved = any(item.path[:2] == ("spec", "accessModes") for item in context.draft.attributes)
    if not moved or context.desired.address.type != "workload":
        return ""
    return "Keep one replica; or keep the volume and all replicas on its node with target={'volume_access': 'ReadWriteOnce'} in the environment.\n"


def confirmed(context: ObjectContext, change: Decision) -> Decision:
    """Return a replacement that no refusal asked for, when the cluster would take the new object; raises otherwise.

    Where only a rule about other objects may have refused what was tried, who asked for the replacement decides.
    """
    verdict = tried_as_new(context)
    if verdict.refusal is None:
        return _doubted(change, verdict)
    if not verdict.by_name:
        raise context.refused(verdict.refusal) from verdict.refusal
    if change.reason in _UNASKED:
        raise refused_update(context, verdict.refusal, as_new=None, loses=_loses(context)) from verdict.refusal
    noted = f"it has to be taken when the old one is gone: {verdict.refusal.message}"
    return replace(change, predicted=(*change.predicted, noted))


def _doubted(change: Decision, verdict: Verdict) -> Decision:
    return replace(change, predicted=(*change.predicted, verdict.doubt)) if verdict.doubt else change


def may_go(context: ObjectContext) -> bool:
    """Return whether the live object may be deleted unasked: its loss is known, and this stack made it."""
    return is_replaced_unasked(context.key) and context.draft.action is not Action.IMPORT


def _loses(context: ObjectContext) -> str:
    if context.draft.action is Action.IMPORT:
        return "though this stack did not make it"
    lost = loss_of(context.key, context.document)
    return f"though {lost.words}" if lost is not None else "which interrupts what runs"


def _causes(context: ObjectContext, error: ClusterError) -> tuple[AttributeChange, ...]:
    """Return the differences, those the cluster named as what forces the replacement."""
    causes = causes_of(error)
    found = tuple(_forcing(item, causes) for item in context.draft.attributes)
    if not any(item.effect is Effect.REPLACES for item in found):  # it named none of them: any may be the one
        note = "; ".join(dict.fromkeys(cause.message for cause in causes if cause.message)) or error.message
        found = tuple(replace(item, effect=Effect.REPLACES, note=item.note or note) for item in found)
    return found or tuple(_as_changes(causes))


def _forcing(item: AttributeChange, causes: Sequence[Cause]) -> AttributeChange:
    for cause in causes:
        named = tuple(str(part) for part in parse(cause.field) if isinstance(part, str)) if cause.field else ()
        own = tuple(map(str, item.path))
        shorter = min(len(named), len(own))
        if named and named[:shorter] == own[:shorter]:
            return replace(item, effect=Effect.REPLACES, note=item.note or cause.message)
    return item


def _as_changes(causes: Sequence[Cause]) -> Iterator[AttributeChange]:
    """Yield what the cluster named where the declared values themselves show no difference."""
    for cause in causes:
        if cause.field:
            yield AttributeChange(path=(cause.field,), effect=Effect.REPLACES, note=cause.message)


# ---------------------------------------------------------------- the replacement


def replacement(
    context: ObjectContext, reason: ActionReason | None, attributes: tuple[AttributeChange, ...]
) -> Decision:
    """Return the change that deletes the object and makes it again under its name, with what that loses."""
    attributes = (*(attributes or context.draft.attributes), *_removed(context))
    lost = loss_of(context.key, context.document)
    claims = tuple(claims_of(context.key, context.document))
    draft = replace(
        context.draft,
        action=Action.REPLACE,
        replace_order=ReplaceOrder.DELETE_THEN_CREATE,
        outputs={**context.draft.outputs, "id": UNKNOWN},
        attributes=attributes,
        drift=tuple(replace(item, planned=None) for item in attributes if item.origin in (Origin.DRIFT, Origin.BOTH)),
        notes=(*context.draft.notes, *_notes(context, claims)),
        leaves=tuple(
            f"{CLAIM} {context.key.namespace}/{name}"
            for name in _left(context, kept_claims(context.platform, context.key, context.document))
        ),
    )
    end = delete_step(
        context.desired,
        draft.id,
        [claim.full_name for claim in claims],
        [claim.full_name for claim in _lost_claims(context)],
    )
    return context.finished(
        draft,
        [end, _again(context)],
        reason=reason,
        **with_loss(lost),
    )


def _again(context: ObjectContext) -> Step:
    """Return the call that creates the object again once its name is free."""
    step, old = context.creating(), context.draft.id
    gate = Gate(goal="name-free", describe="the old object is gone", details={"name": context.desired.name, "uid": old})
    return replace(step, gate=gate, lookup={**step.lookup, OLD: old})


def _removed(context: ObjectContext) -> Iterator[AttributeChange]:
    """Yield what was declared before and is not now: the new object will not have it."""
    prior = context.request.prior
    for item in differences(dict(prior.values), dict(context.desired.values)) if prior is not None else ():
        if item.planned is None and item.path[:1] != ("data",):
            found = at(dict(context.document), item.path)
            shown = SENSITIVE if isinstance(item.live, SecretDigest) else item.live
            yield AttributeChange(path=item.path, recorded=shown, live=found if shown == item.live else shown)


def _notes(context: ObjectContext, gone: Sequence[Key]) -> Iterator[str]:
    """Yield what a replacement does beside the object itself, and who holds the claims that go with it."""
    if context.draft.action is Action.IMPORT:
        yield "what goes was not made by this stack"
    if holder := in_the_way(context.platform, context.key, str(context.draft.id), gone):
        yield holder
    if context.key.full_kind == "batch/v1/Job":
        yield "the job runs again from its beginning; the pods and logs of its last run go with it"
    claims = kept_claims(context.platform, context.key, context.document)
    left = _left(context, claims)
    if taken := [name for name in claims if name not in left]:
        yield f"its volume claims are kept as they are, and its new pods mount them again: {', '.join(taken)}"
    if left:
        yield f"volume claims that nothing mounts any more are kept: {', '.join(left)}"


def _left(context: ObjectContext, claims: Sequence[str]) -> list[str]:
    """Return the claims that the new object's templates do not take up again."""
    wanted = _template_names(context.desired.values) if claims else ()
    return [name for name in claims if not any(name.startswith(f"{one}-{context.key.name}-") for one in wanted)]


def _template_names(values: Mapping[str, Any]) -> list[str]:
    templates = (values.get("spec") or {}).get("volumeClaimTemplates") or ()
    return [str((template.get("metadata") or {}).get("name")) for template in templates]


# ---------------------------------------------------------------- another name


def renaming(context: ObjectContext, change: Decision) -> Decision:
    """Return the create as what it is: the new object is made, then the recorded one of another name or kind goes.

    What was recorded may be gone, another user's by now, or to be kept: then the change stays a create.
    """
    prior = context.request.prior
    if prior is None or prior.id is None or (prior.kind, prior.name) == (context.desired.kind, context.desired.name):
        return change
    key = Key.parse(prior.kind, prior.name)
    old = _seen(context, key)  # where it may not look, it is a stray for an account that may
    if old is None or old["metadata"]["uid"] != prior.id or not context.platform.identity.owns(old):
        return change
    if is_kept(context.platform, key, old):
        note = f"{key} is kept, because it holds data; delete it with kubectl when it is no longer needed"
        return replace(change, reason=ActionReason.ATTRIBUTE_CHANGED, notes=(*change.notes, note))
    named = AttributeChange(
        path=("metadata", "name"), recorded=key.full_name, live=key.full_name, planned=context.desired.name,
        effect=Effect.REPLACES, note="another name or kind is another object",
    )  # fmt: skip
    lost = loss_of(key, old)
    if not is_known(key) and not context.request.replace:
        raise unasked(context, f"{key} is recorded for it, and another name or kind is another object")
    end = delete_step(replace(prior, address=context.desired.address), prior.id)
    return replace(
        change,
        action=Action.REPLACE,
        reason=ActionReason.ATTRIBUTE_CHANGED,
        replace_order=context.desired.lifecycle.replace_order or ReplaceOrder.CREATE_THEN_DELETE,
        id=prior.id,
        attributes=(named,),
        drift=(),
        steps=(*change.steps, end),
        **with_loss(lost),
    )
