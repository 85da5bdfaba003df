"""Which state an inventory belongs to: two projects may have the same stack, environment and namespace.

The inventory has the lineage of the state that records the stack's objects, under a field manager of that lineage,
so that two states conflict instead of overwriting each other. `strays` and `read` ask `is_ours`, because what has
the stack's label is proven to be ours only then; `outcome.prepare` calls `claim`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from wlinfra.errors import ProviderError
from wlinfra.provider import Action, ActionReason, Decision, ObjectState
from wlinfra.remedies import Advice, apply, forget
from wlinfra_manifests.document import key_of

from .ownership.identity import LINEAGE
from .platform import Platform

__all__ = ["TAKES", "claim", "is_ours", "is_proven", "lineage_of", "refuse_taken_over", "taking_over"]

TAKES: Final = "takes"
"""What a step's lookup says where it takes over the inventory of another state."""
_MANAGER: Final = "wlinfra-lineage-"


def lineage_of(inventory: Mapping[str, Any]) -> str:
    """Return the lineage that an inventory has; empty for one of an earlier version."""
    annotations = (inventory.get("metadata") or {}).get("annotations") or {}
    return str(annotations.get(LINEAGE) or "")


def is_ours(platform: Platform, inventory: Mapping[str, Any] | None, record: ObjectState | None) -> bool:
    """Return whether the state at hand is the one the inventory belongs to, and remember it for the run.

    One without a lineage belongs to whoever records it, and so does the label where the inventory is gone.
    """
    if platform.lineage is None:
        ours = True  # no state was named
    elif inventory is not None and (lineage := lineage_of(inventory)):
        ours = lineage == platform.lineage
    else:
        ours = record is not None and (inventory is None or record.id == inventory["metadata"]["uid"])
    platform.unclaimed = ours and inventory is not None and not lineage_of(inventory)
    platform.foreign = {} if ours or inventory is None else inventory
    platform.ours = ours
    return ours


def is_proven(platform: Platform, document: Mapping[str, Any]) -> bool:
    """Return whether the label proves the object ours.

    Where the inventory belongs to another state, taking that over is what has to be confirmed, and the other objects
    depend on it; where it is missing, nothing proves whose they are.
    """
    if not platform.identity.owns(document):
        return False
    if platform.ours is not False:
        return True
    return bool(platform.foreign) and key_of(document) != platform.identity.inventory


def claim(platform: Platform, *, force: bool = False) -> None:
    """Write our lineage on the inventory, once in a run; raises ClusterError, which is a conflict with another state."""
    platform.unclaimed, platform.ours, platform.foreign = False, True, {}
    if not platform.lineage:
        return
    key = platform.identity.inventory
    annotations = {LINEAGE: platform.lineage}
    meta = {"name": key.name, "namespace": key.namespace, "annotations": annotations}
    body = {"apiVersion": key.api, "kind": key.kind, "metadata": meta}
    platform.client.apply(key, body, force=force, manager=f"{_MANAGER}{platform.lineage}")


def refuse_taken_over(platform: Platform, record: ObjectState) -> None:
    """Raise ProviderError when this state recorded and applied the inventory that belongs to another one now.

    A record without values was imported by a person and never applied: that is how it is taken back.
    """
    if not record.values:
        return
    identity = platform.identity
    raise ProviderError.of(
        "Inventory belongs to another state",
        f"{identity.inventory} is recorded here and was taken over by another state of {_where(platform)}: another "
        "project has the same names, or a copy of this one. Nothing is planned, because each would delete what the other made.",
        Advice(
            "Give the stack or the environment another name here or there. To take the inventory back:",
            forget(record.address, identity.environment),
            apply(identity.environment),
        ),
        address=record.address,
    )


def taking_over(platform: Platform, change: Decision) -> Decision:
    """Return the change of an inventory that belongs to another state, as the import that takes it over."""
    lineage = lineage_of(platform.foreign)
    note = (
        f"it belongs to another state of {_where(platform)}{f' (lineage {lineage})' if lineage else ''}: that of another "
        "project with the same names, or one that was lost; who takes it over deletes with the next apply what has its "
        "label and is not declared. Another project needs another name for its stack or environment"
    )
    steps = tuple(replace(step, lookup={**step.lookup, TAKES: True}) for step in change.steps)
    reason = change.reason if change.action is Action.IMPORT else ActionReason.NOT_IN_STATE
    return replace(change, action=Action.IMPORT, reason=reason, steps=steps, notes=(*change.notes, note))


def _where(platform: Platform) -> str:
    identity = platform.identity
    return f"stack {identity.stack}, environment {identity.environment}"
