"""The sentence for each change, in Terraform's words where Terraform has one.

Text, Markdown and HTML use the same sentences, in the document of the plan.
"""

from __future__ import annotations

from typing import assert_never

from wlinfra.changes.change import Change
from wlinfra.changes.model import Action, ActionReason
from wlinfra.changes.outcome import actions_of, label_of
from wlinfra.render import document as doc
from wlinfra.render.style import clean
from wlinfra.resources.lifecycle import ReplaceOrder

__all__ = ["action_symbol", "sentence", "subject", "verdict"]


def action_symbol(change: Change | doc.Change) -> str:
    """Return the sign for the change; ``+/-`` where the new object comes before the old one goes."""
    if change.action is Action.REPLACE and change.replace_order is ReplaceOrder.CREATE_THEN_DELETE:
        return "+/-"
    return change.action.symbol


def subject(change: Change | doc.Change) -> str:
    """Return what the change is about: its address, and the id of a deposed object."""
    return clean(change.address) + (f" (deposed object {clean(change.deposed_id)})" if change.deposed_id else "")


def sentence(change: doc.Change) -> str:
    """Return what happens to the change's object, with its address in front."""
    return f"{subject(change)} {change.verdict}"


def verdict(change: Change) -> str:
    """Return what happens, without the address.

    >>> from wlinfra.changes.model import Decision
    >>> from wlinfra.state.model import ObjectState
    >>> from wlinfra.values import Address
    >>> record = ObjectState(address=Address("workload.chat"), provider="default", kind="workload", name="chat")
    >>> verdict(Change(subject=record, decision=Decision(action=Action.DELETE)))
    'will be destroyed'
    """
    label = clean(label_of(change.decision))
    match change.action:
        case Action.CREATE:
            return _with_reason(f"will be created ({label})" if label else "will be created", change, ActionReason.GONE)
        case Action.UPDATE:
            return _updated(Action.UPDATE, label)
        case Action.ROLL:
            # Without a difference of its own nothing else shows why.
            shown = () if change.attributes else (ActionReason.DEPENDENCY_CHANGED, ActionReason.DRIFTED)
            return _with_reason(_updated(Action.ROLL, label), change, *shown)
        case Action.REPLACE:
            return _replacement(change)
        case Action.DELETE:
            return _with_reason("will be destroyed", change, *ActionReason)
        case Action.IMPORT:
            _, *others = actions_of(change.decision)
            words = "".join(_updated(other, label, verb="and") for other in others)
            return _with_reason(
                f"will be imported {words}".rstrip(), change, ActionReason.FOUND_BY_NAME, ActionReason.FOUND_INSTEAD
            )
        case Action.READ:
            return "will be read"
        case Action.FORGET:
            return _with_reason("will be forgotten, not destroyed", change, *ActionReason)
        case Action.NO_OP if change.goal is not None:
            return f"will be waited for until it is {clean(change.goal.describe)}; it does not change"
        case Action.NO_OP:
            return "will not change"
    assert_never(change.action)


def _updated(action: Action, label: str, *, verb: str = "will be") -> str:
    """Return how an object is updated; ``label`` is the word for it, if there is one."""
    words = [*(["rolling restart"] if action is Action.ROLL else []), *([label] if label != "rolling restart" else [])]
    how = ", ".join(filter(None, words))
    return f"{verb} updated ({how})" if how else f"{verb} updated in-place"


def _replacement(change: Change) -> str:
    match change.reason:
        case ActionReason.REQUESTED:
            return "will be replaced, as requested"
        case ActionReason.TAINTED:
            return "is tainted, so it must be replaced"
        case _:
            return _with_reason(
                "must be replaced", change, ActionReason.DEPENDENCY_REPLACED, ActionReason.DEPENDENCY_CHANGED
            )


def _with_reason(words: str, change: Change, *shown: ActionReason) -> str:
    if change.reason is None or change.reason not in shown:
        return words
    return f"{words}  (because {change.reason.value})"
