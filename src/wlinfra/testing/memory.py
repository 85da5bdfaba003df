"""A provider without a platform, for unit tests of stacks and of the inputs.

Any resource becomes one object with the resource's attributes. Pass a `MemoryProvider` to the engine as an object;
`calls` and `world` tell afterwards what it was asked and what exists.

    provider = MemoryProvider(schemas={"workload": Attribute(fields=fields(image=Attribute(effect=Effect.ROLLS)))})
    provider.on_run = lambda step, proceed: lost_reply(proceed)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeAlias, TypeVar

from wlinfra.changes.default import default_decision
from wlinfra.changes.model import Action, Decision, PlatformObject, Repeat, Step
from wlinfra.clock import Clock, SystemClock
from wlinfra.diff.schema import Attribute
from wlinfra.errors import Diagnostic
from wlinfra.provider.base import (
    Absent,
    Ambiguous,
    DidNotHappen,
    Done,
    Failed,
    Happened,
    Live,
    PlanRequest,
    ProviderContext,
    Reading,
    ReadRequest,
    Ready,
    Recovery,
    Refused,
    Status,
    StepResult,
    UnclearOutcome,
    UnknownOutcome,
    Waiting,
    WaitingStill,
)
from wlinfra.resources.base import Resource
from wlinfra.resources.lifecycle import ReplaceOrder
from wlinfra.resources.lookup import Lookup
from wlinfra.state.model import Intent, ObjectState
from wlinfra.testing.values import plain_values
from wlinfra.testing.world import MemoryObject, MemoryWorld, NameTaken, returned
from wlinfra.values import UNKNOWN, Address, Json

__all__ = ["MemoryCall", "MemoryConnection", "MemoryProvider", "lost_reply", "refuse"]

Subject = TypeVar("Subject")
Answer = TypeVar("Answer")
Override: TypeAlias = Callable[[Subject, Callable[[], Answer]], Answer] | None
"""Answers instead of the provider; the second argument calls the provider's own answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryCall(Generic[Subject]):
    """One question the provider was asked."""

    question: str
    """``check``, ``expand``, ``read``, ``plan``, ``run``, ``recover`` or ``poll``."""
    subject: Subject


@dataclass(kw_only=True)
class MemoryProvider:
    """A platform in memory; every ``on_`` attribute may answer one question in its own way."""

    name: str = "memory"
    world: MemoryWorld = field(default_factory=MemoryWorld)
    schemas: Mapping[str, Attribute] = field(default_factory=dict)
    """What is known about the attributes, by the type of resource."""
    outputs: tuple[str, ...] = ("id", "name", "endpoint", "version", "repository_id")
    """What any resource offers to references."""
    place: str = "memory"
    """Tells this platform from others, as a cluster's uid does."""
    clock: Clock = field(default_factory=SystemClock)
    latency: float = 0.0
    """Seconds that every read, run, recover and poll takes."""
    ready_after: float = 0.0
    """Seconds until a new or changed object is ready."""
    on_check: Override[Resource, Sequence[Diagnostic]] = None
    on_expand: Override[Resource, Sequence[PlatformObject]] = None
    on_read: Override[Sequence[ReadRequest], Sequence[Reading]] = None
    on_plan: Override[PlanRequest, Decision] = None
    on_run: Override[Step, StepResult] = None
    on_recover: Override[Intent, Recovery] = None
    on_poll: Override[Sequence[Waiting], Sequence[Status]] = None
    calls: list[MemoryCall[object]] = field(default_factory=list)

    @property
    def operations(self) -> list[str]:
        """The operations of all steps that were run, in order."""
        return [call.subject.operation for call in self.calls if isinstance(call.subject, Step)]

    def public_options(self, options: Mapping[str, Json]) -> Mapping[str, Json]:
        """Return the options that are plain values: there is no secret among them."""
        return {name: value for name, value in options.items() if isinstance(value, str | int | float | None)}

    def how_to_let_go(self, item: ObjectState) -> str:
        """Return nothing: what the state forgets stays as it is."""
        return ""

    def connect(self, context: ProviderContext) -> MemoryConnection:
        """Return a connection to the world."""
        return MemoryConnection(self, context)


class MemoryConnection:
    """Answers the seven questions from the provider's world."""

    def __init__(self, provider: MemoryProvider, context: ProviderContext) -> None:
        self._provider = provider
        self._world = provider.world
        self._context = context

    def check(self, resource: Resource) -> Sequence[Diagnostic]:
        """Return nothing: everything is allowed."""
        return self._answer("check", resource, self._provider.on_check, lambda: ())

    def expand(self, resource: Resource, dependencies: Mapping[Address, Resource]) -> Sequence[PlatformObject]:
        """Return one object with the resource's attributes."""
        return self._answer(
            "expand", resource, self._provider.on_expand, lambda: (self._object(resource, dependencies),)
        )

    def read(self, requests: Sequence[ReadRequest]) -> Sequence[Reading]:
        """Return what exists, by id, else by kind and name."""
        self._sleep()
        return self._answer("read", requests, self._provider.on_read, lambda: [self._read(one) for one in requests])

    def plan(self, request: PlanRequest) -> Decision:
        """Return what the schema says."""
        return self._answer(
            "plan",
            request,
            self._provider.on_plan,
            lambda: default_decision(request, steps=lambda decision: _steps(decision, request)),
        )

    def run(self, step: Step) -> StepResult:
        """Change the world."""
        self._context.guard()
        self._sleep()
        return self._answer("run", step, self._provider.on_run, lambda: self._run(step))

    def recover(self, intent: Intent) -> Recovery:
        """Return what became of a step: new ids tell of a create, absence of a delete; an update is simply planned again."""
        self._sleep()
        return self._answer("recover", intent, self._provider.on_recover, lambda: self._recover(intent))

    def poll(self, waiting: Sequence[Waiting]) -> Sequence[Status]:
        """Return what is ready by now."""
        self._sleep()
        return self._answer("poll", waiting, self._provider.on_poll, lambda: [self._status(one) for one in waiting])

    def place(self) -> Mapping[str, str]:
        """Return which platform this is."""
        return {"platform": self._provider.place}

    # ------------------------------------------------------------ the answers

    def _answer(
        self, question: str, subject: Subject, override: Override[Subject, Answer], own: Callable[[], Answer]
    ) -> Answer:
        self._provider.calls.append(MemoryCall(question=question, subject=subject))
        return own() if override is None else override(subject, own)

    def _sleep(self) -> None:
        if self._provider.latency:
            self._provider.clock.sleep(self._provider.latency)

    def _object(self, resource: Resource, dependencies: Mapping[Address, Resource]) -> PlatformObject:
        kind = resource.lookup_type if isinstance(resource, Lookup) else resource.type
        return PlatformObject(
            address=resource.address,
            kind=kind,
            name=resource.name_on_platform,
            values={} if resource.lookup else plain_values(resource, dependencies),
            schema=self._provider.schemas.get(kind, Attribute()),
            outputs=self._provider.outputs,
            depends_on=resource.depends_on,
            lifecycle=resource.lifecycle,
            name_is_unique=self._world.unique_names,
            lookup=resource.lookup,
        )

    def _outputs(self, made: MemoryObject) -> dict[str, Json]:
        known = {"id": made.id, "name": made.name, "endpoint": f"memory://{made.kind}/{made.name}/{made.id}/"}
        return {output: known.get(output, f"{output} of {made.id}") for output in self._provider.outputs}

    def _read(self, request: ReadRequest) -> Reading:
        siblings = tuple(self._world.find(request.kind, request.name))
        found = self._world.get(request.id) if request.id is not None else None
        if found is None and request.id is None and siblings:
            if len(siblings) > 1:
                return Ambiguous(candidates=siblings)
            found = self._world.get(siblings[0])
        if found is None:
            return Absent(siblings=siblings)
        return Live(
            id=found.id,
            values=returned(found.values),
            outputs=self._outputs(found),
            found_by_name=request.id is None,
            siblings=siblings,
        )

    def _run(self, step: Step) -> StepResult:
        ready_at = self._provider.clock.monotonic() + self._provider.ready_after if self._provider.ready_after else 0.0
        target = str(step.target)
        match step.operation:
            case "create":
                try:
                    made = self._world.create(
                        step.payload["kind"], step.payload["name"], step.payload["values"], ready_at=ready_at
                    )
                except NameTaken:
                    return refuse("Name is taken")
                return Done(id=made.id, outputs=self._outputs(made))
            case "update" if self._world.update(target, step.payload, ready_at=ready_at):
                return Done(id=target)
            case "delete":
                self._world.delete(target)
                return Done(id=target)
            case _:
                return refuse("No such object")

    def _recover(self, intent: Intent) -> Recovery:
        match intent.operation:
            case "create":
                new = [one for one in self._world.find(intent.kind, intent.name) if one not in intent.lookup["before"]]
                if len(new) > 1:
                    error = Diagnostic(
                        summary="Several objects match", detail=f"{len(new)} objects named {intent.name!r} are new."
                    )
                    return UnclearOutcome(error=error, candidates=tuple(new))
                made = self._world.get(new[0]) if new else None
                return DidNotHappen() if made is None else Happened(id=made.id, outputs=self._outputs(made))
            case "delete" if self._world.get(str(intent.target)) is None:
                return Happened(id=intent.target)
            case _:
                return DidNotHappen()

    def _status(self, waiting: Waiting) -> Status:
        found = self._world.get(waiting.id) if waiting.id is not None else None
        if found is None:
            return Failed(error=Diagnostic(summary="Object is gone", detail=f"{waiting.address} no longer exists."))
        if self._provider.ready_after and self._provider.clock.monotonic() < found.ready_at:
            return WaitingStill(reason="it is starting")
        return Ready(outputs=self._outputs(found))


def _steps(decision: Decision, request: PlanRequest) -> list[Step]:
    subject = request.subject
    delete = Step(
        operation="delete",
        verb="DELETE",
        path="/objects/{id}",
        summary="delete it",
        target=decision.id,
        removes=True,
        repeat=Repeat.SAFE,
    )
    if decision.action is Action.DELETE:
        return [delete]
    create = Step(
        operation="create",
        verb="POST",
        path="/objects",
        summary="create it",
        payload={"kind": subject.kind, "name": subject.name, "values": decision.values},
        makes=True,
        lookup={"before": list(request.reading.siblings)},
    )
    if decision.action is Action.CREATE:
        return [create]
    if decision.action is Action.REPLACE:
        return [delete, create] if decision.replace_order is ReplaceOrder.DELETE_THEN_CREATE else [create, delete]
    resets = {
        str(item.path[0]): item.planned
        for item in decision.attributes
        if len(item.path) == 1 and item.path[0] not in decision.values
    }
    payload = {**{name: value for name, value in resets.items() if value is not UNKNOWN}, **decision.values}
    return [
        Step(
            operation="update",
            verb="PUT",
            path="/objects/{id}",
            summary="update it",
            target=decision.id,
            payload=payload,
            repeat=Repeat.SAFE,
        )
    ]


def refuse(why: str) -> Refused:
    """Return the answer of a platform that says no."""
    return Refused(error=Diagnostic(summary="Platform refused the request", detail=why))


def lost_reply(proceed: Callable[[], object]) -> UnknownOutcome:
    """Make the call and lose its answer."""
    proceed()
    return UnknownOutcome(
        error=Diagnostic(summary="Outcome of a call unknown", detail="The connection broke before the answer came.")
    )
