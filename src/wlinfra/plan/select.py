"""Narrowing a plan to what a person asked for: ``--target`` and ``--exclude``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from fnmatch import fnmatchcase

from wlinfra.errors import ConfigurationError
from wlinfra.plan.expand import Expansion
from wlinfra.plan.model import PlanOptions
from wlinfra.state.model import ObjectState, State
from wlinfra.values import Address

__all__ = ["select"]


def select(expansion: Expansion, state: State, options: PlanOptions) -> tuple[Expansion, Mapping[Address, ObjectState]]:
    """Return the declared and the recorded objects that the plan is about.

    A target brings what it depends on; when it is destroyed, what depends on it. An exclusion takes what depends on
    it along. Raises ConfigurationError for an address that matches nothing.
    """
    addresses = {*expansion.objects, *state.objects}
    for pattern in (*options.targets, *options.excludes, *options.replaces):
        if not _matching([pattern], addresses):
            raise _no_match(pattern, addresses)
    if not options.targets and not options.excludes:
        return expansion, state.objects
    needs, needed_by = _links(expansion, state, destroy=options.destroy)
    chosen = _closure(_matching(options.targets, addresses), needs) if options.targets else set(addresses)
    chosen -= _closure(_matching(options.excludes, addresses), needed_by)
    objects = {address: item for address, item in expansion.objects.items() if address in chosen}
    return replace(expansion, objects=objects), {
        address: item for address, item in state.objects.items() if address in chosen
    }


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


def _closure(start: Iterable[Address], links: Mapping[Address, set[Address]]) -> set[Address]:
    found: set[Address] = set()
    pending = list(start)
    while pending:
        address = pending.pop()
        if address not in found:
            found.add(address)
            pending += links.get(address, ())
    return found


def _matching(patterns: Iterable[str], addresses: Iterable[Address]) -> set[Address]:
    wanted = list(patterns)
    return {
        address
        for address in addresses
        for pattern in wanted
        if pattern in (address, address.resource) or fnmatchcase(address, pattern)
    }


def _no_match(pattern: str, addresses: Iterable[Address]) -> ConfigurationError:
    known = sorted({address.resource for address in addresses})
    near = get_close_matches(pattern, known, n=3, cutoff=0.4) or known[:5]
    return ConfigurationError(
        *ConfigurationError.of(
            "Address matches nothing",
            f"No declared or recorded object has the address {pattern!r}.",
            f"Known addresses are: {', '.join(near)}." if near else "Nothing is declared or recorded.",
        ).diagnostics
    )
