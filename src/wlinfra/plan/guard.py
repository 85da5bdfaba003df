"""What a plan must never do without being told: end protected objects, or destroy a stack by an empty program."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from wlinfra.changes.model import Action, Change, PlatformObject
from wlinfra.errors import DeclarationError, Diagnostic
from wlinfra.plan.model import PlanOptions
from wlinfra.state.model import State
from wlinfra.values import Address

__all__ = ["guard_emptiness", "guards"]


def guard_emptiness(objects: Mapping[Address, PlatformObject], state: State, options: PlanOptions) -> None:
    """Raise DeclarationError when a program without resources would destroy a stack that has some."""
    if objects or not state.objects or options.destroy or options.allow_empty or options.refresh_only:
        return
    raise DeclarationError.of(
        "Program declares no resources",
        f"The program yields nothing, and {len(state.objects)} objects are recorded: applying it would destroy all of them.",
        "If that is wanted, use\n    wlinfra destroy\nor add --allow-empty; otherwise check that the function decorated with @stack.resources yields its resources.",
    )


def guards(changes: Iterable[Change], state: State, *, protected: bool) -> list[Diagnostic]:
    """Return an error for every protected object that would be deleted or replaced."""
    return [
        _protected(change, protected=protected)
        for change in changes
        if _ends(change) and (protected or _is_protected(change, state))
    ]


def _ends(change: Change) -> bool:
    return change.deposed_id is None and change.action in (Action.DELETE, Action.REPLACE) and not change.virtual


def _is_protected(change: Change, state: State) -> bool:
    """True when the declaration says so, or the record does and no declaration lifts it."""
    record = state.objects.get(change.address)
    if change.action is Action.DELETE:
        return record is not None and record.protect
    return change.lifecycle.protect or (record is not None and record.protect)


def _protected(change: Change, *, protected: bool) -> Diagnostic:
    verb = "deleted" if change.action is Action.DELETE else "replaced"
    if protected:
        why, fix = "the environment is protected", "Set protect=False on the environment, then plan again."
    else:
        why, fix = (
            "it is protected; that is recorded, so that it holds after the declaration is gone",
            f"To lift it, declare {change.address.resource} with protect=False and apply that first.",
        )
    return Diagnostic(
        summary="Protected object",
        detail=f"{change.address} would be {verb}, but {why}.",
        fix=fix,
        address=change.address,
        location=change.location,
    )
