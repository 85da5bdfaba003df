"""The complete declaration of one environment: addresses, references, order, providers.

`stack.program.declare` asks for everything wrong after the user's function has run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from wlinfra.errors import Diagnostic, Location, Severity
from wlinfra.graph import DependencyGraph
from wlinfra.resources.base import Resource
from wlinfra.resources.declaring import Gathering
from wlinfra.resources.mistakes import nearest
from wlinfra.resources.output import Output
from wlinfra.stack.stack import EnvironmentSpec
from wlinfra.values import Address, Ref

__all__ = ["Declaration"]


class Declaration:
    """Everything one environment declares, seen together."""

    def __init__(
        self,
        spec: EnvironmentSpec[Any],
        gathering: Gathering[Resource],
        items: list[Any],
        externals: Mapping[Address, Resource] | None = None,
    ) -> None:
        self._spec = spec
        self._externals = dict(externals or {})
        self._items = items
        self._odd = gathering.odd
        yielded = [item for item in items if isinstance(item, Resource)]
        self.outputs = tuple(item for item in items if isinstance(item, Output))
        self._made = {resource.address: resource for resource in gathering.resources}
        self._by_address = {resource.address: resource for resource in yielded}
        self._at_hand = {**self._externals, **self._by_address}
        self._yielded = yielded
        self._needed = {resource: list(_needs(resource, self._at_hand)) for resource in yielded}
        lookups = self._lookups()
        self.resources = (*dict.fromkeys(yielded), *lookups)
        looked_up = {resource.address: resource for resource in lookups}
        self._by_address |= looked_up
        self._at_hand |= looked_up
        self.dependencies = {
            resource.address: tuple(
                dict.fromkeys(address for address in self._needed.get(resource, ()) if address in self._by_address)
            )
            for resource in self.resources
        }

    def _lookups(self) -> list[Resource]:
        """Return what is looked up and referred to without being yielded."""
        wanted = [address for needed in self._needed.values() for address in needed]
        wanted += [address for output in self.outputs for address in _needs(output, {})]
        missing = dict.fromkeys(address for address in wanted if address not in self._at_hand)
        return [made for address in missing if (made := self._made.get(address)) is not None and made.lookup]

    def diagnose(self) -> Iterator[Diagnostic]:
        """Yield everything wrong with all of it, then the warnings of its parts."""
        yield from self._check_items()
        yield from self._check_addresses()
        yield from self._check_providers()
        yield from self._check_references()
        yield from self._check_order()
        yield from self._check_parts()
        for resource in self.resources:
            if not resource.is_broken:
                yield from resource.caution()

    def _check_parts(self) -> Iterator[Diagnostic]:
        owners: dict[Resource, list[Resource]] = {}
        for resource in self.resources:
            for part in resource.references():
                if isinstance(part, Resource) and self._at_hand.get(part.address) is not part:
                    owners.setdefault(part, []).append(resource)
        for part, several in owners.items():
            if len(several) > 1:
                yield Diagnostic(
                    severity=Severity.WARNING,
                    summary="Shared part not yielded",
                    detail=f"{part.address} is never yielded, and {', '.join(owner.address for owner in several)} all bring it along.",
                    fix=f"Yield {part.address}, so that it is one resource with options of its own.",
                    address=several[1].address,
                    location=part.location,
                )

    def _check_items(self) -> Iterator[Diagnostic]:
        for index, item in enumerate(self._items):
            if not isinstance(item, Resource | Output):
                generator = isinstance(item, Iterable) and not isinstance(item, str)
                yield Diagnostic(
                    summary="Not a resource",
                    detail=f"The program yields {_named(item)}; it can yield resources and outputs only.",
                    fix="Yield each of them, or write yield from before a list of them or a function that yields."
                    if generator
                    else "Leave out the yield, or decide with an if before it."
                    if item is None
                    else "Put it into the resource it belongs to.",
                    location=self._odd.get(index) or getattr(item, "location", None),
                )

    def _check_addresses(self) -> Iterator[Diagnostic]:
        first: dict[str, Resource | Output] = {str(address): one for address, one in self._externals.items()}
        items: tuple[Resource | Output, ...] = (*self._yielded, *self.outputs)
        for item in items:
            key = item.address if isinstance(item, Resource) else f"output {item.name}"
            earlier = first.setdefault(key, item)
            if earlier is not item:
                yield Diagnostic(
                    summary="Duplicate address" if isinstance(item, Resource) else "Duplicate output",
                    detail=f"{key} is declared already at {earlier.location}.",
                    fix="Rename one of them, or put it into a wl.scope.",
                    address=item.address if isinstance(item, Resource) else None,
                    location=item.location,
                )

    def _check_providers(self) -> Iterator[Diagnostic]:
        for resource in self.resources:
            if resource.provider not in self._spec.providers:
                known = ", ".join(self._spec.providers) or "none"
                guess = nearest(resource.provider, self._spec.providers)
                yield Diagnostic(
                    summary="Unknown provider",
                    detail=f"The environment {self._spec.name} has no provider {resource.provider}; it has {known}.",
                    fix=f"Did you mean {guess}?" if guess else "Choose one with provider=..., or name one default.",
                    address=resource.address,
                    path="provider",
                    location=resource.location,
                )

    def _check_references(self) -> Iterator[Diagnostic]:
        for resource, needed in self._needed.items():
            yield from self._missing(needed, resource.address, resource.location)
        for output in self.outputs:
            yield from self._missing(_needs(output, self._at_hand), f"output {output.name}", output.location)

    def _missing(self, needed: Iterable[Address], who: str, location: Location | None) -> Iterator[Diagnostic]:
        for address in dict.fromkeys(needed):
            if address in self._at_hand:
                continue
            made = self._made.get(address)
            guess = nearest(address, self._at_hand)
            yield Diagnostic(
                summary="Reference to nothing declared",
                detail=f"{who} refers to {address}, which "
                + (f"is created at {made.location} and never yielded." if made else "is not declared."),
                fix=f"Add yield for {address}."
                if made
                else f"Did you mean {guess}?"
                if guess
                else "Declare it, or use wl.lookup.",
                address=who,
                location=location,
            )

    def _check_order(self) -> Iterator[Diagnostic]:
        cycle = DependencyGraph(self.dependencies).find_cycle()
        if cycle:
            steps = " -> ".join(f"{address} ({self._by_address[address].location})" for address in (*cycle, cycle[0]))
            yield Diagnostic(
                summary="Dependency cycle",
                detail=f"Each of these waits for the next: {steps}.",
                fix="Take out one of the references or depends_on entries.",
                address=cycle[0],
                location=self._by_address[cycle[0]].location,
            )


def _named(item: Any) -> str:
    return "None" if item is None else f"a {type(item).__name__}"


def _needs(item: Resource | Output, yielded: Mapping[Address, Resource]) -> Iterator[Address]:
    """Yield the addresses an item refers to; what stands inside it without being yielded is part of it."""
    if isinstance(item, Resource):
        yield from (address.resource for address in item.depends_on)
    for reference in item.references():
        if isinstance(reference, Ref):
            yield reference.address.resource
        elif yielded.get(reference.address) is reference:
            yield reference.address
        else:
            yield from _needs(reference, yielded)
