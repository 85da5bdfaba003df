"""What a change amounts to: the actions it counts as, and the word for it.

Lists, headlines, counts, documents, events and summaries all ask here, so that they cannot disagree. Everything
follows from the change as it will be done: from its action, its calls and its effects.
"""

from __future__ import annotations

from typing import Final

from wlinfra.changes.model import Action, BlastRadius, Change
from wlinfra.diff.schema import Effect

__all__ = ["RECORDED_ONLY", "actions_of", "changes_nothing_live", "counts_as", "label_of", "needs_call"]

RECORDED_ONLY: Final = "recorded only"


def actions_of(change: Change) -> tuple[Action, ...]:
    """Return every action that the change counts as: an import that makes calls is an update or a roll as well.

    >>> from wlinfra.values import Address
    >>> actions_of(Change(address=Address("workload.chat"), kind="workload", provider="default", name="chat", action=Action.IMPORT))
    (<Action.IMPORT: 'import'>,)
    """
    if change.action is not Action.IMPORT or not change.steps:
        return (change.action,)
    return (Action.IMPORT, Action.ROLL if _rolls(change) else Action.UPDATE)


def counts_as(change: Change, *actions: Action) -> bool:
    """Return whether the change counts as one of the actions."""
    return any(action in actions for action in actions_of(change))


def _rolls(change: Change) -> bool:
    if change.blast_radius is BlastRadius.ROLLING:
        return True
    return change.blast_radius > BlastRadius.ROLLING and any(item.effect is Effect.ROLLS for item in change.attributes)


def changes_nothing_live(change: Change) -> bool:
    """Return whether the change is one of the record alone: an update that calls nothing."""
    return change.action is Action.UPDATE and not change.steps


def label_of(change: Change) -> str:
    """Return the word for this kind of change: recorded only exactly where an update calls nothing."""
    return RECORDED_ONLY if changes_nothing_live(change) else change.label


def needs_call(change: Change) -> bool:
    """Return whether the change cannot be done without a call, judged by what differs; for drafts without steps."""
    if change.virtual or change.action in (Action.NO_OP, Action.READ, Action.FORGET):
        return False
    if change.action is Action.UPDATE:
        return any(item.effect is not Effect.STORED for item in change.attributes)
    if change.action is Action.IMPORT:
        effect = max((item.effect for item in change.attributes), default=Effect.STORED)
        return Effect.STORED < effect < Effect.REPLACES
    return True
