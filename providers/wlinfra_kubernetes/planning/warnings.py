"""What a plan warns of beside its changes: the cluster's own warnings, and what others do to a live object.

`plan` adds them to every planned object; the same words stand in the plan once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from wlinfra.errors import Diagnostic, Severity
from wlinfra.provider import Action, Decision

from .context import ObjectContext

__all__ = ["with_warnings"]

_SCALED_OBJECT: Final = "keda.sh/v1alpha1/ScaledObject"
_PAUSED: Final = "autoscaling.keda.sh/paused"
_PAUSED_AT: Final = "autoscaling.keda.sh/paused-replicas"


def with_warnings(context: ObjectContext, change: Decision) -> Decision:
    """Return the change with what the plan has to warn of."""
    found = (*_heard(context), *_foreign(context, change), *_paused(context))
    placed = (replace(warning, address=context.desired.address, location=context.desired.location) for warning in found)
    return replace(change, warnings=(*change.warnings, *placed))


def _warning(summary: str, detail: str, fix: str = "") -> Diagnostic:
    return Diagnostic(summary=summary, detail=detail, fix=fix, severity=Severity.WARNING)


def _heard(context: ObjectContext) -> Iterator[Diagnostic]:
    """Yield what the API server said in its ``Warning`` headers, such as a deprecation."""
    for text in context.heard:
        yield _warning("Cluster warns", text)


def _foreign(context: ObjectContext, change: Decision) -> Iterator[Diagnostic]:
    """Yield a warning for an import of what a controller made and keeps as it wants it."""
    owners: Any = _meta(context.document).get("ownerReferences") or ()
    owner = next((one for one in owners if one.get("controller")), None)
    if change.action is Action.IMPORT and owner is not None:
        yield _warning(
            "Object belongs to a controller",
            f"{context.key} was made by the {owner.get('kind')} {owner.get('name')}, which may set back what is changed "
            "in it, and takes it along when it goes.",
            f"Declare the {owner.get('kind')} instead of it.",
        )


def _paused(context: ObjectContext) -> Iterator[Diagnostic]:
    """Yield a warning for an autoscaler that is halted, whoever did it."""
    if context.key.full_kind != _SCALED_OBJECT:
        return
    annotations = _meta(context.document).get("annotations") or {}
    if (number := annotations.get(_PAUSED_AT)) is not None:
        said = f"{_PAUSED_AT}: {number}"
    elif str(annotations.get(_PAUSED, "false")).lower() == "true":
        said = f"{_PAUSED}: true"
    else:
        return
    yield _warning("Autoscaler is paused", f"{context.key} has {said}, and scales nothing until that is removed.")


def _meta(document: Mapping[str, Any]) -> Mapping[str, Any]:
    return document.get("metadata") or {}
