"""One environment, opened: its program, state, key, lock and platforms, and what planning works on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from wlinfra.apply.stop import StopSignal
from wlinfra.clock import InboxClock, SystemClock
from wlinfra.plan.inputs import Inputs, Places, places_to_record, refuse_other_place
from wlinfra.plan.model import Plan, PlanOptions, Recovered
from wlinfra.plan.planner import build_plan
from wlinfra.provider.base import Connection
from wlinfra.stack.program import Declared
from wlinfra.state.holder import is_gone
from wlinfra.state.key import Digest
from wlinfra.state.lease import Lease, LockInfo
from wlinfra.state.model import EnvironmentState, State
from wlinfra.state.session import StateSession
from wlinfra.state.siblings import Siblings
from wlinfra.state.store import LocalStateStore
from wlinfra.version import tool_version
from wlinfra.workspace.connecting import Connections
from wlinfra.workspace.host import Host
from wlinfra.workspace.keys import load_digest
from wlinfra.workspace.locking import describe_holder, lock_request
from wlinfra.workspace.site import Site
from wlinfra.workspace.writing import writing

__all__ = ["Locked", "Opened"]


class Opened:
    """One environment, opened."""

    def __init__(self, site: Site, host: Host, declared: Declared) -> None:
        """Put together what was found; nothing is connected or read yet."""
        self.site = site
        self.host = host
        self.declared = declared
        self.store: LocalStateStore = site.store()
        self.stop = StopSignal()
        self.clock: InboxClock = SystemClock()
        self.digest = Digest()
        spec = site.stack.environments.get(declared.environment) if site.stack else None
        self.connections = Connections(
            host=host,
            declared=declared,
            location=spec.location if spec else None,
            data_dir=self.store.paths.directory,
            guard=self._guard,
            stop=self.stop.hard,
        )
        self._places: Places | None = None
        self._lease: Lease | None = None

    def plan(self, options: PlanOptions) -> Plan:
        """Return a plan made without the lock; when another run is applying, it is marked as provisional.

        Of its steps only those that happened already count: the others are still under way.
        """
        self.stop.reset()
        holder = self._living_holder()
        inputs = self.inputs(self.store.load())
        if not options.new_place:
            refuse_other_place(inputs.state, inputs.places)
        recovered = self.recovered(inputs, wait=False)
        if holder is not None:
            recovered = tuple(item for item in recovered if item.outcome == "happened")
        provisional = describe_holder(holder) if holder else ""
        return build_plan(inputs, options, recovered=recovered, provisional=provisional, tool_version=tool_version())

    def _living_holder(self) -> LockInfo | None:
        """Return who is applying now; a killed run leaves its lock behind and counts as none."""
        info = self.store.read_lock()
        if info is None or is_gone(info.holder) or info.heartbeat + info.lease < self.clock.now():
            return None
        return info

    def connect(self) -> Mapping[str, Connection]:
        """Return the connections on behalf of no state; no platform is called by that."""
        return self.connections.connect()

    def inputs(self, state: State) -> Inputs:
        """Return what planning and applying work on."""
        if not self.digest.known:
            self.digest = load_digest(self.host, state, needed=self._lease is not None)
        connections = self.connections.connect(state.lineage)
        if self._places is None:  # asked once in a run
            self._places = Places(connections, self.declared.providers)
        return Inputs(
            declared=self.declared,
            state=state,
            connections=connections,
            digest=self.digest,
            places=self._places,
            siblings=Siblings(root=self.site.root, own=self.store.paths.directory),
        )

    def recovered(self, inputs: Inputs, *, wait: bool) -> tuple[Recovered, ...]:
        """Return what became of the steps that an interrupted run left behind; nearly always there are none."""
        if not inputs.state.intents:
            return ()
        from wlinfra.apply.recovery import resolve

        return resolve(inputs, inputs.state.intents, self.clock, wait=wait, report=self.host.report)

    @contextmanager
    def locked(self, operation: str, timeout: float) -> Iterator[Locked]:
        """Hold the lock and open the state for writing; raises LockedError after ``timeout`` seconds."""
        self.stop.reset()
        request = lock_request(self.host, operation, timeout)
        with writing(self.store, request, self.host) as (lease, session):
            self._lease = lease
            try:
                yield Locked(opened=self, session=session)
            finally:
                self._lease = None

    def close(self) -> None:
        """Close the connections."""
        self.connections.close()

    def _guard(self) -> None:
        """Stop a call when the lock is lost; planning holds none and changes nothing."""
        if self._lease is not None:
            self._lease.check()


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """An environment whose state is open for writing."""

    opened: Opened
    session: StateSession

    def plan(self, options: PlanOptions) -> Plan:
        """Return a plan that nothing can outdate but a change by hand on the platform."""
        inputs = self.inputs()
        if not options.new_place:
            refuse_other_place(inputs.state, inputs.places)
        recovered = self.opened.recovered(inputs, wait=True)
        return build_plan(inputs, options, recovered=recovered, tool_version=tool_version())

    def inputs(self) -> Inputs:
        """Return what an apply works on."""
        return self.opened.inputs(self.session.state)

    def settle(self) -> None:
        """Record what holds for all objects, which a state of an earlier version does not know yet."""
        inputs, declared = self.inputs(), self.opened.declared
        self.session.set_environment(
            EnvironmentState(
                places=places_to_record(inputs.state, inputs.places),
                name_prefix=declared.name_prefix,
                providers=dict(self.opened.connections.reached),
                protected=declared.protect,
            )
        )

    def keep_key(self, inputs: Inputs) -> None:
        """Record which key digests are made with, before the first of them is recorded."""
        if inputs.digest.known:
            self.session.set_key_fingerprint(inputs.digest.fingerprint)
