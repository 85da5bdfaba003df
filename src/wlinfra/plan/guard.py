"""What a plan must never do unless asked: end protected objects, destroy a stack by an empty program, or leave
objects behind on another platform.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from enum import Enum
from typing import Final, assert_never

from wlinfra.changes.change import Change
from wlinfra.changes.model import Action, PlatformObject
from wlinfra.errors import ConfigurationError, DeclarationError, Diagnostic, Severity
from wlinfra.plan.model import PlanOptions
from wlinfra.provider.base import Absent, Reading
from wlinfra.remedies import Advice, Option, destroy, forget
from wlinfra.resources.output import Output
from wlinfra.stack.program import Declared
from wlinfra.state.model import ObjectState, State
from wlinfra.values import Address, Json, find_secrets

__all__ = [
    "guard_emptiness",
    "guards",
    "missing_secrets",
    "refuse_other_prefix",
    "refuse_other_provider",
    "warn_of_emptiness",
    "warn_of_missing_secrets",
    "warnings_of",
]

_NEVER_COMPARED: Final = frozenset({Action.CREATE, Action.DELETE, Action.FORGET})


def guard_emptiness(objects: Mapping[Address, PlatformObject], state: State, options: PlanOptions) -> None:
    """Raise DeclarationError when a program without resources would destroy a stack that has some."""
    owned = [item for item in objects.values() if not item.lookup]
    if owned or not state.objects or options.destroy or options.allow_empty or options.refresh_only:
        return
    raise DeclarationError.of(
        "Program declares no resources",
        f"The program yields nothing, and {len(state.objects)} objects are recorded: applying it would destroy all of them.",
        Advice(
            "If that is wanted, use",
            destroy(),
            "or add ",
            Option("allow_empty"),
            "; otherwise check that the function decorated with @stack.resources yields its resources.",
        ),
    )


def guards(changes: Iterable[Change], state: State, declared: Declared) -> list[Diagnostic]:
    """Return an error for every protected object that would be deleted or replaced.

    The declaration counts in addition to the record, which may lack it: the change reports that.
    """
    return [
        _protected(change, why, declared)
        for change in changes
        if _ends(change) and (why := _protection(change, state, protected=declared.protect)) is not None
    ]


def warn_of_emptiness(
    recorded: Mapping[Address, ObjectState], readings: Mapping[Address, Reading]
) -> Iterator[Diagnostic]:
    """Yield a warning for each provider at which nothing exists of several recorded objects: it may be another place."""
    looked_for: dict[str, list[Reading]] = defaultdict(list)
    for address, record in recorded.items():
        if record.id is not None and address in readings:
            looked_for[record.provider].append(readings[address])
    for provider, found in looked_for.items():
        if len(found) > 1 and all(isinstance(reading, Absent) for reading in found):
            yield Diagnostic(
                severity=Severity.WARNING,
                summary="Nothing recorded exists",
                detail=f"None of the {len(found)} objects recorded at the provider {provider!r} exists there. If its endpoint or account changed, they still exist at the old one and are never deleted.",
                fix="Check the endpoint and the account of the provider before you apply.",
            )


def missing_secrets(value: Json) -> Iterator[Diagnostic]:
    """Fetch every secret in the value, and yield why one cannot be fetched here."""
    for secret in find_secrets(value):
        try:
            secret.reveal()
        except ConfigurationError as error:
            yield from error.diagnostics


def warn_of_missing_secrets(changes: Iterable[Change], outputs: Iterable[Output]) -> Iterator[Diagnostic]:
    """Yield a warning for each secret that cannot be read here, with what exists and counts as unchanged in it."""
    holders: list[tuple[str, Json]] = [
        (change.address, dict(change.values)) for change in changes if change.action not in _NEVER_COMPARED
    ]
    holders += [(f"output {output.name}", output.value) for output in outputs]
    lacking: dict[str, tuple[Diagnostic, list[str]]] = {}
    for holder, values in holders:
        for problem in missing_secrets(values):
            lacking.setdefault(problem.detail, (problem, []))[1].append(holder)
    for detail, (problem, addresses) in lacking.items():
        yield replace(
            problem,
            severity=Severity.WARNING,
            summary="Secret cannot be compared",
            detail=f"{detail} It counts as unchanged in {', '.join(dict.fromkeys(addresses))}; an apply that has to send it is refused.",
        )


def warnings_of(changes: Iterable[Change]) -> Iterator[Diagnostic]:
    """Yield what the platform warns of, the same words once and with every object that they are about."""
    found: dict[tuple[str, str], list[Diagnostic]] = {}
    for warning in (warning for change in changes for warning in change.decision.warnings):
        found.setdefault((warning.summary, warning.detail), []).append(warning)
    for first, *others in found.values():
        about = ", ".join(dict.fromkeys(str(one.address) for one in (first, *others) if one.address))
        more = f" It is about {about}." if others else ""
        yield replace(first, severity=Severity.WARNING, detail=f"{first.detail}{more}")


def refuse_other_prefix(declared: Declared, state: State, options: PlanOptions) -> None:
    """Raise DeclarationError when objects are recorded under another name prefix: all of them would get other names."""
    has_objects = any(not record.virtual for record in state.objects.values())
    if options.destroy or not has_objects or declared.name_prefix == state.name_prefix:
        return
    before, now = (repr(prefix) if prefix else "none" for prefix in (state.name_prefix, declared.name_prefix))
    raise DeclarationError.of(
        "Name prefix changed",
        f"The environment {declared.environment} was applied with the name prefix {before} and declares {now} now: each of its objects would get another name, and many would be created again.",
        Advice(
            "Set name_prefix back. To begin again under other names, destroy the environment first:",
            destroy(declared.environment),
        ),
    )


def refuse_other_provider(item: PlatformObject, prior: ObjectState | None) -> None:
    """Raise DeclarationError for an object that another provider of this environment has: it would be left behind there."""
    if prior is None or prior.provider == item.provider or item.virtual or prior.virtual:
        return
    if prior.id is None and not prior.deposed:
        return
    raise DeclarationError.of(
        "Provider changed",
        f"{item.address} is recorded at the provider {prior.provider!r} [id={prior.id}] and is now declared at {item.provider!r}: a new one would be created there, and the old one would never be deleted.",
        Advice(
            f"Declare it under another name at {item.provider!r}, so that the old one is deleted, or keep the old one and forget it:",
            forget(item.address),
        ),
        address=item.address,
        location=item.location,
    )


def _ends(change: Change) -> bool:
    return change.deposed_id is None and change.action in (Action.DELETE, Action.REPLACE) and not change.virtual


class _Protection(Enum):
    """What keeps an object from being ended."""

    ENVIRONMENT = "environment"
    DECLARED = "declared"
    RECORDED = "recorded"


def _protection(change: Change, state: State, *, protected: bool) -> _Protection | None:
    """Return what protects the object: its environment, its record, or its declaration."""
    record = state.objects.get(change.address)
    if protected:
        return _Protection.ENVIRONMENT
    if record is not None and record.protect:
        return _Protection.RECORDED
    if change.lifecycle.protect:
        return _Protection.DECLARED
    return None


def _protected(change: Change, by: _Protection, declared: Declared) -> Diagnostic:
    verb = "deleted" if change.action is Action.DELETE else "replaced"
    first = ""
    if not declared.reliable:
        first = f"Only a program can lift the protection: correct yours, or write one for the stack {declared.stack} with the environment {declared.environment}. "
    lift = f"{first}To lift it, declare {change.address.resource} with protect=False and apply that first."
    match by:
        case _Protection.ENVIRONMENT:
            why, fix = "the environment is protected", f"{first}Set protect=False on the environment, then plan again."
        case _Protection.RECORDED:
            why, fix = "it is protected; that is recorded, so it applies after the declaration is gone", lift
        case _Protection.DECLARED:
            why, fix = "it is declared with protect=True", lift
        case other:
            assert_never(other)
    return Diagnostic(
        summary="Protected object",
        detail=f"{change.address} would be {verb}, but {why}.",
        fix=fix,
        address=change.address,
        location=change.location,
    )
