"""What a plan is about: the objects wanted and recorded, as far as they were selected, and what was read of them.

`Scope.of` puts it together for `plan.planner`: the wanted objects, the state with what interrupted steps did, with
objects under the addresses they have now, and with those that the platform proves this stack created although neither the
program nor the state has them, so that undeclared objects are deleted even when the state that had them is lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from wlinfra.changes.model import PlatformObject
from wlinfra.plan.check import blaming
from wlinfra.plan.expand import Expansion, expand
from wlinfra.plan.guard import guard_emptiness, refuse_other_prefix
from wlinfra.plan.inputs import Inputs
from wlinfra.plan.model import PlanOptions, Recovered
from wlinfra.plan.outputs import Exporters
from wlinfra.plan.reading import read_objects
from wlinfra.plan.select import select
from wlinfra.provider.base import Absent, Reading, ReadRequest
from wlinfra.provider.optional import KnowsOwners, Stray
from wlinfra.provider.others import Others
from wlinfra.resources.base import Resource
from wlinfra.resources.lifecycle import Lifecycle
from wlinfra.stack.program import Declared
from wlinfra.state.model import ObjectState, State
from wlinfra.state.records import Subject, held, with_renamed_dependencies
from wlinfra.state.records import moved as at_address
from wlinfra.values import Address

__all__ = ["Lifecycles", "Scope", "find_strays"]

_NONE = Lifecycle()


@dataclass(frozen=True, slots=True)
class Lifecycles:
    """The lifecycle of every declared resource, by its address and those it had before."""

    by_resource: Mapping[Address, Lifecycle] = field(default_factory=dict)

    @classmethod
    def of(cls, declared: Declared) -> Lifecycles:
        """Return what the program declares; nothing when it was not run."""
        found: dict[Address, Lifecycle] = {}
        for resource in declared.resources:
            if not resource.lookup:
                found |= dict.fromkeys(map(Address, resource.lifecycle.aliases), resource.lifecycle)
        found |= {resource.address: resource.lifecycle for resource in declared.resources if not resource.lookup}
        return cls(found)

    def find(self, address: Address) -> Lifecycle:
        """Return the lifecycle that is declared for the resource of the object; the default where none is."""
        return self.by_resource.get(address.resource, _NONE)

    def held(self, record: ObjectState) -> ObjectState:
        """Return the record with the protection that is declared, in addition to the recorded one."""
        lifecycle = self.find(record.address)
        return held(record, protect=lifecycle.protect, retain=lifecycle.retain)


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What a plan is about: the objects wanted and recorded, as far as they were selected, and what was read of them."""

    inputs: Inputs
    options: PlanOptions
    expansion: Expansion
    declared: Mapping[Address, PlatformObject]
    """Every declared object, those that the plan is not about too."""
    staying: frozenset[Address]
    """Where an object is declared, here or in another part of the environment."""
    state: State
    """With what interrupted steps did, and with what the platform proves to be ours."""
    prior: Mapping[Address, ObjectState]
    readings: Mapping[Address, Reading]
    moved: Mapping[Address, Address]
    found: tuple[ObjectState, ...]

    @classmethod
    def of(cls, inputs: Inputs, options: PlanOptions, recovered: Sequence[Recovered]) -> Scope:
        """Expand, find, select and read; raises for what is wrong with the program or the options."""
        expansion = Expansion(objects={}, exporters=Exporters()) if options.destroy else expand(inputs)
        declared = expansion.objects
        state, moved = _follow_aliases(_recovered_state(inputs.state, recovered), declared)
        looks = options.refresh and not options.refresh_only and not inputs.declared.partial
        found = find_strays(inputs, declared, state) if looks else ()
        state = replace(state, objects={**state.objects, **{record.address: record for record in found}})
        own = _own_part(inputs.declared, declared, state)
        guard_emptiness(declared, own, options)
        refuse_other_prefix(inputs.declared, state, options)
        expansion, prior = select(expansion, own, options)
        return cls(
            inputs=inputs,
            options=options,
            expansion=expansion,
            declared=declared,
            staying=frozenset({*declared, *(state.objects.keys() - own.objects.keys())}),
            state=state,
            prior=prior,
            readings=read_objects(inputs, expansion.objects, prior, refresh=options.refresh),
            moved=moved,
            found=found,
        )

    def reading(self, address: Address) -> Reading:
        """Return what was read of an object."""
        return self.readings.get(address, Absent())

    def others(self) -> Mapping[str, Others]:
        """Return what is planned together, by provider and in the order of declaration."""
        places = {resource.address: place for place, resource in enumerate(self.inputs.declared.resources)}
        wanted = self.expansion.objects
        found: dict[str, list[tuple[PlatformObject, Reading]]] = {name: [] for name in self.inputs.connections}
        for item in sorted(wanted.values(), key=lambda item: places.get(item.address.resource, len(places))):
            found[item.provider].append((item, self.reading(item.address)))
        ending = dict(self._ending())
        return {name: Others(tuple(objects), ending, self.inputs.declared.partial) for name, objects in found.items()}

    def _ending(self) -> Iterator[tuple[str, Address]]:
        """Yield the id and the address of every recorded object that is deleted in this plan."""
        lifecycles = Lifecycles.of(self.inputs.declared)
        for address, record in self.prior.items():
            yield from ((deposed.id, address) for deposed in record.deposed)
            if record.id is not None and address not in self.expansion.objects and not lifecycles.held(record).retain:
                yield record.id, address


def _own_part(declared: Declared, objects: Mapping[Address, PlatformObject], state: State) -> State:
    """Return the state with the records that the declaration is about: all of them unless it is one part of several.

    Those are the objects wanted, and every other object of the resources that are declared or were.
    """
    if not declared.partial:
        own = {address: item for address, item in state.objects.items() if address.resource not in declared.externals}
        return replace(state, objects=own)
    resources = {address for resource in declared.resources for address in _addresses(resource, declared)}
    resources |= declared.former
    return replace(
        state,
        objects={
            address: record
            for address, record in state.objects.items()
            if address in objects or address.resource in resources
        },
    )


def _addresses(resource: Resource, declared: Declared) -> Iterator[Address]:
    """Yield the resource, what it was called before, and what only it brings along."""
    if resource.lookup:
        return
    yield resource.address
    yield from map(Address, resource.lifecycle.aliases)
    yielded = {one.address for one in declared.resources} | {*declared.externals}
    for part in resource.references():
        if isinstance(part, Resource) and part.address not in yielded:
            yield from _addresses(part, declared)


def _recovered_state(state: State, recovered: Iterable[Recovered]) -> State:
    """Return the state with everything that was found out applied to it."""
    objects = dict(state.objects)
    settled = set()
    for item in recovered:
        address = Address(item.intent.address)
        after = item.record_after(objects.get(address))
        if after is None:
            objects.pop(address, None)
        else:
            objects[address] = after
        if item.outcome != "unclear":
            settled.add(item.intent.sequence)
    return replace(
        state, objects=objects, intents=tuple(intent for intent in state.intents if intent.sequence not in settled)
    )


def _follow_aliases(state: State, objects: Mapping[Address, PlatformObject]) -> tuple[State, dict[Address, Address]]:
    """Return the state with objects found under an alias moved to their new address, and the moves."""
    moved: dict[Address, Address] = {}
    records = dict(state.objects)
    for address, item in objects.items():
        if address in records:
            continue
        for alias in item.lifecycle.aliases:
            old = Address(f"{alias}/{address.part}" if address.part else alias)
            if old in records and old not in objects:
                records[address] = at_address(records.pop(old), address)
                moved[address] = old
                break
    if moved:
        renamed = {old: new for new, old in moved.items()}
        records = {address: with_renamed_dependencies(item, renamed) for address, item in records.items()}
    return replace(state, objects=records), moved


def find_strays(inputs: Inputs, objects: Mapping[Address, PlatformObject], state: State) -> tuple[ObjectState, ...]:
    """Return a record for every stray, at an address that nothing else has; raises ProviderError."""
    found: dict[Address, ObjectState] = {}
    lifecycles = Lifecycles.of(inputs.declared)
    for name, connection in inputs.connections.items():
        if not isinstance(connection, KnowsOwners):
            continue
        known = [_declared(item) for item in objects.values() if item.provider == name and not item.virtual]
        known += [_recorded(record) for record in state.objects.values() if record.provider == name]
        with blaming(name, "strays were looked for"):
            strays = tuple(connection.strays(known))
        for stray in strays:
            address = stray.address
            if address in objects or address in state.objects or address in found:
                address = Address(f"{address}.{stray.name}" if address.part else f"{address}/{stray.name}")
            found[address] = _subject(lifecycles.find(stray.address), stray, address, name).record(stray.id)
    return tuple(found.values())


def _subject(lifecycle: Lifecycle, stray: Stray, address: Address, provider: str) -> Subject:
    """Return the record of a stray: the declaration of its resource, where there still is one, applies to it too."""
    return Subject(
        address=address,
        provider=provider,
        kind=stray.kind,
        name=stray.name,
        protect=lifecycle.protect,
        retain=lifecycle.retain,
    )


def _declared(item: PlatformObject) -> ReadRequest:
    return ReadRequest(address=item.address, kind=item.kind, name=item.name, desired=item)


def _recorded(record: ObjectState) -> ReadRequest:
    return ReadRequest(address=record.address, kind=record.kind, name=record.name, id=record.id, prior=record)
