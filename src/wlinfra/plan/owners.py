"""Whose is an object that was found by its name? One that is recorded elsewhere in this stack is nobody else's.

Called by `plan.planner` and `plan.replan` with each reading; else a resource that was renamed without an alias would
take over the very object that is deleted under its old address.
"""

from __future__ import annotations

from collections.abc import Container

from wlinfra.changes.model import PlatformObject
from wlinfra.errors import DeclarationError
from wlinfra.provider.base import Absent, Ambiguous, Live, Reading
from wlinfra.state.model import ObjectState, State
from wlinfra.values import Address

__all__ = ["own_reading"]


def own_reading(item: PlatformObject, reading: Reading, state: State, declared: Container[Address]) -> Reading:
    """Return the reading, or absence when all that bears the name belongs to other declared objects or is a leftover.

    Raises DeclarationError when it belongs to an object that is not declared any more: then it was probably renamed.
    """
    found: tuple[str, ...]
    match reading:
        case Live(found_by_name=True) if not item.lookup:
            found = (reading.id,)
        case Ambiguous(candidates=candidates) if not item.lookup:
            found = candidates
        case _:
            return reading
    owners = {
        identity: record
        for record in tuple(state.objects.values())
        if (record.provider, record.kind) == (item.provider, item.kind)
        for identity in (record.id, *(left.id for left in record.deposed))
        if identity in found and (record.address, record.id) != (item.address, identity)
    }
    for identity, record in owners.items():
        if record.address not in declared:
            raise _renamed(item, str(identity), record)
    if len(owners) < len(found):
        return reading
    return Absent(siblings=getattr(reading, "siblings", ()) or found)


def _renamed(item: PlatformObject, identity: str, record: ObjectState) -> DeclarationError:
    return DeclarationError.of(
        "Object is managed already",
        f"The {item.kind} named {item.name!r} exists with the id {identity} and is recorded as {record.address}, which is not declared any more.",
        f'If {item.address} is its new name, say so:\n    aliases=["{record.address.resource}"]\n'
        "If it is another one, give it a platform_name of its own.",
        address=item.address,
        location=item.location,
    )
