"""A stack on an emulated DataRobot, planned and applied by the real engine in hand-driven time."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import wlinfra as wl
from support.api_client import ApiClient
from wlinfra.apply.applier import apply_plan
from wlinfra.apply.events import ApplyOptions, ApplyResult
from wlinfra.apply.stop import StopSignal
from wlinfra.changes.change import Change
from wlinfra.emulation import ManualClock
from wlinfra.plan.inputs import Inputs
from wlinfra.plan.model import Plan, PlanOptions
from wlinfra.plan.planner import build_plan
from wlinfra.provider.base import ProviderContext
from wlinfra.resources.base import Resource
from wlinfra.stack.program import declare
from wlinfra.state.key import Digest
from wlinfra.state.lease import LockRequest
from wlinfra.state.model import Health, ObjectState, State
from wlinfra.state.store import LocalStateStore
from wlinfra.values import Address
from wlinfra_datarobot.emulator import DataRobotEmulator, Durations, Quirks
from wlinfra_datarobot.provider import DataRobotConnection, connect

__all__ = ["Stage"]

T = TypeVar("T")
Declaring = Callable[[], Iterable[Resource]]

_MUTATING = ("POST", "PUT", "PATCH", "DELETE")


class LeapingClock:
    """The engine's clock: where nothing but time can bring news, it moves the emulator's time instead of waiting."""

    def __init__(self, platform: ManualClock) -> None:
        self._platform = platform

    def now(self) -> float:
        return self._platform.now()

    def monotonic(self) -> float:
        return self._platform.now()

    def sleep(self, seconds: float) -> None:
        self._platform.advance(seconds)

    def receive(self, inbox: queue.SimpleQueue[T], seconds: float | None, *, idle: bool) -> T | None:
        if idle and seconds is not None and inbox.empty():
            self._platform.advance(max(seconds, 0.0))
            return None
        try:
            return inbox.get(timeout=seconds)
        except queue.Empty:
            return None


class Stage:
    """One stack, its state on disk, and the platform it is applied to."""

    def __init__(self, folder: Path, *, dialect: str = "2026-10", **options: Any) -> None:
        self.clock = ManualClock()
        self.emulator = DataRobotEmulator(dialect=dialect, clock=self.clock, durations=Durations(), **options)
        self.emulator.start()
        self.api = ApiClient(self.emulator.url)
        self.options: dict[str, Any] = {"endpoint": self.emulator.url, "token": "test-token", "api": dialect}
        self._folder = folder
        self._store = LocalStateStore(folder, "demo", "test")
        self._digest = Digest(b"k" * 32)
        self.connections: list[DataRobotConnection] = []

    def close(self) -> None:
        for connection in self.connections:
            connection.close()
        self.emulator.stop()

    def plan(self, declaring: Declaring, **options: Any) -> Plan:
        """Return what an apply would do now."""
        return build_plan(self.inputs(declaring, self._store.load()), PlanOptions(**options))

    def change(self, declaring: Declaring, address: str, **options: Any) -> Change:
        """Return the planned change of one object; fails when the plan has errors."""
        plan = self.plan(declaring, **options)
        assert not plan.errors, plan.errors
        return next(change for change in plan.changes if change.address == address)

    def apply(
        self,
        declaring: Declaring,
        *,
        ok: bool = True,
        wait: bool = True,
        meanwhile: Callable[[Plan], object] = lambda _: None,
        **options: Any,
    ) -> ApplyResult:
        """Plan and apply, ``meanwhile`` in between; fails when something failed, unless ``ok`` is False."""
        with (
            self._store.acquire(LockRequest(owner="test", operation="apply")) as lease,
            self._store.open(lease) as session,
        ):
            inputs = self.inputs(declaring, session.state)
            plan = build_plan(inputs, PlanOptions(**options))
            meanwhile(plan)
            result = apply_plan(
                plan,
                inputs,
                session,
                options=ApplyOptions(poll_interval=0.5, wait=wait),
                listener=lambda event: None,
                stop=StopSignal(),
                clock=LeapingClock(self.clock),
            )
        assert result.ok or not ok, result
        return result

    def inputs(self, declaring: Declaring, state: State) -> Inputs:
        stack = wl.Stack("demo")
        stack.resources(lambda env: iter(declaring()))
        stack.environment("test", provider="datarobot", **self.options)
        declared = declare(stack, "test", overrides={}, environ={})
        return Inputs(declared=declared, state=state, connections={"default": self.connection()}, digest=self._digest)

    def connection(self) -> DataRobotConnection:
        connection = connect(
            ProviderContext(
                name="default",
                options=self.options,
                environ={},
                data_dir=self._folder / "data",
                stack="demo",
                environment="test",
            )
        )
        assert isinstance(connection, DataRobotConnection)
        self.connections.append(connection)
        return connection

    @property
    def state(self) -> State:
        """What is recorded."""
        return self._store.load()

    def record(self, address: str) -> ObjectState:
        """Return what is recorded of one object."""
        return self.state.objects[Address(address)]

    def lose_values(self, address: str) -> None:
        """Leave the record of one object as a run leaves it that was killed right after making it."""
        request = LockRequest(owner="test", operation="test")
        with self._store.acquire(request) as lease, self._store.open(lease) as session:
            session.put(replace(self.record(address), values={}, health=Health.UNREADY))

    def forget(self, address: str) -> None:
        """Lose the record of one object."""
        request = LockRequest(owner="test", operation="test")
        with self._store.acquire(request) as lease, self._store.open(lease) as session:
            session.remove(Address(address))

    def calls(self) -> list[str]:
        """Return the calls since the last question that change something, ids as ``*``, and forget them."""
        found = [
            f"{exchange.method} {_without_ids(exchange.path)}"
            for exchange in self.emulator.requests
            if exchange.method in _MUTATING
        ]
        self.emulator.requests.clear()
        return found

    def body(self, method: str, ending: str) -> Any:
        """Return the body of the last request of that method to a path with that ending."""
        bodies = [
            exchange.json
            for exchange in self.emulator.requests
            if exchange.method == method and _without_ids(exchange.path).endswith(ending)
        ]
        return bodies[-1]

    def workload(self, name: str = "chat") -> dict[str, Any]:
        """Return the workload of that name as the platform shows it."""
        (found,) = [row for row in self.api.ok("GET", "/workloads?limit=100")["data"] if row["name"] == name]
        return dict(found)

    def artifacts(self) -> list[dict[str, Any]]:
        """Return every artifact."""
        return list(self.api.ok("GET", "/artifacts?limit=100")["data"])


def _without_ids(path: str) -> str:
    parts = path.removeprefix("/api/v2").strip("/").split("/")
    return "/" + "/".join(
        "*" if any(letter.isdigit() for letter in part) and len(part) == 24 else part for part in parts
    )


__all__ += ["Quirks"]


def server(image: str = "acme/chat:1", *, env: Any = None, status: str = "locked", **attributes: Any) -> wl.Artifact:
    """Return the usual artifact: one container."""
    container = {"image": image, "port": 8080, **attributes.pop("container", {})}
    if env is not None:
        container["env"] = env
    name = attributes.pop("name", "server")
    return wl.Artifact(name, containers=[wl.Container(**container)], status=status, **attributes)  # type: ignore[arg-type]


def chat(*, artifact: dict[str, Any] | None = None, name: str = "chat", **attributes: Any) -> Declaring:
    """Return a program of the usual artifact and one workload that runs it."""

    def declaring() -> Iterable[Resource]:
        what = server(**(artifact or {}))
        yield what
        yield wl.Workload(name, artifact=what, **attributes)

    return declaring


__all__ += ["chat", "server"]
