"""What a narrowed plan leaves behind: objects that use one it replaces or deletes, and that it is not about.

Called by `plan.planner`, with ``--target`` and ``--exclude`` only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from wlinfra.changes.change import Change
from wlinfra.changes.model import Action, PlatformObject
from wlinfra.state.model import ObjectState
from wlinfra.values import Address

__all__ = ["with_users_left_out"]

_FEW = 3


def with_users_left_out(
    changes: Iterable[Change],
    declared: Mapping[Address, PlatformObject],
    recorded: Mapping[Address, ObjectState],
    chosen: Iterable[Address],
) -> list[Change]:
    """Return the changes, those that give an object another identity or none with a note of who goes on using it."""
    users: dict[Address, dict[Address, None]] = defaultdict(dict)
    about = set(chosen)
    for address in (address for address in {**declared, **recorded} if address not in about):
        item = declared.get(address) or recorded[address]
        for needed in item.depends_on:
            users[needed][address] = None
    return [_noted(change, list(users.get(change.address, ()))) for change in changes]


def _noted(change: Change, users: list[Address]) -> Change:
    if not users or change.action not in (Action.REPLACE, Action.DELETE):
        return change
    named = ", ".join(users[:_FEW]) + (f" and {len(users) - _FEW} more" if len(users) > _FEW else "")
    gone = "replaced" if change.action is Action.REPLACE else "deleted"
    note = f"not part of this plan and still using what is {gone}: {named}; plan them too, or they may fail"
    return replace(change, remarks=(*change.remarks, note))
