"""Changing the state by hand: what `wlinfra state rm` and `wlinfra state mv` do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wlinfra.errors import StateRefusedError
from wlinfra.remedies import Advice, apply, forget, move, show_state
from wlinfra.state.model import Intent, ObjectState, State
from wlinfra.state.records import moved as at_address
from wlinfra.state.records import with_renamed_dependencies
from wlinfra.state.shape import check_address
from wlinfra.values import Address

if TYPE_CHECKING:
    from wlinfra.state.session import StateSession

__all__ = ["Forgotten", "forget_objects", "move_objects"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What is not known of any more."""

    objects: tuple[ObjectState, ...]
    steps: tuple[Intent, ...]
    """Interrupted steps: no one asks any more whether they happened."""


def forget_objects(session: StateSession, address: Address) -> Forgotten:
    """Forget an object, or all objects of a resource, and their interrupted steps, leaving the platform alone.

    Others stop depending on them. Raises StateRefusedError when nothing is known of the address.
    """
    state = session.state
    steps = tuple(intent for intent in state.intents if address in (intent.address, intent.address.resource))
    gone = _find(state, address) if not steps else _recorded(state, address)
    session.set_many(put=_rename_dependencies(state, dict.fromkeys(gone)), remove=gone)
    for intent in steps:
        session.end(intent)
    return Forgotten(objects=tuple(state.objects[item] for item in gone), steps=steps)


def move_objects(session: StateSession, old: Address, new: Address) -> dict[Address, Address]:
    """Give an object, or all objects of a resource, another address; return old and new addresses.

    What others recorded as their dependencies moves along. Raises StateRefusedError when nothing is recorded at the old
    address, something at the new one, or when the new one cannot stand for the same object.
    """
    state = session.state
    found = _find(state, old)
    _refuse_no_address(new)
    moved = {address: Address(new + address.removeprefix(old)) for address in found}
    _refuse_unsettled(state, moved)
    taken = sorted(set(moved.values()) & set(state.objects) - set(moved))
    if taken:
        raise StateRefusedError.of(
            "Address is taken",
            f"The state already records {taken[0]}, so {old} cannot move there.",
            Advice("Forget that one first, if it is not wanted:", forget(taken[0])),
        )
    _refuse_another_kind(old, new)
    renamed = {item.address: item for item in _rename_dependencies(state, dict(moved))}
    puts = [at_address(renamed.pop(address, state.objects[address]), target) for address, target in moved.items()]
    session.set_many(put=[*renamed.values(), *puts], remove=tuple(moved))
    return moved


def _recorded(state: State, address: Address) -> tuple[Address, ...]:
    return tuple(sorted(item for item in state.objects if address in (item, item.resource)))


def _find(state: State, address: Address) -> tuple[Address, ...]:
    found = _recorded(state, address)
    if not found:
        from wlinfra.resources.mistakes import nearest  # only a mistake needs it

        guess = nearest(address, [*state.objects, *(item.resource for item in state.objects)])
        raise StateRefusedError.of(
            "Address is not recorded",
            f"The state has no {address}.",
            Advice(f"Did you mean {guess}? " if guess else "", "List what it has:", show_state()),
        )
    return found


def _refuse_no_address(new: Address) -> None:
    try:
        check_address(new)
    except ValueError as error:
        raise StateRefusedError.of(
            "Not an address",
            f"Nothing was moved: {error}, so no declaration could ever stand for the object again.",
            "Name the address at which it is declared now, such as workload.chat or payments.workload.chat.",
        ) from None


def _refuse_another_kind(old: Address, new: Address) -> None:
    """Raise StateRefusedError where the next apply would delete the object, as nothing of its kind is declared there."""
    if (old.type, old.part) == (new.type, new.part):
        return
    what = f"a {old.type}" if not old.part else f"the {old.part} of a {old.type}"
    instead = old.resource.removesuffix(f".{old.name}") + f".{new.name}" + (f"/{old.part}" if old.part else "")
    raise StateRefusedError.of(
        "Address of another kind",
        f"Nothing was moved: {old} is {what}, and {new} stands for something else, so the next apply would delete the object.",
        Advice("Move it to an address of its own kind:", move(old, instead))
        if instead != str(old)
        else f"Leave it where it is, or move it to an address of its own kind: {old} with another name.",
    )


def _refuse_unsettled(state: State, moved: Mapping[Address, Address]) -> None:
    pending = sorted({intent.address for intent in state.intents} & set(moved))
    if pending:
        raise StateRefusedError.of(
            "Step is not settled",
            f"An interrupted run left a step on {pending[0]} of which it is not known whether it happened.",
            Advice("Let the next apply look it up first:", apply()),
        )


def _rename_dependencies(state: State, renamed: dict[Address, Address | None]) -> list[ObjectState]:
    changed: list[ObjectState] = []
    for address, item in state.objects.items():
        after = with_renamed_dependencies(item, renamed)
        is_forgotten = address in renamed and renamed[address] is None
        if after is not item and not is_forgotten:
            changed.append(after)
    return changed
