"""Changes for tests: of an object with the least that one has."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from wlinfra.changes.change import Change
from wlinfra.changes.model import Action, Decision, PlatformObject
from wlinfra.diff.schema import OPAQUE
from wlinfra.values import Address

_ABOUT = frozenset({"address", "depends_on", "ends_first", "kind", "lifecycle", "location", "name", "virtual"})
_DECIDED = frozenset(field.name for field in fields(Decision))


def change(address: str, action: Action, **values: Any) -> Change:
    """Return a change; each value goes to the part that owns it."""
    where = Address(address)
    subject = PlatformObject(address=where, kind=where.type, name=where.name, values={}, schema=OPAQUE, outputs=())
    return altered(Change(subject=subject, decision=Decision(action=action)), **values)


def altered(before: Change, **values: Any) -> Change:
    """Return the change with other values; each goes to the part that owns it."""
    about = {name: value for name, value in values.items() if name in _ABOUT}
    decided = {name: value for name, value in values.items() if name in _DECIDED}
    own = {name: value for name, value in values.items() if name not in about and name not in decided}
    subject: Any = replace(before.subject, **about)
    return replace(before, subject=subject, decision=replace(before.decision, **decided), **own)
