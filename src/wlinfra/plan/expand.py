"""The wanted objects: every declared resource checked and expanded by its provider, with the edges between them.

Called by `plan.planner`; pure, so everything wrong with a program is known before the first request.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from wlinfra.changes.model import PlatformObject
from wlinfra.diff.leaves import is_plain
from wlinfra.errors import DeclarationError, Diagnostic
from wlinfra.graph import DependencyGraph
from wlinfra.plan.check import blaming
from wlinfra.plan.incomplete import expand_one
from wlinfra.plan.inputs import Inputs
from wlinfra.plan.outputs import Exporters
from wlinfra.plan.paths import check_paths
from wlinfra.provider.optional import SeesWholePlan
from wlinfra.resources.base import Resource
from wlinfra.resources.lifecycle import Lifecycle
from wlinfra.values import Address, Json, Ref, find_refs

__all__ = ["Expansion", "expand", "is_implied"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expansion:
    """All wanted objects in an order in which dependencies come first."""

    objects: Mapping[Address, PlatformObject]
    exporters: Exporters
    warnings: tuple[Diagnostic, ...] = ()


def expand(inputs: Inputs) -> Expansion:
    """Return the objects the program wants; raises DeclarationError with everything that is wrong."""
    declared = {address: one.resource for address, one in inputs.declared.externals.items()}
    declared |= {resource.address: resource for resource in inputs.declared.resources}
    found: list[PlatformObject] = []
    diagnostics: list[Diagnostic] = []
    for resource in inputs.declared.resources:
        expanded = expand_one(inputs.connections[resource.provider], resource, declared)
        diagnostics += expanded.diagnostics
        if any(complaint.is_error for complaint in expanded.diagnostics):
            continue
        parts = expanded.objects
        diagnostics += check_paths(resource, [item for item in parts if item.address.resource == resource.address])
        for part in parts:
            if part.address.resource != resource.address:
                diagnostics += check_paths(part, [part])
        found += [_owned_by(resource, item) for item in parts]
    diagnostics += _reviewed(inputs, found)
    DeclarationError.raise_for(diagnostics)
    if inputs.declared.implied:
        found += _implied(inputs, found)
    _refuse_two_homes(found)
    _refuse_twins(found)
    objects = {item.address: item for item in found}
    exporters, elsewhere = Exporters.of(found), inputs.declared.known
    members: dict[Address, list[Address]] = defaultdict(list)
    for address in objects:
        members[address.resource].append(address)
    linked = {
        address: replace(item, depends_on=_dependencies(item, members, exporters, elsewhere))
        for address, item in objects.items()
    }
    return Expansion(objects=_in_order(linked), exporters=exporters, warnings=tuple(diagnostics))


def _owned_by(resource: Resource, item: PlatformObject) -> PlatformObject:
    """Return the object with everything that each object inherits from its resource, whatever the provider.

    A part that stands at an address of its own, such as an artifact that was not yielded, keeps its own declaration.
    """
    if item.address.resource != resource.address:
        return replace(item, provider=resource.provider, lifecycle=_on_platform(item.lifecycle, item))
    return replace(
        item,
        provider=resource.provider,
        lifecycle=_on_platform(resource.lifecycle, item),
        location=item.location or resource.location,
        depends_on=(*item.depends_on, *resource.depends_on),
        lookup=item.lookup or resource.lookup,
    )


def _on_platform(lifecycle: Lifecycle, item: PlatformObject) -> Lifecycle:
    """Return the lifecycle with what its paths, and those the object came with, mean on the platform."""
    ignored, replacing = (
        tuple(dict.fromkeys(path for one in patterns for path in (one, *item.declared.on_platform(one))))
        for patterns in (
            (*lifecycle.ignore_changes, *item.lifecycle.ignore_changes),
            (*lifecycle.replace_on, *item.lifecycle.replace_on),
        )
    )
    return replace(lifecycle, ignore_changes=ignored, replace_on=replacing) if ignored or replacing else lifecycle


def _refuse_two_homes(found: Sequence[PlatformObject]) -> None:
    """Raise when resources of two providers have the same part: it can be created at only one of them."""
    homes: dict[Address, str] = {}
    for item in found:
        home = homes.setdefault(item.address, item.provider)
        if home != item.provider:
            raise DeclarationError.of(
                "Part of two providers",
                f"{item.address} is used at the providers {home} and {item.provider}, and an address stands for one object.",
                "Declare one for each provider, under names of their own.",
                address=item.address,
                location=item.location,
            )


def _refuse_twins(found: Sequence[PlatformObject]) -> None:
    """Raise when two addresses stand for one object of the platform: each would undo what the other does."""
    owners: dict[tuple[str, str, str], PlatformObject] = {}
    for item in found:
        if not item.name_is_unique or item.lookup or item.virtual:
            continue
        first = owners.setdefault((item.provider, item.kind, item.name), item)
        if first.address != item.address:
            at = f" at {first.location}" if first.location is not None else ""
            raise DeclarationError.of(
                "Object declared twice",
                f"{item.address} is the {item.kind} {item.name}, and so is {first.address}{at}.",
                "Declare it once, or give one of them another name.",
                address=item.address,
                location=item.location,
            )


def _implied(inputs: Inputs, found: Sequence[PlatformObject]) -> Iterator[PlatformObject]:
    """Yield what the objects of one connection need in common."""
    for name, connection in inputs.connections.items():
        own = [item for item in found if item.provider == name]
        if own and isinstance(connection, SeesWholePlan):
            with blaming(name, "all declared objects were looked at"):
                implied = tuple(connection.implied(own))
            yield from (replace(item, provider=name) for item in implied)


def is_implied(inputs: Inputs, address: Address) -> bool:
    """Return whether the object is none of the declared resources: their objects need it in common."""
    resources = {resource.address for resource in inputs.declared.resources} | {*inputs.declared.externals}
    parts = {
        part.address
        for resource in inputs.declared.resources
        for part in resource.references()
        if isinstance(part, Resource)
    }
    return address.resource not in resources | parts


def _reviewed(inputs: Inputs, found: Sequence[PlatformObject]) -> Iterator[Diagnostic]:
    """Yield what a connection reports about all of its objects together."""
    for name, connection in inputs.connections.items():
        own = [item for item in found if item.provider == name]
        if own and isinstance(connection, SeesWholePlan):
            with blaming(name, "all declared objects were reviewed"):
                reviewed = tuple(connection.review(own, partial=inputs.declared.partial))
            yield from reviewed


def _dependencies(
    item: PlatformObject,
    members: Mapping[Address, Sequence[Address]],
    exporters: Exporters,
    elsewhere: Mapping[tuple[Address, str], Json],
) -> tuple[Address, ...]:
    """Return the object addresses that must come before the object; what is declared elsewhere is there already."""
    named = set(_named(item, exporters, elsewhere))
    for address in item.depends_on:
        if address.part:
            named.add(address)
        else:
            named.update(members.get(address, ()))
    named.discard(item.address)
    return tuple(sorted(named))


def _named(
    item: PlatformObject, exporters: Exporters, elsewhere: Mapping[tuple[Address, str], Json]
) -> Iterator[Address]:
    values = dict(item.values)
    refs: list[Ref] = [*(() if is_plain(values) else find_refs(values)), *item.refers]
    for ref in refs:
        if ref.key in elsewhere:
            continue
        exporter = exporters.found.get(ref.key)
        if exporter is None:
            raise DeclarationError(
                Diagnostic(
                    summary="Reference to nothing",
                    detail=f"{item.address} refers to {ref.address}.{ref.attribute}, but no declared object has that output.",
                    fix=_known_outputs(
                        ref.address, [*exporters.outputs_of(ref.address), *_given(ref.address, elsewhere)]
                    ),
                    address=item.address,
                    location=item.location,
                )
            )
        yield exporter


def _given(address: Address, elsewhere: Iterable[tuple[Address, str]]) -> list[str]:
    return sorted(name for owner, name in elsewhere if owner == address)


def _known_outputs(address: Address, known: Sequence[str]) -> str:
    if known:
        return f"{address} has the outputs {', '.join(known)}."
    return f"Yield {address} from the function that declares the resources."


def _in_order(objects: Mapping[Address, PlatformObject]) -> Mapping[Address, PlatformObject]:
    graph = DependencyGraph({address: item.depends_on for address, item in objects.items()})
    return {address: objects[address] for address in graph.order()}
