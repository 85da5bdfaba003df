"""Narrowing a plan to what a user asked for, ``--target`` and ``--exclude``, and what ``--replace`` names.

A selection that matches nothing is an error: the plan would not be about what was asked for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from fnmatch import fnmatchcase

from wlinfra.changes.change import Change
from wlinfra.changes.model import Action, PlatformObject
from wlinfra.errors import ConfigurationError
from wlinfra.graph import reached
from wlinfra.plan.expand import Expansion
from wlinfra.plan.model import PlanOptions
from wlinfra.remedies import Advice, Option
from wlinfra.state.model import ObjectState, State
from wlinfra.values import Address

__all__ = ["is_selected", "select", "with_users_left_out"]


_FEW = 3


def select(expansion: Expansion, state: State, options: PlanOptions) -> tuple[Expansion, Mapping[Address, ObjectState]]:
    """Return the declared and the recorded objects that the plan is about.

    A target brings what it depends on; when it is destroyed, what depends on it. An exclusion takes what depends on
    it along. Raises ConfigurationError for an address that matches nothing, and for options that exclude each other.
    """
    _refuse_contradictions(options)
    addresses = {*expansion.objects, *state.objects}
    for pattern in (*options.targets, *options.excludes, *options.replaces):
        if not _matching([pattern], addresses):
            raise _no_match(pattern, addresses)
    if not options.targets and not options.excludes:
        _refuse_dropped(options, expansion, addresses)
        return expansion, state.objects
    needs, needed_by = _links(expansion, state, destroy=options.destroy)
    chosen = reached(_matching(options.targets, addresses), needs) if options.targets else set(addresses)
    left_out = reached(_matching(options.excludes, addresses), needed_by)
    chosen -= left_out
    if not chosen and addresses:
        raise _nothing_left(options)
    _refuse_dropped(options, expansion, chosen)
    objects = {address: item for address, item in expansion.objects.items() if address in chosen}
    return replace(expansion, objects=objects), {
        address: item for address, item in state.objects.items() if address in chosen
    }


def _refuse_contradictions(options: PlanOptions) -> None:
    """Raise ConfigurationError for options of which one would silently undo the other."""
    asked = {
        "--destroy": options.destroy,
        "--refresh-only": options.refresh_only,
        "--replace": bool(options.replaces),
    }
    given = [name for name, is_given in asked.items() if is_given]
    if len(given) > 1:
        raise ConfigurationError.of(
            "Options exclude each other",
            f"{' and '.join(given)} were given: a plan destroys, or only records what is live, or replaces.",
            "Leave out all but one of them.",
        )
    if options.refresh_only and not options.refresh:
        raise ConfigurationError.of(
            "Options exclude each other",
            Advice(Option("refresh_only"), " records what is live, and ", Option("refresh"), " reads nothing."),
            "Leave out one of them.",
        )


def _nothing_left(options: PlanOptions) -> ConfigurationError:
    words = [f"--target {one}" for one in options.targets] + [f"--exclude {one}" for one in options.excludes]
    return ConfigurationError.of(
        "Selection leaves nothing",
        f"{' '.join(words)} leave no object: an exclusion takes along whatever depends on it.",
        "Take the exclusion out, or name another target.",
    )


def _refuse_dropped(options: PlanOptions, expansion: Expansion, chosen: Iterable[Address]) -> None:
    """Raise ConfigurationError for what cannot be replaced in this plan: it would be left out without a word."""
    about = set(chosen)
    for pattern in options.replaces:
        meant = _matching([pattern], expansion.objects)
        owned = {
            address
            for address in meant
            if not (expansion.objects[address].virtual or expansion.objects[address].lookup)
        }
        if not owned:
            raise ConfigurationError.of(
                "Nothing to replace",
                f"--replace {pattern} names "
                + (
                    "only what has no object of its own on the platform, or is not owned."
                    if meant
                    else "what is recorded and no longer declared, so that it is deleted."
                ),
                "Name a declared object that this stack creates.",
            )
        if not owned & about:
            raise ConfigurationError.of(
                "Replacement is left out",
                Advice(
                    Option("replaces", pattern),
                    " names what ",
                    Option("targets"),
                    " and ",
                    Option("excludes"),
                    " leave out of this plan, so that it would not be replaced.",
                ),
                Advice(
                    "Add it to the plan with ",
                    Option("targets", min(address.resource for address in owned)),
                    ", or leave out ",
                    Option("replaces"),
                    ".",
                ),
            )


def is_selected(address: Address, patterns: Iterable[str]) -> bool:
    """True when one of the patterns names the object, its resource, or matches its address."""
    return bool(_matching(patterns, [address]))


def _links(
    expansion: Expansion, state: State, *, destroy: bool
) -> tuple[dict[Address, set[Address]], dict[Address, set[Address]]]:
    """Return what each object must not go without, and what must not go without it."""
    forward: dict[Address, set[Address]] = {}
    backward: dict[Address, set[Address]] = {}
    edges = [(address, item.depends_on) for address, item in expansion.objects.items()]
    edges += [(address, item.depends_on) for address, item in state.objects.items()]
    for address, dependencies in edges:
        for dependency in dependencies:
            forward.setdefault(address, set()).add(dependency)
            backward.setdefault(dependency, set()).add(address)
    return (backward, forward) if destroy else (forward, backward)


def _matching(patterns: Iterable[str], addresses: Iterable[Address]) -> set[Address]:
    wanted = list(patterns)
    return {
        address
        for address in addresses
        for pattern in wanted
        if pattern in (address, address.resource) or fnmatchcase(address, pattern)
    }


def _no_match(pattern: str, addresses: Iterable[Address]) -> ConfigurationError:
    resources = sorted({address.resource for address in addresses})
    known = sorted({*resources, *map(str, addresses)}) if "/" in pattern else resources
    near = get_close_matches(pattern, known, n=3, cutoff=0.4) or known[:5]
    return ConfigurationError(
        *ConfigurationError.of(
            "Address matches nothing",
            f"No declared or recorded object has the address {pattern!r}.",
            f"The nearest addresses are: {', '.join(near)}." if near else "Nothing is declared or recorded.",
        ).diagnostics
    )


# ---------------------------------------------------------------- what is left behind


def with_users_left_out(
    changes: Iterable[Change],
    declared: Mapping[Address, PlatformObject],
    recorded: Mapping[Address, ObjectState],
    chosen: Iterable[Address],
) -> list[Change]:
    """Return the changes; each replacement or deletion has a note that names objects outside the plan that still use it."""
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
