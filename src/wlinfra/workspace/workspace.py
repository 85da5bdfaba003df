"""One environment, opened: the engine of a plan, the lock, the connections and what closes them."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from wlinfra.apply.stop import StopSignal
from wlinfra.clock import InboxClock
from wlinfra.errors import ConfigurationError
from wlinfra.plan.engine import Engine
from wlinfra.plan.model import Plan, PlanOptions, Recovered
from wlinfra.plan.place import Places, places_to_record, refuse_other_place
from wlinfra.plan.planner import build_plan
from wlinfra.provider.base import Closeable, Connection, ProviderContext
from wlinfra.provider.optional import WorksFromRecords
from wlinfra.stack.program import Declared
from wlinfra.state.holder import is_gone
from wlinfra.state.key import Digest
from wlinfra.state.lock import Lease, LockInfo
from wlinfra.state.model import EnvironmentState, State
from wlinfra.state.records import reached
from wlinfra.state.siblings import Siblings
from wlinfra.state.store import LocalStateStore, StateSession
from wlinfra.values import Json
from wlinfra.version import tool_version
from wlinfra.workspace.host import Host
from wlinfra.workspace.keys import load_digest
from wlinfra.workspace.locking import describe_holder, lock_request
from wlinfra.workspace.site import Site
from wlinfra.workspace.writing import writing

if TYPE_CHECKING:
    from wlinfra.apply.events import ApplyEvent, ApplyOptions, ApplyResult

__all__ = ["Locked", "Workspace", "stopping"]


@dataclass(slots=True, kw_only=True)
class Workspace:
    """One environment, opened."""

    site: Site
    host: Host
    declared: Declared
    store: LocalStateStore
    stop: StopSignal
    clock: InboxClock
    connections: dict[str, Connection] = field(default_factory=dict)
    reached: dict[str, Mapping[str, Json]] = field(default_factory=dict)
    """How the connections were made, for the record; never a secret."""
    digest: Digest = field(default_factory=Digest)
    places: Places | None = None
    """Where the connections lead, asked once in a run."""
    _closing: ExitStack = field(default_factory=ExitStack)
    _lease: Lease | None = None

    def plan(self, options: PlanOptions) -> Plan:
        """Return a plan made without the lock; when somebody is applying, it says so.

        Of their steps only those that happened already count: the others are still under way.
        """
        holder = self._living_holder()
        engine = self.engine(self.store.load())
        if not options.new_place:
            refuse_other_place(engine.state, engine.places)
        recovered = _recovered(engine, self, wait=False)
        if holder is not None:
            recovered = tuple(item for item in recovered if item.outcome == "happened")
        provisional = describe_holder(holder) if holder else ""
        return build_plan(engine, options, recovered=recovered, provisional=provisional, tool_version=tool_version())

    def _living_holder(self) -> LockInfo | None:
        """Return who is applying now; a killed run leaves its lock behind, and that is nobody."""
        info = self.store.read_lock()
        if info is None or is_gone(info.holder) or info.heartbeat + info.lease < self.clock.now():
            return None
        return info

    def engine(self, state: State) -> Engine:
        """Return what planning and applying work on."""
        if not self.digest.known:
            self.digest = load_digest(self.host, state, needed=self._lease is not None)
        connections = self.connect(state.lineage)
        if self.places is None:
            self.places = Places(connections, self.declared.providers)
        return Engine(
            declared=self.declared,
            state=state,
            connections=connections,
            digest=self.digest,
            places=self.places,
            siblings=Siblings(root=self.site.root, own=self.store.paths.directory),
        )

    @contextmanager
    def locked(self, operation: str, timeout: float) -> Iterator[Locked]:
        """Hold the lock and open the state for writing; raises LockedError after ``timeout`` seconds."""
        request = lock_request(self.host, operation, timeout)
        with writing(self.store, request, self.host) as (lease, session):
            self._lease = lease
            try:
                yield Locked(workspace=self, session=session, lease=lease)
            finally:
                self._lease = None

    def connect(self, lineage: str | None = None) -> Mapping[str, Connection]:
        """Return the connections, made on first use on behalf of a state; no platform is called by that."""
        for name, settings in self.declared.providers.items():
            if name not in self.connections:
                self._connect(name, settings.type, settings.options, lineage)
        return self.connections

    def _connect(self, name: str, kind: str, options: Mapping[str, Any], lineage: str | None) -> None:
        from wlinfra.provider.registry import load_provider

        context = ProviderContext(
            name=name,
            options=options,
            environ=self.host.environ,
            data_dir=self.store.paths.directory / f"provider-{name}",
            stack=self.declared.stack,
            environment=self.declared.environment,
            lineage=lineage,
            guard=self._guard,
            stop=self.stop.hard,
            tell=self.host.tell,
        )
        try:
            provider = self.host.providers.get(kind) or load_provider(kind)
            connection = provider.connect(context)
        except ConfigurationError as error:  # an option is wrong, and the line of the environment gives it
            place = self.site.stack.environments[self.declared.environment].location if self.site.stack else None
            raise ConfigurationError(
                *(replace(item, location=item.location or place) for item in error.diagnostics)
            ) from error
        self.connections[name] = connection
        if isinstance(provider, WorksFromRecords):
            self.reached[name] = reached(kind, provider.public_options(options))
        if isinstance(connection, Closeable):
            self._closing.callback(connection.close)

    def _guard(self) -> None:
        """Stop a call when the lock is lost; planning holds none and makes no call that matters."""
        if self._lease is not None:
            self._lease.check()

    def close(self) -> None:
        """Close the connections."""
        self._closing.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """A workspace whose state is open for writing."""

    workspace: Workspace
    session: StateSession
    lease: Lease

    def plan(self, options: PlanOptions) -> Plan:
        """Return a plan that nobody can outdate but by hand on the platform."""
        engine = self.engine()
        if not options.new_place:
            refuse_other_place(engine.state, engine.places)
        recovered = _recovered(engine, self.workspace, wait=True)
        return build_plan(engine, options, recovered=recovered, tool_version=tool_version())

    def engine(self) -> Engine:
        """Return what an apply works on."""
        return self.workspace.engine(self.session.state)

    def settle(self) -> None:
        """Record what holds for all objects, which a state of an earlier version does not know yet."""
        engine, declared = self.engine(), self.workspace.declared
        self.session.set_environment(
            EnvironmentState(
                places=places_to_record(engine.state, engine.places),
                name_prefix=declared.name_prefix,
                providers=dict(self.workspace.reached),
                protected=declared.protect,
            )
        )

    def keep_key(self, engine: Engine) -> None:
        """Record which key digests are made with, before the first of them is recorded."""
        if engine.digest.known and engine.digest.fingerprint != engine.state.key_fingerprint:
            self.session.set_key_fingerprint(engine.digest.fingerprint)

    def apply(self, plan: Plan, options: ApplyOptions, listener: Callable[[ApplyEvent], None]) -> ApplyResult:
        """Execute the plan; the key of its digests is recorded first, so that no other is taken for it later."""
        from wlinfra.apply.applier import apply_plan  # a plan alone does not pay for it

        self.settle()
        engine, clock = self.engine(), self.workspace.clock
        self.keep_key(engine)
        with stopping(self.workspace.stop):
            return apply_plan(
                plan, engine, self.session, options=options, listener=listener, stop=self.workspace.stop, clock=clock
            )


def _recovered(engine: Engine, workspace: Workspace, *, wait: bool) -> tuple[Recovered, ...]:
    """Return what became of the steps that an interrupted run left behind; nearly always there are none."""
    if not engine.state.intents:
        return ()
    from wlinfra.apply.recovery import resolve

    return resolve(engine, engine.state.intents, workspace.clock, wait=wait, tell=workspace.host.tell)


@contextmanager
def stopping(stop: StopSignal) -> Iterator[None]:
    """Turn SIGINT and SIGTERM into a request to stop while a run is under way; outside the main thread do nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, lambda *_: stop.request()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
