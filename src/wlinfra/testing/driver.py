"""A workspace in memory: the real planner and applier on one connection, with neither a program nor files.

`testing.contract` drives providers with it; a provider's own tests may too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from wlinfra.apply.applier import apply_plan
from wlinfra.apply.events import ApplyOptions
from wlinfra.apply.intents import draft_intent
from wlinfra.apply.stop import StopSignal
from wlinfra.changes.change import Change
from wlinfra.changes.model import PlatformObject, Repeat, Step
from wlinfra.clock import InboxClock, SystemClock
from wlinfra.errors import ProviderError
from wlinfra.plan.expand import expand
from wlinfra.plan.inputs import Inputs
from wlinfra.plan.model import Plan, PlanOptions
from wlinfra.plan.objects import plan_object
from wlinfra.plan.order import edges_between
from wlinfra.plan.outputs import Exporters
from wlinfra.plan.planner import build_plan
from wlinfra.provider.base import Absent, Connection, Live, ReadRequest, RefusedForNow, StepResult
from wlinfra.provider.optional import KnowsOwners, SeesWholePlan
from wlinfra.provider.others import Others
from wlinfra.resources.base import Resource
from wlinfra.stack.program import Declared
from wlinfra.state.key import Digest
from wlinfra.state.memory import MemorySession
from wlinfra.state.model import Intent, ObjectState
from wlinfra.values import Address

__all__ = ["Driver", "intent_of", "steps_of"]

_TRIES = 200
_OPTIONS = ApplyOptions(poll_interval=0.05)
_ABOUT_OTHERS = {*vars(SeesWholePlan), *vars(KnowsOwners)}
"""What a connection is not asked: the resources given are all there is, without an inventory and without strays."""


@dataclass(kw_only=True)
class Driver:
    """One stack on one platform; `records` is its state, `answers` everything the provider said."""

    connection: Connection
    digest: Digest = field(default_factory=lambda: Digest(b"a key of sixteen bytes or more"))
    clock: InboxClock = field(default_factory=SystemClock)
    repeat_safe: bool = False
    """Make every call that may be repeated twice."""
    session: MemorySession = field(default_factory=MemorySession)
    answers: list[object] = field(default_factory=list)
    others: Others = field(default_factory=Others)
    """What is planned together by `plan_one`."""

    @property
    def records(self) -> dict[Address, ObjectState]:
        """What is recorded; tests may change it."""
        return self.session.ledger.objects

    def objects(self, *resources: Resource) -> dict[Address, PlatformObject]:
        """Return the objects of the resources, dependencies first; raises DeclarationError for what the provider refuses."""
        return dict(expand(self._inputs(resources)).objects)

    def read(self, *wanted: ReadRequest) -> list[Live | Absent]:
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
        """Plan these objects together; they are read for that."""
        real = [item for item in objects.values() if not item.virtual]
        wanted = [_wanted(item, self.records.get(item.address)) for item in real]
        self.others = Others(tuple(zip(real, self.read(*wanted), strict=True)))

    def plan(self, *resources: Resource) -> list[Change]:
        """Return all changes in the order in which they would be applied; nothing is changed. Raises ProviderError."""
        return list(self._plan(self._inputs(resources)).changes)

    def plan_one(self, item: PlatformObject, earlier: Mapping[Address, Change]) -> Change:
        """Return the change of one object, given those of its dependencies."""
        prior = self.records.get(item.address)
        exporters = Exporters.of([item, *(change.wanted for change in earlier.values() if change.wanted is not None)])
        return plan_object(
            self._inputs(()),
            item,
            prior=prior,
            reading=Absent() if item.virtual else self.read(_wanted(item, prior))[0],
            known=exporters.known(*earlier.values()),
            dependencies=earlier,
            others=self.others,
        )

    def apply(self, *resources: Resource) -> list[Change]:
        """Make the resources so, and delete what is recorded and not among them; return the changes."""
        inputs = self._inputs(resources)
        return self._execute(self._plan(inputs), inputs)

    def execute(self, change: Change) -> Change:
        """Make the change's calls, wait for its goal and record it."""
        plan = Plan(
            stack="contract",
            environment="test",
            options=PlanOptions(),
            changes=(change,),
            edges=edges_between([change], self.session.state),
            objects={change.address: change.wanted} if change.wanted is not None else {},
            others={change.provider: self.others},
        )
        return self._execute(plan, self._inputs(()))[0]

    def run(self, step: Step) -> StepResult:
        """Make one call, again while the platform refuses it only for now."""
        for _ in range(_TRIES):
            result = self.connection.run(step)
            self.answers.append(result)
            if not isinstance(result, RefusedForNow):
                break
            self.clock.sleep(result.after)
        return result

    # ------------------------------------------------------------ below

    def _inputs(self, resources: Sequence[Resource]) -> Inputs:
        declared = Declared(stack="contract", environment="test", resources=tuple(resources), outputs=(), providers={})
        names = {"default", *(resource.provider for resource in resources)}
        heard = _heard(self.connection, self.answers, repeat_safe=self.repeat_safe)
        return Inputs(
            declared=declared,
            state=self.session.state,
            connections=dict.fromkeys(names, heard),
            digest=self.digest,
        )

    def _plan(self, inputs: Inputs) -> Plan:
        plan = build_plan(inputs, PlanOptions(allow_empty=True))
        ProviderError.raise_for(plan.errors)
        return plan

    def _execute(self, plan: Plan, inputs: Inputs) -> list[Change]:
        result = apply_plan(
            plan,
            inputs,
            self.session,
            options=_OPTIONS,
            listener=self.answers.append,
            stop=StopSignal(),
            clock=self.clock,
        )
        ProviderError.raise_for([error for _, error in result.failed])
        return [self._with_outputs(change) for change in plan.changes]

    def _with_outputs(self, change: Change) -> Change:
        record = self.records.get(change.address)
        if record is None:
            return change
        known = {name: value for name, value in record.outputs.items() if name in change.outputs}
        return replace(change, decision=replace(change.decision, outputs={**change.decision.outputs, **known}))


def _heard(connection: Connection, answers: list[object], *, repeat_safe: bool) -> Connection:
    """Return the connection with each answer noted, and each call that may be repeated made twice if wanted."""

    def noting(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            result = method(*arguments, **named)
            step = arguments[0] if arguments else None
            if repeat_safe and isinstance(step, Step) and step.repeat is Repeat.SAFE and not step.makes:
                result = method(*arguments, **named)
            answers.append(result)
            return result

        return call

    names = [name for name in dir(connection) if not name.startswith("_") and name not in _ABOUT_OTHERS]
    methods = {name: method for name in names if callable(method := getattr(connection, name))}
    # A class of its own, because what a connection can do is asked of its class.
    heard = type("Heard", (), {name: staticmethod(noting(method)) for name, method in methods.items()})
    return cast("Connection", heard())


def intent_of(change: Change, step: Step, digest: Digest) -> Intent:
    """Return what the engine would have on disk before the step."""
    return draft_intent(change, step, digest=digest, clock=SystemClock())


def steps_of(changes: Sequence[Change]) -> list[Step]:
    """Return the steps of all changes in order."""
    return [step for change in changes for step in change.steps]


def _wanted(item: PlatformObject, prior: ObjectState | None) -> ReadRequest:
    return ReadRequest(
        address=item.address, kind=item.kind, name=item.name, id=prior.id if prior else None, desired=item, prior=prior
    )
