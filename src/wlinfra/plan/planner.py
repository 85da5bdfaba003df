"""Building a plan: expand, read, ask each provider what must happen, guard, order.

`build_plan` is called by the commands; the plan it returns is a value that needs nothing else. Nothing here calls a
platform except through `Connection.read` and `Connection.plan`, and nothing writes.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from wlinfra.changes.change import Change
from wlinfra.changes.known import resolve_known
from wlinfra.changes.model import Action, PlatformObject
from wlinfra.diff.model import AttributeChange
from wlinfra.errors import DeclarationError, Diagnostic, ProviderError, WlinfraError
from wlinfra.plan.batches import batches
from wlinfra.plan.check import check_decision
from wlinfra.plan.elsewhere import refuse_ending, without_others
from wlinfra.plan.ending import plan_end
from wlinfra.plan.engine import Engine
from wlinfra.plan.expand import Expansion, expand
from wlinfra.plan.exporters import Exporters
from wlinfra.plan.guard import (
    guard_emptiness,
    guards,
    refuse_other_prefix,
    refuse_other_provider,
    warn_of_emptiness,
    warn_of_missing_secrets,
    warnings_of,
)
from wlinfra.plan.left_out import with_users_left_out
from wlinfra.plan.lifecycles import Lifecycles
from wlinfra.plan.model import OutputChange, Plan, PlanOptions, Recovered
from wlinfra.plan.order import edges_between, in_order, spread_create_first
from wlinfra.plan.outputs import output_changes
from wlinfra.plan.owners import own_reading
from wlinfra.plan.reading import read_objects
from wlinfra.plan.recorded import record_only, refreshed
from wlinfra.plan.recovered import state_after
from wlinfra.plan.revision import looked_at, revision_of
from wlinfra.plan.seen import seen_of
from wlinfra.plan.select import is_selected, select
from wlinfra.plan.strays import find_strays
from wlinfra.plan.unfinished import what_runs
from wlinfra.provider.base import Absent, Ambiguous, Live, PlanRequest, Reading, Unreadable
from wlinfra.provider.optional import KnowsOwners
from wlinfra.provider.others import Others
from wlinfra.state.model import ObjectState, State
from wlinfra.state.records import moved as at_address
from wlinfra.state.records import with_renamed_dependencies
from wlinfra.values import Address, Json, Path

__all__ = ["build_plan", "plan_object"]

_MAKING = (Action.CREATE, Action.REPLACE)


def build_plan(
    engine: Engine,
    options: PlanOptions | None = None,
    *,
    recovered: Sequence[Recovered] = (),
    provisional: str = "",
    tool_version: str = "",
) -> Plan:
    """Return what an apply would do now.

    ``recovered`` is what is known of steps an interrupted run left behind; ``provisional`` names a run that is
    applying at this moment. Raises DeclarationError with everything that is wrong with the program; what a platform
    does not answer or allow becomes an error of that object in `Plan.errors`.
    """
    options = options or PlanOptions()
    declared = engine.declared
    expansion = Expansion(objects={}, exporters=Exporters()) if options.destroy else expand(engine)
    state, moved = _follow_aliases(state_after(engine.state, recovered), expansion.objects)
    found = find_strays(engine, expansion.objects, state) if options.refresh and not options.refresh_only else ()
    state = replace(state, objects={**state.objects, **{record.address: record for record in found}})
    guard_emptiness(expansion.objects, state, options)
    refuse_other_prefix(declared, state, options)
    declared_objects = expansion.objects
    expansion, prior = select(expansion, state, options)
    readings = read_objects(engine, expansion.objects, prior, refresh=options.refresh)
    others = _others(engine, expansion, prior, readings)
    planning = _Planning(
        engine=engine,
        options=options,
        expansion=expansion,
        declared=declared_objects,
        state=state,
        readings=readings,
        others=others,
        changes={},
        errors=[],
    )
    planning.wanted()
    lifecycles = Lifecycles.of(declared)
    planning.unwanted({address: lifecycles.held(record) for address, record in prior.items()})
    errors = [
        *planning.errors,
        *(item.error for item in recovered if item.outcome == "unclear" and item.error is not None),
    ]
    changes = spread_create_first(list(planning.changes.values()) + planning.leftovers(prior), state)
    if options.targets or options.excludes:
        changes = with_users_left_out(changes, declared_objects, state.objects, {*expansion.objects, *prior})
    errors += guards(changes, state, protected=declared.protect)
    errors += refuse_ending(engine, changes)
    edges = edges_between(changes, state)
    outputs = (
        [] if options.targets or options.excludes else output_changes(engine, planning.known(), destroy=options.destroy)
    )
    return Plan(
        stack=declared.stack,
        environment=declared.environment,
        options=options,
        changes=in_order(changes, edges),
        edges=edges,
        objects=expansion.objects,
        others=others,
        outputs=_shown(outputs, options),
        output_values={output.name: output.value for output in declared.outputs},
        sensitive_outputs=frozenset(output.name for output in declared.outputs if output.sensitive),
        recovered=tuple(recovered),
        found=tuple(record for record in found if record.address in prior),
        warnings=(
            *declared.warnings,
            *expansion.warnings,
            *warn_of_emptiness(prior, readings),
            *warn_of_missing_secrets(changes, declared.outputs if outputs and not options.destroy else ()),
            *warnings_of(changes),
        ),
        errors=tuple(errors),
        moved=moved,
        provisional=provisional,
        lineage=state.lineage,
        tool_version=tool_version,
        program_digest=declared.program_digest,
        settings_digest=declared.settings_digest,
        protected_environment=declared.protect,
    )


def _others(
    engine: Engine, expansion: Expansion, prior: Mapping[Address, ObjectState], readings: Mapping[Address, Reading]
) -> Mapping[str, Others]:
    """Return what is planned together, by provider and in the order of declaration."""
    places = {resource.address: place for place, resource in enumerate(engine.declared.resources)}
    items = sorted(expansion.objects.values(), key=lambda item: places.get(item.address.resource, len(places)))
    found: dict[str, list[tuple[PlatformObject, Reading]]] = {name: [] for name in engine.connections}
    for item in items:
        found[item.provider].append((item, readings.get(item.address, Absent())))
    ending = {record.id for address, record in prior.items() if address not in expansion.objects and record.id}
    return {name: Others(partial(tuple, objects), frozenset(ending)) for name, objects in found.items()}


def _shown(outputs: Iterable[OutputChange], options: PlanOptions) -> tuple[OutputChange, ...]:
    return () if options.refresh_only else tuple(outputs)


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


@dataclass(kw_only=True)
class _Planning:
    """The changes so far, in dependency order, and what is known of their outputs."""

    engine: Engine
    options: PlanOptions
    expansion: Expansion
    declared: Container[Address]
    """Every declared address, those that the plan is not about too."""
    state: State
    readings: Mapping[Address, Reading]
    others: Mapping[str, Others]
    changes: dict[Address, Change]
    errors: list[Diagnostic]

    def wanted(self) -> None:
        """Plan every declared object; one that cannot be planned stops those that depend on it."""
        known = self.known()
        blocked: set[Address] = set()

        def plan_one(item: PlatformObject) -> Change | WlinfraError:
            try:
                return self._one(item, known)
            except WlinfraError as error:
                return error

        for group, ask in batches(self.engine, self.expansion.objects):
            free = [item for item in group if not blocked.intersection(item.depends_on)]
            blocked.update({item.address for item in group} - {item.address for item in free})
            for item, outcome in zip(free, ask(plan_one, free), strict=True):
                if isinstance(outcome, WlinfraError):
                    self.errors += [_placed(diagnostic, item) for diagnostic in outcome.diagnostics]
                    blocked.add(item.address)
                    continue
                self.changes[item.address] = outcome
                known.update(self.expansion.exporters.exported(item.address, outcome.outputs))

    def _one(self, item: PlatformObject, known: Mapping[tuple[Address, str], Json]) -> Change:
        prior = self.state.objects.get(item.address)
        refuse_other_provider(item, prior)
        reading = own_reading(item, self.readings.get(item.address, Absent()), self.state, self.declared)
        reading = without_others(self.engine, item, reading)
        if self.options.refresh_only:
            theirs = partial(self._theirs, item.provider, reading)
            return self._explained(refreshed(item, prior, reading, self.engine.digest, theirs=theirs), reading)
        return plan_object(
            self.engine,
            item,
            prior=prior,
            reading=reading,
            known=known,
            dependencies=self.changes,
            others=self.others[item.provider],
            replacing=self._asked_to_replace(item.address),
        )

    def _theirs(self, provider: str, reading: Reading, drift: Sequence[AttributeChange]) -> Sequence[AttributeChange]:
        connection = self.engine.connections[provider]
        if not isinstance(reading, Live) or not drift or not isinstance(connection, KnowsOwners):
            return drift
        return connection.theirs(reading, drift)

    def _explained(self, change: Change, reading: Reading) -> Change:
        connection = self.engine.connections[change.provider]
        if not isinstance(reading, Live) or not change.drift or not isinstance(connection, KnowsOwners):
            return change
        drift = tuple(connection.explain(reading, change.drift))
        return replace(change, decision=replace(change.decision, drift=drift))

    def _asked_to_replace(self, address: Address) -> bool:
        return is_selected(address, self.options.replaces)

    def unwanted(self, prior: Mapping[Address, ObjectState]) -> None:
        """Plan the end of every recorded object that is not declared any more."""
        for address, record in prior.items():
            if address in self.expansion.objects or self.options.refresh_only:
                continue
            try:
                self.changes[address] = plan_end(
                    self.engine, record, self.readings.get(address, Absent()), destroying=self.options.destroy
                )
            except WlinfraError as error:
                self.errors += [
                    replace(diagnostic, address=diagnostic.address or address) for diagnostic in error.diagnostics
                ]

    def leftovers(self, prior: Mapping[Address, ObjectState]) -> list[Change]:
        """Return the deletion of every old id that a replacement left behind."""
        found = []
        for record in prior.values():
            connection = self.engine.connections.get(record.provider)
            if self.options.refresh_only or connection is None:  # what has no connection is an error already
                continue
            for deposed in record.deposed:
                request = PlanRequest(
                    desired=None,
                    prior=record,
                    reading=Absent(),
                    dependencies={},
                    digest=self.engine.digest,
                    deposed_id=deposed.id,
                )
                found.append(Change(subject=record, decision=connection.plan(request), deposed_id=deposed.id))
        return found

    def known(self) -> dict[tuple[Address, str], Json]:
        """Return the outputs known now: recorded ones, replaced by planned ones where there is a change."""
        found: dict[tuple[Address, str], Json] = {}
        for address, record in self.state.objects.items():
            found.update(self.expansion.exporters.exported(address, record.outputs))
        for address, change in self.changes.items():
            found.update(self.expansion.exporters.exported(address, change.outputs))
        return found


def _placed(diagnostic: Diagnostic, item: PlatformObject) -> Diagnostic:
    address, location = diagnostic.address or item.address, diagnostic.location or item.location
    return replace(diagnostic, address=address, location=location)


def plan_object(
    engine: Engine,
    item: PlatformObject,
    *,
    prior: ObjectState | None,
    reading: Reading,
    known: Mapping[tuple[Address, str], Json],
    dependencies: Mapping[Address, Change],
    others: Others,
    replacing: bool = False,
    watch: Iterable[Path] = (),
) -> Change:
    """Return what must happen to one declared object; raises what the provider or the guards refuse.

    ``watch`` names paths beside those of the change of which `Change.seen` must say what is live.
    """
    settled = _settled(item, reading)
    prior = prior.unpacked() if prior is not None else None
    desired = replace(item, values=resolve_known(dict(item.values), known))
    instead = _is_another(settled, prior)
    now = what_runs(prior, settled, item.schema, engine.digest) if prior is not None else None
    request = PlanRequest(
        desired=desired,
        prior=None if instead or now is None else now.record,  # what is recorded of one object says nothing of another
        reading=settled,
        dependencies={address: dependencies[address] for address in item.depends_on if address in dependencies},
        digest=engine.digest,
        others=others,
        known=known,
        replace=replacing,
        found_instead=instead,
    )
    decision = engine.connections[item.provider].plan(request)
    check_decision(decision, request)
    return Change(
        subject=desired,
        decision=record_only(decision, desired, prior),
        revision=revision_of(settled, looked_at(decision.action, desired), prior, engine.digest),
        seen=seen_of(decision, settled, desired, prior, paths=watch),
        found=settled.facts if isinstance(settled, Live) and decision.action not in _MAKING else {},
        unfinished=now.unfinished if now is not None else (),
    )


def _is_another(reading: Live | Absent, prior: ObjectState | None) -> bool:
    """True when the object that bears the name is not the recorded one, and nothing proves that this stack made it."""
    if prior is None or prior.id is None or not isinstance(reading, Live) or not reading.found_by_name:
        return False
    return reading.id != prior.id and reading.owned is not True


def _settled(item: PlatformObject, reading: Reading) -> Live | Absent:
    """Return the reading when something can be concluded from it; raises otherwise."""
    match reading:
        case Live() | Absent():
            if item.lookup and isinstance(reading, Absent):
                raise DeclarationError.of(
                    "Looked-up object not found",
                    f"{item.address} looks up {item.kind} {item.name!r}, which the platform does not have.",
                    "Correct the name or id in the lookup, or declare the object in this stack so that it is created.",
                    address=item.address,
                    location=item.location,
                )
            return reading
        case Unreadable(error=error):
            raise ProviderError(error)
        case Ambiguous(candidates=candidates):
            raise ProviderError.of(
                "Several objects match",
                f"{len(candidates)} objects named {item.name!r} exist and none of them is recorded, so nobody can tell which one {item.address} is.",
                "Say which one it is:\n"
                + "\n".join(f"    wlinfra import {item.address} {candidate}" for candidate in candidates),
                address=item.address,
                location=item.location,
            )
