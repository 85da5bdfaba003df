"""A stack of things on the in-memory platform, planned and applied by the real inputs, its state on disk.

Tests set what happens to calls with `MemoryStage.on_run`; `apply` says what came of a run, `settle` applies until
nothing is left and checks that the platform holds exactly what is declared.
"""

from __future__ import annotations

import queue
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from typing_extensions import Unpack

import wlinfra as wl
from wlinfra.apply.applier import apply_plan
from wlinfra.apply.events import ApplyOptions, ApplyResult
from wlinfra.apply.recovery import resolve
from wlinfra.apply.stop import StopSignal
from wlinfra.changes.model import Step
from wlinfra.clock import InboxClock
from wlinfra.diff.schema import Attribute, Effect, fields
from wlinfra.plan.inputs import Inputs
from wlinfra.plan.model import Plan, PlanOptions
from wlinfra.plan.planner import build_plan
from wlinfra.provider.base import ProviderContext
from wlinfra.resources.base import Resource, ResourceOptions
from wlinfra.resources.fields import Text, Whole, attribute
from wlinfra.stack.program import declare
from wlinfra.state.files import Disk
from wlinfra.state.key import Digest
from wlinfra.state.lease import LockRequest
from wlinfra.state.model import State
from wlinfra.state.store import LocalStateStore
from wlinfra.testing import MemoryObject, MemoryProvider, MemoryWorld
from wlinfra.values import Address, Ref

__all__ = ["ConductedClock", "MemoryStage", "Thing", "name_of"]

T = TypeVar("T")
SCHEMA = Attribute(
    fields=fields(
        size=Attribute(default=1),
        image=Attribute(effect=Effect.ROLLS),
        zone=Attribute(effect=Effect.REPLACES),
        peers=Attribute(items=Attribute(), default=[]),
    )
)


class Thing(Resource):
    """A resource with an attribute of every cost."""

    type: ClassVar[str] = "thing"
    size: Whole = attribute(1, "Changed in place.")
    image: Text = attribute("x:1", "Rolls.")
    zone: Text = attribute("a", "Replaces.")
    peers: tuple[Text, ...] = attribute((), "Endpoints of others.")

    if TYPE_CHECKING:

        def __init__(
            self,
            name: str,
            /,
            *,
            size: int = 1,
            image: str = "x:1",
            zone: str = "a",
            peers: Sequence[Ref] = (),
            **options: Unpack[ResourceOptions],
        ) -> None: ...


def name_of(step: Step, world: MemoryWorld) -> str:
    """Return the name of the object a step is about."""
    if step.makes:
        return str(step.payload["name"])
    found = world.get(str(step.target))
    return "" if found is None else found.name


class ConductedClock:
    """Leaps when only time can help, and lets calls that are held end one by one, the lowest rank first."""

    def __init__(self, ranks: Mapping[str, int] | None = None, *, gather: int = 1) -> None:
        """Order calls by ``ranks``; the first one ends when ``gather`` calls are under way."""
        self.time = 1000.0
        self._ranks = ranks or {}
        self._gather = gather
        self._held: list[tuple[int, threading.Event]] = []
        self._lock = threading.Lock()

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds

    def hold(self, name: str) -> None:
        """Return when it is this call's turn; calls it on a worker."""
        gate = threading.Event()
        with self._lock:
            self._held.append((self._ranks.get(name, 0), gate))
        gate.wait(20)

    def receive(self, inbox: queue.SimpleQueue[T], seconds: float | None, *, idle: bool) -> T | None:
        """Return the next message; meanwhile let the next call end whenever nothing else happens."""
        while True:
            try:
                return inbox.get(timeout=0.001 if self._ranks or idle else 0.05)
            except queue.Empty:
                if not self._release() and idle and seconds is not None:
                    self.time += max(seconds, 0.0)
                    return None

    def _release(self) -> bool:
        with self._lock:
            if len(self._held) < self._gather:
                return False
            self._gather = 1
            first = min(self._held, key=lambda held: held[0])
            self._held.remove(first)
        first[1].set()
        return True


class QuickDisk(Disk):
    """Skips what only a power failure would miss."""

    def sync(self, descriptor: int) -> None:
        self.stats.syncs += 1

    def sync_directory(self, directory: Path) -> None:
        self.stats.directory_syncs += 1


@dataclass(kw_only=True)
class MemoryStage:
    """One stack on one platform in memory."""

    folder: Path
    unique_names: bool = False
    parallelism: int = 8
    clock: InboxClock = field(default_factory=ConductedClock)
    stop: StopSignal = field(default_factory=StopSignal)

    def __post_init__(self) -> None:
        self.world = MemoryWorld(unique_names=self.unique_names)
        self.provider = MemoryProvider(world=self.world, schemas={"thing": SCHEMA}, outputs=("id", "endpoint"))
        self.store = LocalStateStore(self.folder, "demo", "test", disk=QuickDisk())

    @property
    def state(self) -> State:
        """What is recorded."""
        return self.store.load()

    def inputs(self, resources: Iterable[Resource], state: State) -> Inputs:
        stack = wl.Stack("demo")
        stack.resources(lambda env: resources)
        stack.environment("test", provider="memory")
        context = ProviderContext(
            name="default", options={}, environ={}, data_dir=self.folder, stack="demo", environment="test"
        )
        declared = declare(stack, "test", overrides={}, environ={})
        connections = {"default": self.provider.connect(context)}
        return Inputs(declared=declared, state=state, connections=connections, digest=Digest(b"k" * 32))

    def plan(self, resources: Iterable[Resource], **options: Any) -> Plan:
        """Return what an apply would do now, what an interrupted run left behind cleared up."""
        inputs = self.inputs(resources, self.state)
        recovered = resolve(inputs, inputs.state.intents, self.clock)
        return build_plan(inputs, PlanOptions(allow_empty=True, **options), recovered=recovered)

    def apply(
        self, resources: Iterable[Resource], *, meanwhile: Callable[[Plan], object] = lambda _: None, **options: Any
    ) -> ApplyResult:
        """Plan and apply under the lock, ``meanwhile`` in between; raises what the engine raises."""
        with self.store.acquire(LockRequest(owner="test")) as lease, self.store.open(lease) as session:
            inputs = self.inputs(resources, session.state)
            recovered = resolve(inputs, inputs.state.intents, self.clock)
            plan = build_plan(inputs, PlanOptions(allow_empty=True, **options), recovered=recovered)
            self.stop = StopSignal()
            meanwhile(plan)
            return apply_plan(
                plan,
                inputs,
                session,
                options=ApplyOptions(parallelism=self.parallelism, poll_interval=0.5),
                listener=lambda event: None,
                stop=self.stop,
                clock=self.clock,
            )

    def forget(self, address: str) -> None:
        """Lose the record of one object."""
        with self.store.acquire(LockRequest(owner="test")) as lease, self.store.open(lease) as session:
            session.remove(Address(address))

    def settle(self, resources: Callable[[], Iterable[Resource]]) -> None:
        """Apply with nothing in the way: then exactly what is declared exists, and nothing is planned."""
        self.provider.on_run = None
        result = self.apply(resources())
        assert (result.failed, result.skipped) == ((), ())
        self.check(resources)

    def check(self, resources: Callable[[], Iterable[Resource]]) -> None:
        """Fail unless exactly what is declared exists, each recorded with its id, and nothing is planned."""
        plan = self.plan(resources())
        assert [(change.address, change.action, change.attributes, change.drift) for change in plan.effective] == []
        assert plan.is_empty
        declared = {item.name_on_platform: item for item in resources() if isinstance(item, Thing)}
        objects = self.world.objects
        assert Counter(item.name for item in objects.values()) == Counter(declared.keys())
        assert {item.id for item in objects.values()} == self.known_ids()
        for item in objects.values():
            self._compare(item, declared[item.name])

    def known_ids(self) -> set[str]:
        """Return every id the state knows, those of objects about to be deleted too."""
        records = self.state.objects.values()
        return {str(item.id) for item in records} | {left.id for item in records for left in item.deposed}

    def _compare(self, found: MemoryObject, declared: Thing) -> None:
        peers = found.values.get("peers", [])
        wanted = (declared.size, declared.image, declared.zone, len(declared.peers))
        assert (found.values.get("size", 1), found.values["image"], found.values["zone"], len(peers)) == wanted
        endpoints = {f"memory://thing/{item.name}/{item.id}/" for item in self.world.objects.values()}
        assert endpoints.issuperset(peers)
