"""What a volume claim cannot do yet: it grows once it is bound, and until then its size waits.

`plan_existing` asks when the cluster refused the change of a claim, `predicted` where it is not asked.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from wlinfra.errors import Diagnostic
from wlinfra.provider import Action, ActionReason, Decision
from wlinfra_kubernetes.documents.fieldpath import with_value
from wlinfra_kubernetes.volumes import CLAIM
from wlinfra_manifests.document import at
from wlinfra_manifests.quantities import amount

from .context import ObjectContext

__all__ = ["is_growing", "with_wait_noted", "with_waiting_size"]

_SIZE: Final = ("spec", "resources", "requests", "storage")


def is_growing(context: ObjectContext) -> bool:
    """Return whether a claim that is not bound yet is declared larger than it is."""
    if context.desired.kind != CLAIM or (context.document.get("status") or {}).get("phase") != "Pending":
        return False
    live, planned = _sizes(context)
    return isinstance(live, str) and isinstance(planned, str | int) and amount(planned) > amount(live)


def with_waiting_size(context: ObjectContext) -> ObjectContext:
    """Return the context as it can be applied now, with the size that is live; what is recorded is that, too."""
    draft = context.draft
    draft = replace(
        draft,
        values=with_value(dict(draft.values), _SIZE, _sizes(context)[0]),
        attributes=tuple(item for item in draft.attributes if item.path != _SIZE),
        drift=tuple(item for item in draft.drift if item.path != _SIZE),
    )
    if draft.action is Action.UPDATE and not draft.attributes:
        draft = replace(draft, action=Action.NO_OP, reason=ActionReason.UNCHANGED)
    return replace(context, draft=draft)


def with_wait_noted(context: ObjectContext, change: Decision) -> Decision:
    """Return the change with the warning that the size is left for later."""
    live, planned = _sizes(context)
    warning = Diagnostic(
        summary="Size of volume waits",
        detail=f"{context.desired.address} is declared with {planned} and stays at {live}: a claim that waits for its "
        "first consumer cannot grow.",
        fix="Plan again once a pod mounts it and it is bound.",
        address=context.desired.address,
        location=context.desired.location,
    )
    return replace(change, warnings=(*change.warnings, warning))


def _sizes(context: ObjectContext) -> tuple[Any, Any]:
    """Return the size that is live and the one that is declared."""
    return at(dict(context.document), _SIZE), at(dict(context.desired.values), _SIZE)
