"""Who owns an object that was found by its name, or one that would be deleted?

One that is recorded elsewhere in this stack is no other user's: otherwise a resource that was renamed without an alias
would take over the very object that is deleted under its old address. What another state of the state directory
records is neither taken over nor ended by this one. `plan.planner` and `plan.objects` ask about each reading, the
planner about every end, and `wlinfra import` about the object that it is given.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import replace

from wlinfra.changes.change import Change
from wlinfra.changes.model import Action, PlatformObject
from wlinfra.errors import DeclarationError, Diagnostic
from wlinfra.plan.inputs import Inputs, is_same_place
from wlinfra.provider.base import Absent, Ambiguous, Live, Reading
from wlinfra.provider.optional import KnowsItsPlace
from wlinfra.remedies import Advice, Remedy, apply, forget, rename
from wlinfra.state.model import ObjectState, State
from wlinfra.state.siblings import Owner
from wlinfra.values import Address

__all__ = ["own_reading", "owner_of", "refuse_ending", "refuse_taking", "without_others"]


# ---------------------------------------------------------------- in this state


def own_reading(item: PlatformObject, reading: Reading, state: State, declared: Container[Address]) -> Reading:
    """Return the reading, or absence when all that has the name belongs to other declared objects or is a deposed object.

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
        f"The {item.kind} named {item.name!r} exists with the id {identity} and is recorded as {record.address}, which is no longer declared.",
        f'If {item.address} is its new name, declare that:\n    aliases=["{record.address.resource}"]\n'
        "If it is another one, give it a platform_name of its own.",
        address=item.address,
        location=item.location,
    )


# ---------------------------------------------------------------- in another state


def without_others(inputs: Inputs, item: PlatformObject, reading: Reading) -> Reading:
    """Return the reading without candidates that other states record; raises DeclarationError when none is left.

    With ``adopt=True`` in its declaration it is taken over without asking.
    """
    match reading:
        case Live(found_by_name=True) if not item.lookup and not item.lifecycle.adopt:
            refuse_taking(inputs, item, reading.id)
            return reading
        case Ambiguous(candidates=candidates) if not item.lookup:
            owned = {one for one in candidates if owner_of(inputs, item.provider, item.kind, item.name, one)}
            if len(owned) == len(candidates):
                refuse_taking(inputs, item, candidates[0])
            return replace(reading, candidates=tuple(one for one in candidates if one not in owned))
        case _:
            return reading


def refuse_taking(inputs: Inputs, item: PlatformObject, identity: str) -> None:
    """Raise DeclarationError when another state records the object, or may have made it."""
    owner = owner_of(inputs, item.provider, item.kind, item.name, identity)
    if owner is None:
        return
    if not owner.is_certain:
        raise DeclarationError.of(
            "Object may be another environment's",
            f"The {item.kind} named {item.name!r} exists with the id {identity}, and an interrupted run of {owner.shown} may have created it as {owner.address}.",
            Advice(
                "Finish that run first, then plan again:",
                apply(owner.environment, elsewhere=owner.environment != inputs.declared.environment),
            ),
            address=item.address,
            location=item.location,
        )
    renamed: tuple[str | Remedy, ...] = ()
    if owner.environment == inputs.declared.environment and owner.stack != inputs.declared.stack:
        record = rename(owner.stack, owner.environment)
        renamed = (f"If this stack was called {owner.stack} before, give it that record:", record, "Otherwise: ")
    raise DeclarationError.of(
        "Object of another environment",
        f"The {item.kind} named {item.name!r} exists with the id {identity} and is recorded by {owner.shown} as {owner.address}, so {item.address} does not take it over.",
        Advice(
            *renamed,
            "Give the objects of this environment names of their own, with name_prefix= on the environment or platform_name= "
            "on the resource. To hand it over, forget it there first:",
            _forget_there(inputs, owner),
        ),
        address=item.address,
        location=item.location,
    )


def refuse_ending(inputs: Inputs, changes: Iterable[Change]) -> Iterator[Diagnostic]:
    """Yield an error for everything that would be deleted or replaced and that another state records, too."""
    for change in changes:
        identity = change.deposed_id or change.id
        if change.action not in (Action.DELETE, Action.REPLACE) or change.virtual or identity is None:
            continue
        owner = owner_of(inputs, change.provider, change.kind, "", identity)
        if owner is not None:
            verb = "replaced" if change.action is Action.REPLACE else "deleted"
            yield Diagnostic(
                summary="Object of another environment",
                detail=f"{change.address} [id={identity}] would be {verb}, and it is recorded by {owner.shown} as {owner.address}, too.",
                fix=Advice(
                    "Leave it to that one and forget it here:",
                    forget(change.address, inputs.declared.environment),
                    "or, if it is no longer needed there, forget it there:",
                    _forget_there(inputs, owner),
                ),
                address=change.address,
                location=change.location,
            )


def _forget_there(inputs: Inputs, owner: Owner) -> Remedy:
    stack = "" if owner.stack == inputs.declared.stack else owner.stack
    return forget(owner.address, owner.environment, stack=stack, elsewhere=True)


def owner_of(inputs: Inputs, provider: str, kind: str, name: str, identity: str) -> Owner | None:
    """Return which other state records the object with this id at the place where the provider is.

    With a name, an interrupted step that creates an object of that name counts too.
    """

    def is_here(state: State, other: str) -> bool:
        recorded = state.places.get(other)
        if recorded is None:  # an earlier version wrote it: only ids that no two platforms share mean anything
            return isinstance(inputs.connections.get(provider), KnowsItsPlace)
        return is_same_place(inputs.places.of(provider), recorded)

    return inputs.siblings.find(kind=kind, name=name, identity=identity, is_here=is_here)
