"""Plans and applies resources against one connection without the engine: no journal, no threads, no approval.

`testing.contract` drives providers with it; a provider's own tests may too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from wlinfra.apply.intents import draft_intent
from wlinfra.changes.change import Change
from wlinfra.changes.known import resolve_known
from wlinfra.changes.model import Action, PlatformObject, Repeat, Step
from wlinfra.changes.subject import subject_of
from wlinfra.clock import Clock, SystemClock
from wlinfra.diff.project import redact
from wlinfra.errors import DeclarationError, ProviderError
from wlinfra.graph import DependencyGraph
from wlinfra.plan.check import check_decision
from wlinfra.provider.base import (
    Absent,
    Connection,
    Done,
    Failed,
    Live,
    PlanRequest,
    Ready,
    RefusedForNow,
    StepResult,
    Waiting,
    Wanted,
)
from wlinfra.provider.others import Others
from wlinfra.resources.base import Resource
from wlinfra.state.key import Digest
from wlinfra.state.model import Intent, ObjectState
from wlinfra.state.records import Aim, aimed
from wlinfra.values import Address, Json, Ref, find_refs, resolve_refs

__all__ = ["Driver", "intent_of", "steps_of"]

_TRIES = 200
_PAUSE = 0.05


@dataclass(kw_only=True)
class Driver:
    """One stack on one platform; `records` is its state, `answers` everything the provider said."""

    connection: Connection
    digest: Digest = field(default_factory=lambda: Digest(b"a key of sixteen bytes or more"))
    clock: Clock = field(default_factory=SystemClock)
    repeat_safe: bool = False
    """Make every call that may be repeated twice."""
    records: dict[Address, ObjectState] = field(default_factory=dict)
    answers: list[object] = field(default_factory=list)
    others: Others = field(default_factory=Others)
    """What is planned together."""

    def objects(self, *resources: Resource) -> dict[Address, PlatformObject]:
        """Return the objects of the resources, dependencies first; raises DeclarationError for what the provider refuses."""
        declared = {resource.address: resource for resource in resources}
        found: dict[Address, PlatformObject] = {}
        for resource in resources:
            DeclarationError.raise_for(self.connection.check(resource))
            found.update((item.address, item) for item in self.connection.expand(resource, declared))
        graph: DependencyGraph[Address] = DependencyGraph()
        for address, item in found.items():
            graph.add(address, _dependencies(item, found))
        return {address: replace(found[address], depends_on=graph.dependencies(address)) for address in graph.order()}

    def read(self, *wanted: Wanted) -> list[Live | Absent]:
        """Return the readings; raises ProviderError when one says neither what exists nor that nothing does."""
        readings = self.connection.read(wanted)
        self.answers += readings
        found = [reading for reading in readings if isinstance(reading, Live | Absent)]
        if len(found) != len(wanted):
            raise ProviderError.of(
                "Object cannot be read", f"Of {len(wanted)} objects, {len(found)} were read: {readings!r}."
            )
        return found

    def together(self, objects: Mapping[Address, PlatformObject]) -> None:
        """Plan these objects together; they are read for that where the provider looks at them."""
        real = [item for item in objects.values() if not item.virtual]
        wanted = [_wanted(item, self.records.get(item.address)) for item in real]
        self.others = Others(lambda: zip(real, self.read(*wanted), strict=True))

    def plan(self, *resources: Resource) -> list[Change]:
        """Return all changes in the order in which they would be applied; nothing is changed."""
        objects = self.objects(*resources)
        self.together(objects)
        changes: dict[Address, Change] = {}
        for item in objects.values():
            changes[item.address] = self.plan_one(item, changes)
        return [*changes.values(), *self._ends(objects)]

    def plan_one(self, item: PlatformObject, earlier: Mapping[Address, Change]) -> Change:
        """Return the change of one object, given those of its dependencies."""
        prior = self.records.get(item.address)
        known = {
            (address.resource, name): value
            for address, change in earlier.items()
            for name, value in change.outputs.items()
        }
        desired = replace(item, values=resolve_known(dict(item.values), known))
        reading = Absent() if item.virtual else self.read(_wanted(item, prior))[0]
        dependencies = {address: earlier[address] for address in item.depends_on if address in earlier}
        request = PlanRequest(
            desired=desired,
            prior=prior,
            reading=reading,
            dependencies=dependencies,
            digest=self.digest,
            others=self.others,
            known=known,
        )
        return self._planned(request)

    def apply(self, *resources: Resource) -> list[Change]:
        """Make the resources so, and delete what is recorded and not among them; return the changes."""
        objects = self.objects(*resources)
        self.together(objects)
        done: dict[Address, Change] = {}
        for item in objects.values():
            done[item.address] = self.execute(self.plan_one(item, done))
        return [*done.values(), *(self.execute(change) for change in self._ends(objects))]

    def execute(self, change: Change) -> Change:
        """Make the change's calls, wait for its goal and record it; return it with the outputs it had."""
        made: dict[str, Json] = {"id": change.id} if change.id is not None else {}
        for step in change.steps:
            result = self._run(change, _filled(step, change, made))
            made |= result.outputs
            if result.id is not None and not step.removes:
                made["id"] = result.id
            memory = {**change.decision.memory, **result.memory}
            change = replace(change, decision=replace(change.decision, memory=memory))
        if change.action in (Action.DELETE, Action.FORGET):
            if change.goal is not None:
                self._wait(change, change.id, change.goal.goal, change.goal.details)
            self.records.pop(change.address, None)
            return change
        outputs = {**change.outputs, **{name: value for name, value in made.items() if name in change.outputs}}
        if change.goal is not None:
            outputs |= self._wait(change, str(made.get("id")), change.goal.goal, change.goal.details)
        if change.action is not Action.READ:
            self._record(change, made, outputs)
        return replace(change, decision=replace(change.decision, outputs=outputs))

    # ------------------------------------------------------------ below

    def _ends(self, objects: Mapping[Address, PlatformObject]) -> Iterator[Change]:
        for address, record in reversed(list(self.records.items())):
            if address in objects:
                continue
            wanted = Wanted(address=address, kind=record.kind, name=record.name, id=record.id, prior=record)
            reading = Absent() if record.virtual else self.read(wanted)[0]
            yield self._planned(
                PlanRequest(desired=None, prior=record, reading=reading, dependencies={}, digest=self.digest)
            )

    def _planned(self, request: PlanRequest) -> Change:
        decision = self.connection.plan(request)
        self.answers.append(decision)
        check_decision(decision, request)
        return Change(subject=request.subject, decision=decision)

    def _run(self, change: Change, step: Step) -> Done:
        if step.gate is not None:
            self._wait(change, change.id, step.gate.goal, step.gate.details)
        result = self.run(step)
        if self.repeat_safe and step.repeat is Repeat.SAFE and not step.makes:
            result = self.run(step)
        if not isinstance(result, Done):
            raise ProviderError.of("Step failed", f"{change.address}: {step.summary} ended with {result!r}.")
        return result

    def run(self, step: Step) -> StepResult:
        """Make one call, again while the platform refuses it only for now."""
        for _ in range(_TRIES):
            result = self.connection.run(step)
            self.answers.append(result)
            if not isinstance(result, RefusedForNow):
                break
            self.clock.sleep(result.after)
        return result

    def _wait(self, change: Change, id: str | None, goal: str, details: Mapping[str, Json]) -> Mapping[str, Json]:  # noqa: A002
        waiting = Waiting(address=change.address, kind=change.kind, id=id, goal=goal, details=details)
        for _ in range(_TRIES):
            (status,) = self.connection.poll([waiting])
            self.answers.append(status)
            match status:
                case Ready(outputs=outputs):
                    return outputs
                case Failed(error=error):
                    raise ProviderError(error)
            self.clock.sleep(_PAUSE)
        raise ProviderError.of("Waited too long", f"{change.address} did not reach {goal!r}.")

    def _record(self, change: Change, made: Mapping[str, Json], outputs: Mapping[str, Json]) -> None:
        known = {(change.address.resource, name): value for name, value in outputs.items()}
        for address, record in self.records.items():
            known |= {(address.resource, name): value for name, value in record.outputs.items()}
        aim = Aim(
            subject=subject_of(change),
            id=str(made["id"]) if "id" in made else None,
            values=redact(resolve_refs(dict(change.values), known), self.digest),
            outputs=outputs,
            memory=change.decision.memory,
            imports=change.action is Action.IMPORT,
        )
        if (made_record := aimed(None, aim)) is not None:
            self.records[change.address] = made_record


def intent_of(change: Change, step: Step, digest: Digest) -> Intent:
    """Return what the engine would have on disk before the step."""
    return draft_intent(change, step, digest=digest, clock=SystemClock())


def _dependencies(item: PlatformObject, objects: Mapping[Address, PlatformObject]) -> list[Address]:
    owners = {*item.depends_on, *(ref.address for ref in find_refs(dict(item.values)))}
    return [
        address for address in objects if address != item.address and (address in owners or address.resource in owners)
    ]


def _wanted(item: PlatformObject, prior: ObjectState | None) -> Wanted:
    return Wanted(
        address=item.address, kind=item.kind, name=item.name, id=prior.id if prior else None, desired=item, prior=prior
    )


def _filled(step: Step, change: Change, made: Mapping[str, Json]) -> Step:
    """Return the step with references to what earlier steps of the same change made filled in."""
    known = {(change.address.resource, name): value for name, value in made.items()}
    target = made.get(step.target.attribute) if isinstance(step.target, Ref) else step.target
    return replace(step, target=target, payload=resolve_known(step.payload, known))


def steps_of(changes: Sequence[Change]) -> list[Step]:
    """Return the steps of all changes in order."""
    return [step for change in changes for step in change.steps]
