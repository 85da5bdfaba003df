"""Plans an object without asking the cluster, from what is declared, what is live and what the API never changes.

`plan` calls it for an account that may only read and for values that are not known yet, `plan_existing` and `plan_new`
where the cluster refuses a dry run for want of a right. Each change says in one sentence why it was not tried.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from wlinfra.provider import (
    Action,
    ActionReason,
    AttributeChange,
    BlastRadius,
    Decision,
    Effect,
    changes_nothing_live,
    needs_call,
)
from wlinfra.values import Path, contains_unknown, is_open
from wlinfra_kubernetes.volumes import CLAIM
from wlinfra_manifests.quantities import amount

from .attributes import rolls
from .claims import is_growing, with_wait_noted, with_waiting_size
from .context import ObjectContext
from .replacement import forced, may_go, refused_claim, replacement, unasked
from .restarts import stamp_attribute
from .steps import goal_of

__all__ = ["NOT_KNOWN", "NO_SECRET", "READ_ONLY", "predicted"]

NOT_KNOWN: Final = "not tried, because a value is not known yet"
NO_SECRET: Final = "not tried, because a secret is not known here"  # noqa: S105 - words for people
READ_ONLY: Final = "not tried, because the account may only read"

_SELECTOR: Final = (("spec", "selector"),)
_RBAC: Final = "rbac.authorization.k8s.io/v1"
_FIXED: Final[Mapping[str, tuple[Path, ...]]] = {
    "apps/v1/Deployment": _SELECTOR,
    "apps/v1/ReplicaSet": _SELECTOR,
    "apps/v1/DaemonSet": _SELECTOR,
    "batch/v1/Job": (("spec", "template"), ("spec", "selector"), ("spec", "completionMode")),
    "v1/Service": (("spec", "clusterIP"), ("spec", "clusterIPs")),
    "v1/Secret": (("type",),),
    "storage.k8s.io/v1/StorageClass": (("provisioner",), ("parameters",), ("reclaimPolicy",), ("volumeBindingMode",)),
    "apps.nvidia.com/v1alpha1/NIMCache": (("spec",),),
    f"{_RBAC}/RoleBinding": (("roleRef",),),
    f"{_RBAC}/ClusterRoleBinding": (("roleRef",),),
}
"""What the API refuses to change, by kind; each path with all below it."""
_CHANGEABLE: Final[Mapping[str, frozenset[str]]] = {
    "apps/v1/StatefulSet": frozenset(
        {
            "replicas",
            "template",
            "updateStrategy",
            "persistentVolumeClaimRetentionPolicy",
            "minReadySeconds",
            "ordinals",
            "revisionHistoryLimit",
        }
    ),
    CLAIM: frozenset({"resources", "volumeAttributesClassName"}),
}
"""All that the API lets change in the spec, for kinds where the rest is fixed."""
_GIVEN: Final = frozenset({"v1/Service", CLAIM})
"""Kinds whose fixed fields the cluster fills in: what is not there yet may be set, and what is declared no more stays."""
_CONTENTS: Final = ("data", "stringData", "binaryData", "immutable")
_NOTE: Final = "the API never changes this field"


def predicted(context: ObjectContext, why: str) -> Decision:
    """Return what a comparison finds, marked with why; raises ProviderError for a volume that cannot change so."""
    change = _restarting(context, _judged(context))
    if change.action in (Action.NO_OP, Action.READ) or changes_nothing_live(change):
        return change
    return replace(change, predicted=(*change.predicted, why))


def _judged(context: ObjectContext) -> Decision:
    if context.live is None or not is_growing(context) or forced(context) is not None:
        return _compared(context)
    return with_wait_noted(context, _compared(with_waiting_size(context)))


def _compared(context: ObjectContext) -> Decision:
    draft = context.draft
    if context.live is None:
        return context.finished(draft, [context.creating()]) if draft.action is Action.CREATE else draft
    if change := forced(context):
        return change
    if draft.action is Action.NO_OP:
        resumes = draft.reason is ActionReason.UNREADY
        return replace(draft, goal=goal_of(context.desired, draft.action) if resumes else None)
    if draft.action is Action.UPDATE and not needs_call(draft):
        return draft
    attributes = tuple(_marked(context, item) for item in draft.attributes)
    if any(item.effect is Effect.REPLACES for item in attributes):
        if context.desired.kind == CLAIM:
            paths = (".".join(map(str, item.path)) for item in attributes if item.effect is Effect.REPLACES)
            raise refused_claim(context, f"{_NOTE}: {', '.join(paths)}")
        if not may_go(context):
            raise unasked(context, "the API never changes what differs")
        return replacement(context, ActionReason.CANNOT_UPDATE, attributes)
    steps = [context.applying()]
    if draft.action not in (Action.UPDATE, Action.IMPORT) or not any(
        _replaces_pods(context, item) for item in attributes
    ):
        return context.finished(draft, steps)
    rolling = (replace(item, effect=Effect.ROLLS) if _replaces_pods(context, item) else item for item in attributes)
    return context.finished(
        draft,
        steps,
        action=Action.ROLL if draft.action is Action.UPDATE else draft.action,
        blast_radius=BlastRadius.ROLLING,
        attributes=tuple(rolling),
    )


def _replaces_pods(context: ObjectContext, item: AttributeChange) -> bool:
    return rolls(context.key.kind, item.path)


def _restarting(context: ObjectContext, change: Decision) -> Decision:
    """Return the change as a roll where what the pods read at their start changes."""
    if (
        not context.stamp.rolls
        or context.live is None
        or change.action not in (Action.NO_OP, Action.UPDATE, Action.ROLL)
    ):
        return change
    return context.finished(
        change,
        [context.applying()],
        action=Action.ROLL,
        reason=ActionReason.ATTRIBUTE_CHANGED if change.action is Action.NO_OP else change.reason,
        attributes=(*change.attributes, stamp_attribute(context.desired, context.stamp)),
        blast_radius=BlastRadius.ROLLING,
    )


# ---------------------------------------------------------------- what never changes


def _marked(context: ObjectContext, item: AttributeChange) -> AttributeChange:
    if contains_unknown(item.planned) or is_open(item.planned) or not _is_fixed(context, item):
        return item
    return replace(item, effect=Effect.REPLACES, note=item.note or _NOTE)


def _is_fixed(context: ObjectContext, item: AttributeChange) -> bool:
    kind, path = context.desired.kind, item.path
    if kind in ("v1/Secret", "v1/ConfigMap") and context.document.get("immutable") is True and path[0] in _CONTENTS:
        return True
    if kind == CLAIM and path[:3] == ("spec", "resources", "requests"):
        return _shrinks(item)
    if kind in _GIVEN and (item.live in (None, "") or item.planned is None):
        return False
    if kind in _CHANGEABLE:
        return path[0] == "spec" and len(path) > 1 and path[1] not in _CHANGEABLE[kind]
    return any(path[: len(fixed)] == fixed for fixed in _FIXED.get(kind, ()))


def _shrinks(item: AttributeChange) -> bool:
    live: Any = item.live
    planned: Any = item.planned
    return isinstance(live, str) and isinstance(planned, str) and amount(planned) < amount(live)
