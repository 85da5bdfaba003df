"""What a decision amounts to: the actions it counts as, and the word for it.

Lists, headlines, counts, documents, events and summaries all ask here, so that they cannot disagree. Everything
follows from the decision as it will be carried out: from its action, its calls and its effects.
"""

from __future__ import annotations

from typing import Final

from wlinfra.changes.model import Action, BlastRadius, Decision
from wlinfra.diff.schema import Effect

__all__ = ["RECORDED_ONLY", "actions_of", "changes_nothing_live", "counts_as", "label_of", "needs_call"]

RECORDED_ONLY: Final = "recorded only"


def actions_of(decision: Decision) -> tuple[Action, ...]:
    """Return every action that the decision counts as: an import that makes calls is an update or a roll as well.

    >>> actions_of(Decision(action=Action.IMPORT))
    (<Action.IMPORT: 'import'>,)
    """
    if decision.action is not Action.IMPORT or not decision.steps:
        return (decision.action,)
    return (Action.IMPORT, Action.ROLL if _rolls(decision) else Action.UPDATE)


def counts_as(decision: Decision, *actions: Action) -> bool:
    """Return whether the decision counts as one of the actions."""
    return any(action in actions for action in actions_of(decision))


def _rolls(decision: Decision) -> bool:
    if decision.blast_radius is BlastRadius.ROLLING:
        return True
    return decision.blast_radius > BlastRadius.ROLLING and any(
        item.effect is Effect.ROLLS for item in decision.attributes
    )


def changes_nothing_live(decision: Decision) -> bool:
    """Return whether the change is one of the record alone: an update that calls nothing."""
    return decision.action is Action.UPDATE and not decision.steps


def label_of(decision: Decision) -> str:
    """Return the word for this kind of change: recorded only exactly where an update calls nothing."""
    return RECORDED_ONLY if changes_nothing_live(decision) else decision.label


def needs_call(decision: Decision) -> bool:
    """Return whether it cannot be carried out without a call, judged by what differs; for drafts without steps.

    Not for what lives in the state alone, which needs none.
    """
    if decision.action in (Action.NO_OP, Action.READ, Action.FORGET):
        return False
    if decision.action is Action.UPDATE:
        return any(item.effect is not Effect.STORED for item in decision.attributes)
    if decision.action is Action.IMPORT:
        effect = max((item.effect for item in decision.attributes), default=Effect.STORED)
        return Effect.STORED < effect < Effect.REPLACES
    return True
