"""Building a plan: expand, read, ask each provider what must happen, guard, order.

`build_plan` is called by the workspace; the plan it returns is a value. Nothing here calls a
platform except through `Connection.read` and `Connection.plan`, and nothing writes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol, TypeVar

from wlinfra.changes.change import Change
from wlinfra.changes.model import PlatformObject
from wlinfra.diff.model import AttributeChange
from wlinfra.errors import Diagnostic, WlinfraError
from wlinfra.plan.check import blaming
from wlinfra.plan.guard import (
    guards,
    refuse_other_provider,
    warn_of_emptiness,
    warn_of_missing_secrets,
    warnings_of,
)
from wlinfra.plan.inputs import Inputs
from wlinfra.plan.model import Plan, PlanOptions, Recovered
from wlinfra.plan.objects import plan_deposed, plan_end, plan_object
from wlinfra.plan.order import edges_between, in_order, spread_create_first
from wlinfra.plan.outputs import output_changes
from wlinfra.plan.owners import own_reading, refuse_ending, without_others
from wlinfra.plan.refresh import refreshed
from wlinfra.plan.scope import Lifecycles, Scope
from wlinfra.plan.select import is_selected, with_users_left_out
from wlinfra.provider.base import Live, Reading
from wlinfra.provider.optional import KnowsOwners, PlansInParallel
from wlinfra.provider.others import Others
from wlinfra.values import Address, Json

__all__ = ["PlanBatch", "batches", "build_plan"]

T = TypeVar("T")


def build_plan(
    inputs: Inputs,
    options: PlanOptions | None = None,
    *,
    recovered: Sequence[Recovered] = (),
    provisional: str = "",
    tool_version: str = "",
) -> Plan:
    """Return what an apply would do now.

    ``recovered`` is the outcome of steps that an interrupted run left behind; ``provisional`` names a run that is
    applying at this moment. Raises DeclarationError with everything that is wrong with the program; what a platform
    does not answer or allow becomes an error of that object in `Plan.errors`.
    """
    options = options or PlanOptions()
    scope = Scope.of(inputs, options, recovered)
    planning = _Planning(scope=scope, others=scope.others())
    changes = _completed(planning)
    edges = edges_between(changes, scope.state)
    declared, is_narrowed = inputs.declared, bool(options.targets or options.excludes)
    outputs = [] if is_narrowed else output_changes(inputs, planning.known(), destroy=options.destroy)
    return Plan(
        stack=declared.stack,
        environment=declared.environment,
        options=options,
        changes=in_order(changes, edges),
        edges=edges,
        objects=scope.expansion.objects,
        others=planning.others,
        outputs=() if options.refresh_only else tuple(outputs),
        output_values={output.name: output.value for output in declared.outputs},
        sensitive_outputs=frozenset(output.name for output in declared.outputs if output.sensitive),
        recovered=tuple(recovered),
        found=tuple(record for record in scope.found if record.address in scope.prior),
        warnings=(
            *declared.warnings,
            *scope.expansion.warnings,
            *warn_of_emptiness(scope.prior, scope.readings),
            *warn_of_missing_secrets(changes, declared.outputs if outputs and not options.destroy else ()),
            *warnings_of(changes),
        ),
        errors=(
            *planning.errors,
            *(item.error for item in recovered if item.outcome == "unclear" and item.error is not None),
            *guards(changes, scope.state, declared),
            *refuse_ending(inputs, changes),
        ),
        moved=scope.moved,
        provisional=provisional,
        lineage=scope.state.lineage,
        tool_version=tool_version,
        program_digest=declared.program_digest,
        settings_digest=declared.settings_digest,
        protected_environment=declared.protect,
        partial=declared.partial,
    )


def _completed(planning: _Planning) -> list[Change]:
    """Return all changes: of what is wanted, of what is not wanted any more, and of deposed objects."""
    scope = planning.scope
    planning.wanted()
    planning.unwanted()
    changes = spread_create_first([*planning.changes.values(), *planning.deposed()], scope.state)
    if not scope.options.targets and not scope.options.excludes and not scope.inputs.declared.partial:
        return changes
    return with_users_left_out(changes, scope.declared, scope.state.objects, {*scope.expansion.objects, *scope.prior})


@dataclass(kw_only=True)
class _Planning:
    """The changes so far, in dependency order, and what is known of their outputs."""

    scope: Scope
    others: Mapping[str, Others]
    changes: dict[Address, Change] = field(default_factory=dict)
    errors: list[Diagnostic] = field(default_factory=list)

    def wanted(self) -> None:
        """Plan every declared object; one that cannot be planned stops those that depend on it."""
        known = self.known()
        blocked: set[Address] = set()

        def plan_one(item: PlatformObject) -> Change | WlinfraError:
            try:
                return self._one(item, known)
            except WlinfraError as error:
                return error

        for group, ask in batches(self.scope.inputs, self.scope.expansion.objects):
            free = [item for item in group if not blocked.intersection(item.depends_on)]
            blocked.update({item.address for item in group} - {item.address for item in free})
            for item, outcome in zip(free, ask(plan_one, free), strict=True):
                if isinstance(outcome, WlinfraError):
                    self.errors += [one.placed(item.address, item.location) for one in outcome.diagnostics]
                    blocked.add(item.address)
                    continue
                self.changes[item.address] = outcome
                known.update(self.scope.expansion.exporters.exported(item.address, outcome.outputs))

    def _one(self, item: PlatformObject, known: Mapping[tuple[Address, str], Json]) -> Change:
        prior = self.scope.state.objects.get(item.address)
        refuse_other_provider(item, prior)
        reading = own_reading(item, self.scope.reading(item.address), self.scope.state, self.scope.staying)
        reading = without_others(self.scope.inputs, item, reading)
        if self.scope.options.refresh_only:
            theirs = partial(self._theirs, item.provider, reading)
            change = refreshed(item, prior, reading, self.scope.inputs.digest, theirs=theirs)
            return self._explained(change, reading).named()
        return plan_object(
            self.scope.inputs,
            item,
            prior=prior,
            reading=reading,
            known=known,
            dependencies=self.changes,
            others=self.others[item.provider],
            replacing=is_selected(item.address, self.scope.options.replaces),
        )

    def _theirs(self, provider: str, reading: Reading, drift: Sequence[AttributeChange]) -> Sequence[AttributeChange]:
        connection = self.scope.inputs.connections[provider]
        if not isinstance(reading, Live) or not drift or not isinstance(connection, KnowsOwners):
            return drift
        with blaming(provider, "drift was judged"):
            return tuple(connection.theirs(reading, drift))

    def _explained(self, change: Change, reading: Reading) -> Change:
        connection = self.scope.inputs.connections[change.provider]
        if not isinstance(reading, Live) or not change.drift or not isinstance(connection, KnowsOwners):
            return change
        with blaming(change.provider, "drift was explained"):
            drift = tuple(connection.explain(reading, change.drift))
        return replace(change, decision=replace(change.decision, drift=drift))

    def unwanted(self) -> None:
        """Plan the end of every recorded object that is not declared any more."""
        lifecycles = Lifecycles.of(self.scope.inputs.declared)
        for address, record in self.scope.prior.items():
            if address in self.scope.expansion.objects or self.scope.options.refresh_only:
                continue
            try:
                self.changes[address] = plan_end(
                    self.scope.inputs,
                    lifecycles.held(record),
                    self.scope.reading(address),
                    others=self.others.get(record.provider, Others()),
                    destroying=self.scope.options.destroy,
                )
            except WlinfraError as error:
                self.errors += [diagnostic.placed(address) for diagnostic in error.diagnostics]

    def deposed(self) -> list[Change]:
        """Return the deletion of every old id that a replacement left behind."""
        if self.scope.options.refresh_only:
            return []
        found: list[Change] = []
        for record in self.scope.prior.values():
            try:
                found += plan_deposed(self.scope.inputs, record)
            except WlinfraError as error:
                self.errors += [diagnostic.placed(record.address) for diagnostic in error.diagnostics]
        return found

    def known(self) -> dict[tuple[Address, str], Json]:
        """Return the outputs known now: recorded ones, replaced by planned ones where there is a change."""
        found = self.scope.expansion.exporters.known(*self.scope.state.objects.values(), *self.changes.values())
        return {**found, **self.scope.inputs.declared.known}  # a record may be older than what is declared elsewhere


# ---------------------------------------------------------------- one after another, or many at once


class PlanBatch(Protocol):
    """Plans every object of a batch; the answers stand in the order of the objects."""

    def __call__(self, plan: Callable[[PlatformObject], T], items: Sequence[PlatformObject], /) -> Sequence[T]:
        """Return one answer for each."""
        ...


def batches(
    inputs: Inputs, objects: Mapping[Address, PlatformObject]
) -> Iterator[tuple[Sequence[PlatformObject], PlanBatch]]:
    """Yield the objects in batches, dependencies first, each with the way to plan it."""
    workers = max(
        (
            connection.plan_parallelism
            for connection in inputs.connections.values()
            if isinstance(connection, PlansInParallel)
        ),
        default=1,
    )
    if workers <= 1:
        yield from (([item], _in_turn) for item in objects.values())
        return
    from concurrent.futures import ThreadPoolExecutor  # most plans ask nothing, and need no threads

    with ThreadPoolExecutor(workers, thread_name_prefix="plan") as pool:

        def at_once(plan: Callable[[PlatformObject], T], items: Sequence[PlatformObject], /) -> Sequence[T]:
            return list(pool.map(plan, items))

        for batch in _levels(objects):
            yield batch, at_once


def _in_turn(plan: Callable[[PlatformObject], T], items: Sequence[PlatformObject], /) -> Sequence[T]:
    return [plan(item) for item in items]


def _levels(objects: Mapping[Address, PlatformObject]) -> Iterator[list[PlatformObject]]:
    """Yield the objects by the length of the longest chain of dependencies before them."""
    depth: dict[Address, int] = {}
    levels: dict[int, list[PlatformObject]] = defaultdict(list)
    for address, item in objects.items():  # dependencies stand first
        depth[address] = 1 + max((depth.get(earlier, -1) for earlier in item.depends_on), default=-1)
        levels[depth[address]].append(item)
    for level in sorted(levels):
        yield levels[level]
