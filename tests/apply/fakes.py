"""A platform of ids in memory, a session that remembers the order of its records, a clock that leaps when idle."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from support import changes

from wlinfra.apply.applier import apply_plan
from wlinfra.apply.events import ApplyEvent, ApplyOptions, ApplyResult, Stopping
from wlinfra.apply.recheck import Replan
from wlinfra.apply.stop import StopSignal
from wlinfra.changes.change import Change
from wlinfra.changes.model import Action, Decision, Goal, PlatformObject, Step
from wlinfra.diff.schema import Attribute
from wlinfra.errors import Diagnostic
from wlinfra.plan.inputs import Inputs
from wlinfra.plan.model import Plan, PlanOptions
from wlinfra.plan.order import edges_between
from wlinfra.provider.base import (
    Absent,
    Connection,
    DidNotHappen,
    Done,
    PlanRequest,
    Reading,
    ReadRequest,
    Ready,
    Recovery,
    Status,
    StepResult,
    Waiting,
)
from wlinfra.resources.base import Resource
from wlinfra.resources.lifecycle import ReplaceOrder
from wlinfra.stack.program import Declared
from wlinfra.state.key import Digest
from wlinfra.state.ledger import Entry
from wlinfra.state.model import EnvironmentState, HistoryEntry, Intent, ObjectState, State
from wlinfra.state.session import StateSession
from wlinfra.values import Address, Json

T = TypeVar("T")
DIGEST = Digest(b"k" * 32)
GOAL = Goal(timeout=100.0)
Reply = StepResult | Exception | Callable[[], StepResult]


def problem(summary: str = "Refused by test", detail: str = "The test says no.") -> Diagnostic:
    return Diagnostic(summary=summary, detail=detail)


class LeapingClock:
    """Stands still while calls are under way, and leaps to what is due when nothing else can happen."""

    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds

    def receive(self, inbox: queue.SimpleQueue[T], seconds: float | None, *, idle: bool) -> T | None:
        if not idle or seconds is None:
            return inbox.get(timeout=20)
        try:
            return inbox.get_nowait()
        except queue.Empty:
            self.time += max(seconds, 0.0)
            return None


class FakeSession(StateSession):
    """Records in memory, in order; every method may be called from any thread."""

    def __init__(self, objects: Iterable[ObjectState] = (), intents: tuple[Intent, ...] = ()) -> None:
        self.objects = {item.address: item for item in objects}
        self.intents = {intent.sequence: intent for intent in intents}
        self.outputs: Mapping[str, Json] = {}
        self.history: list[HistoryEntry] = []
        self.log: list[tuple[str, ...]] = []
        self.fail: Callable[[str], None] = lambda _: None
        self._mutex = threading.RLock()
        self._sequence = max(self.intents, default=0)

    @property
    def state(self) -> State:
        with self._mutex:
            return State(
                stack="s",
                environment="e",
                serial=len(self.log),
                objects=dict(self.objects),
                outputs=self.outputs,
                intents=tuple(self.intents.values()),
            )

    def find(self, address: Address) -> ObjectState | None:
        return self.objects.get(address)

    def reserve(self) -> None:
        self.fail("reserve")

    def begin(self, intent: Intent) -> Intent:
        self.fail("begin")
        with self._mutex:
            self._sequence += 1
            begun = replace(intent, sequence=self._sequence, epoch=1)
            self.intents[begun.sequence] = begun
            self.log.append(("begin", intent.address, intent.operation))
            return begun

    def record(self, entry: Entry) -> None:
        raise NotImplementedError

    def end(self, intent: Intent, *, put: ObjectState | None = None, remove: Address | None = None) -> None:
        self.fail("end")
        with self._mutex:
            del self.intents[intent.sequence]
            self.log.append(("end", intent.address, intent.operation))
            self._set(put, remove)

    def put(self, item: ObjectState) -> None:
        self.fail("put")
        with self._mutex:
            self.log.append(("put", item.address, item.health.value))
            self._set(item, None)

    def remove(self, address: Address) -> None:
        self.fail("remove")
        with self._mutex:
            self.log.append(("remove", address))
            self._set(None, address)

    def set_many(self, *, put: Iterable[ObjectState] = (), remove: Iterable[Address] = ()) -> None:
        with self._mutex:
            for address in remove:
                self._set(None, address)
            for item in put:
                self._set(item, None)

    def _set(self, put: ObjectState | None, remove: Address | None) -> None:
        if remove is not None:
            del self.objects[remove]
        if put is not None:
            self.objects[put.address] = put

    def set_outputs(self, outputs: Mapping[str, Json]) -> None:
        self.outputs = outputs

    def set_environment(self, found: EnvironmentState) -> None:
        self.log.append(("environment", f"{dict(found.places)} {found.name_prefix}"))

    def set_key_fingerprint(self, fingerprint: str) -> None:
        self.log.append(("key", fingerprint))

    def add_history(self, entry: HistoryEntry) -> None:
        self.history.append(entry)

    def close(self) -> None: ...


@dataclass
class FakePlatform:
    """Answers every step with a new id unless the test wrote down something else."""

    session: FakeSession
    replies: dict[str, list[Reply]] = field(default_factory=dict)
    """By operation, used up in order; the last one stays."""
    ready: Callable[[Waiting], Status] = lambda _: Ready()
    recoveries: list[Recovery] = field(default_factory=list)
    readings: dict[Address, Reading] = field(default_factory=dict)
    calls: list[Step] = field(default_factory=list)
    polls: list[tuple[Address, ...]] = field(default_factory=list)
    looked_up: list[Intent] = field(default_factory=list)
    read_objects: list[Address] = field(default_factory=list)
    during: Callable[[Step], None] = lambda _: None
    _mutex: threading.Lock = field(default_factory=threading.Lock)

    def check(self, resource: Resource) -> Sequence[Diagnostic]:
        return ()

    def expand(self, resource: Resource, dependencies: Mapping[Address, Resource]) -> Sequence[PlatformObject]:
        return ()

    def plan(self, request: PlanRequest) -> Decision:
        raise NotImplementedError

    def read(self, wanted: Sequence[ReadRequest]) -> Sequence[Reading]:
        self.read_objects += [item.address for item in wanted]
        return [self.readings.get(item.address, Absent()) for item in wanted]

    def run(self, step: Step) -> StepResult:
        with self._mutex:
            self.calls.append(step)
            self.session.log.append(("call", step.operation))
            number = len(self.calls)
            replies = self.replies.get(step.operation, [])
            reply = (replies.pop(0) if len(replies) > 1 else replies[0]) if replies else None
        self.during(step)
        if reply is None:
            return Done(id=f"id-{number}" if step.makes else None)
        if isinstance(reply, Exception):
            raise reply
        return reply() if callable(reply) else reply

    def recover(self, intent: Intent) -> Recovery:
        self.looked_up.append(intent)
        if not self.recoveries:
            return DidNotHappen()
        return self.recoveries.pop(0) if len(self.recoveries) > 1 else self.recoveries[0]

    def poll(self, waiting: Sequence[Waiting]) -> Sequence[Status]:
        self.polls.append(tuple(item.address for item in waiting))
        return [self.ready(item) for item in waiting]

    @property
    def operations(self) -> list[str]:
        return [step.operation for step in self.calls]


# ---------------------------------------------------------------- samples


def address(name: str) -> Address:
    return Address.of("thing", name)


def create(name: str, *after: str, **more: Any) -> Change:
    """A create whose step is called ``create-<name>``."""
    step = Step(operation=f"create-{name}", verb="POST", path="/things", summary="create", makes=True)
    settings: dict[str, Any] = {"steps": (step,), "values": {"size": 1}, **more}
    return _change(name, Action.CREATE, after, settings)


def update(name: str, *after: str, **more: Any) -> Change:
    step = Step(operation=f"update-{name}", verb="PATCH", path="/things/{id}", summary="update", target=f"live-{name}")
    settings: dict[str, Any] = {"steps": (step,), "id": f"live-{name}", "values": {"size": 2}, **more}
    return _change(name, Action.UPDATE, after, settings)


def removal(name: str) -> Step:
    return Step(
        operation=f"delete-{name}",
        verb="DELETE",
        path="/things/{id}",
        summary="delete",
        target=f"live-{name}",
        removes=True,
    )


def delete(name: str, **more: Any) -> Change:
    return _change(name, Action.DELETE, (), {"steps": (removal(name),), "id": f"live-{name}", **more})


def replacement(name: str, order: ReplaceOrder, *after: str, **more: Any) -> Change:
    steps = (removal(name), *create(name).steps)
    settings: dict[str, Any] = {"steps": steps, "id": f"live-{name}", "values": {"size": 3}, "replace_order": order}
    return _change(name, Action.REPLACE, after, {**settings, **more})


def unchanged(name: str, *after: str, **more: Any) -> Change:
    return _change(name, Action.NO_OP, after, {"id": f"live-{name}", "values": {"size": 1}, **more})


def _change(name: str, action: Action, after: tuple[str, ...], settings: dict[str, Any]) -> Change:
    base: dict[str, Any] = {"action": action, "depends_on": tuple(address(item) for item in after)}
    return changes.change(address(name), **{**base, **settings})


def record(name: str, *after: str, **more: Any) -> ObjectState:
    settings: dict[str, Any] = {
        "id": f"live-{name}",
        "name": name,
        "values": {"size": 1},
        "outputs": {"id": f"live-{name}"},
        **more,
    }
    return ObjectState(
        address=address(name),
        provider="default",
        kind="thing",
        depends_on=tuple(address(item) for item in after),
        **settings,
    )


def object_of(name: str, **values: Json) -> PlatformObject:
    return PlatformObject(address=address(name), kind="thing", name=name, values=values, schema=Attribute())


def plan_of(*changes: Change, state: State | None = None, **more: Any) -> Plan:
    edges = edges_between(changes, state or State(stack="s", environment="e"))
    settings: dict[str, Any] = {"options": PlanOptions(), **more}
    return Plan(stack="s", environment="e", changes=changes, edges=edges, **settings)


@dataclass
class Bench:
    """An apply with everything around it at hand."""

    session: FakeSession = field(default_factory=FakeSession)
    clock: Any = field(default_factory=LeapingClock)
    stop: StopSignal = field(default_factory=StopSignal)
    events: list[ApplyEvent] = field(default_factory=list)
    on_event: Callable[[ApplyEvent], None] = lambda _: None
    others: dict[str, Connection] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.platform = FakePlatform(self.session)

    @classmethod
    def with_records(cls, *records: ObjectState) -> Bench:
        return cls(session=FakeSession(records))

    @property
    def inputs(self) -> Inputs:
        declared = Declared(stack="s", environment="e", resources=(), outputs=(), providers={})
        connections: dict[str, Connection] = {"default": self.platform, **self.others}
        return Inputs(declared=declared, state=self.session.state, connections=connections, digest=DIGEST)

    def apply(
        self, *changes: Change, replan: Replan | None = None, options: ApplyOptions | None = None, **more: Any
    ) -> ApplyResult:
        return self.apply_plan(plan_of(*changes, state=self.session.state, **more), replan=replan, options=options)

    def apply_plan(
        self, plan: Plan, *, replan: Replan | None = None, options: ApplyOptions | None = None
    ) -> ApplyResult:
        return apply_plan(
            plan,
            self.inputs,
            self.session,
            options=options or ApplyOptions(parallelism=8),
            listener=self._listen,
            stop=self.stop,
            clock=self.clock,
            replan=replan,
        )

    def _listen(self, event: ApplyEvent) -> None:
        self.events.append(event)
        self.on_event(event)

    def kinds(self, name: str) -> list[str]:
        """The events of one object, by kind."""
        own = [event for event in self.events if not isinstance(event, Stopping)]
        return [type(event).__name__ for event in own if event.change.address == address(name)]
