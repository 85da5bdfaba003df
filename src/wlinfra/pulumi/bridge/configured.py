"""One provider, configured: its connection, its journal, and what planning works on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from wlinfra.apply.applier import Applier
from wlinfra.apply.events import ApplyOptions
from wlinfra.apply.stop import StopSignal
from wlinfra.clock import InboxClock, SystemClock
from wlinfra.errors import Diagnostic, StateError
from wlinfra.plan.inputs import Inputs, Places, is_same_place
from wlinfra.provider.base import Connection
from wlinfra.provider.joining import Joining
from wlinfra.provider.optional import KnowsItsTarget
from wlinfra.pulumi.bridge.configuration import Configuration, configuration
from wlinfra.pulumi.bridge.journal import Journal
from wlinfra.pulumi.bridge.marks import answered
from wlinfra.pulumi.bridge.names import legal
from wlinfra.pulumi.bridge.records import Record
from wlinfra.pulumi.bridge.wording import sentence
from wlinfra.pulumi.contract import BridgeError, Place, Refusal
from wlinfra.stack.program import Declared
from wlinfra.stack.stack import ProviderSettings, Stack
from wlinfra.state.key import Digest
from wlinfra.state.model import State
from wlinfra.values import Address
from wlinfra.workspace.connecting import Connections
from wlinfra.workspace.host import Host

__all__ = ["Configured", "pulumi_home"]

_PROVIDER = "default"
_HARD_AFTER = 3.0
_PATIENCE = 0.02
"""Seconds: the engine asks for a few resources at a time, and these join."""
_PARALLEL = 64


def pulumi_home(environ: Mapping[str, str]) -> Path:
    """Return where Pulumi keeps what is a user's."""
    if home := environ.get("PULUMI_HOME"):
        return Path(home)
    return Path(environ.get("HOME") or Path.home()) / ".pulumi"


@dataclass(slots=True, kw_only=True)
class Configured:
    """One platform, reached in one way, on behalf of one provider of a stack."""

    place: Place
    settings: Configuration
    environ: Mapping[str, str]
    """Without what the core itself would take settings from."""
    stack: str
    environment: str
    journal: Journal
    connections: Connections
    clock: InboxClock = field(default_factory=SystemClock)
    hard: threading.Event = field(default_factory=threading.Event)
    cancelled: threading.Event = field(default_factory=threading.Event)
    sharing: threading.Lock = field(default_factory=threading.Lock)
    """Held while what all resources need in common is changed."""
    shared: set[bytes] = field(default_factory=set)
    """What was found to be as wanted of that."""
    in_order: bool = False
    """The engine ends the plugin itself, so that it has all answers."""
    created: set[Address] = field(default_factory=set)
    """The resources created by this process."""
    making: int = 0
    """How many resources are being created."""
    _running: set[StopSignal] = field(default_factory=set)
    _mutex: threading.Lock = field(default_factory=threading.Lock)
    _places: Places | None = None
    _applier: Applier | None = None

    @classmethod
    def of(cls, place: Place, environ: Mapping[str, str], log: Callable[[str], None]) -> Configured:
        """Put it together; nothing is connected, read or created. Raises ConfigurationError for wrong options."""
        settings = configuration(place.config)
        own = {name: value for name, value in environ.items() if not name.startswith("WLINFRA_SET_")}

        def warn(items: object) -> None:
            for item in items if isinstance(items, list | tuple) else ():
                if isinstance(item, Diagnostic):
                    log(sentence(item))

        root = Path(settings.journal) if settings.journal else pulumi_home(environ) / "wlinfra"
        stack, environment = legal(place.project), legal(place.stack)
        folder = root / stack / environment / legal(place.id or f"new {place.name}")
        host = Host(environ=own, directory=Path.cwd(), report=log, warn=warn)
        journal = Journal(folder, stack, environment, host)
        declared = Declared(
            stack=stack,
            environment=environment,
            resources=(),
            outputs=(),
            providers={_PROVIDER: ProviderSettings(type=settings.platform, options=settings.options)},
            partial=True,
        )
        hard = threading.Event()
        connections = Connections(
            host=host, declared=declared, location=None, data_dir=journal.directory, guard=journal.check, stop=hard
        )
        made = cls(
            place=place,
            settings=settings,
            environ=own,
            stack=stack,
            environment=environment,
            journal=journal,
            connections=connections,
            hard=hard,
        )
        for name, connection in made.connections.connect(place.id).items():
            made.connections.made[name] = Joining(connection, patience=_PATIENCE)
        return made

    # ------------------------------------------------------------ to plan with

    @property
    def connection(self) -> Connection:
        """The connection of the one provider."""
        return self.connections.made[_PROVIDER]

    @property
    def declared(self) -> Declared:
        """The environment without any resource."""
        return self.connections.declared

    def program(self) -> Stack:  # type: ignore[type-arg]
        """Return a stack to declare resources in, with this environment."""
        stack = Stack(self.stack)
        stack.environment(self.environment, provider=self.settings.platform)
        return stack

    def state(self, record: Record | None = None) -> State:
        """Return a state that has what one record has."""
        objects = {item.address: item for item in record.objects} if record is not None else {}
        return State(stack=self.stack, environment=self.environment, objects=objects)

    def inputs(self, declared: Declared, state: State, digest: Digest) -> Inputs:
        """Return what planning and applying work on."""
        declared = replace(declared, providers=self.declared.providers)
        return Inputs(
            declared=declared,
            state=state,
            connections=self.connections.made,
            digest=digest,
            places=self.places,
        )

    # ------------------------------------------------------------ where it is

    @property
    def places(self) -> Places:
        """Where the connection leads; the platform is asked once, when someone wants to know."""
        with self._mutex:
            if self._places is None:
                self._places = Places(self.connections.made, self.declared.providers)
            return self._places

    def here(self) -> Mapping[str, str]:
        """Return what identifies the place; raises WlinfraError when the platform does not answer."""
        return self.places.of(_PROVIDER)

    def refuse_elsewhere(self, record: Record, urn: str, *, ask: bool) -> None:
        """Raise BridgeError when the record is of another platform or place; ``ask`` the platform which it is."""
        if record.platform != self.settings.platform:
            raise self._elsewhere(urn, f"on the platform {record.platform}", f"on {self.settings.platform}")
        if not record.place:
            return
        if ask:
            now = self.here()
        else:
            connection = self.connection
            now = connection.target() if isinstance(connection, KnowsItsTarget) else {}
        if not is_same_place(now, record.place):
            there, here = (", ".join(f"{name} {fact}" for name, fact in one.items()) for one in (record.place, now))
            raise self._elsewhere(urn, f"at {there}", f"at {here}")

    def _elsewhere(self, urn: str, there: str, here: str) -> BridgeError:
        return BridgeError(
            Refusal.REFUSED,
            f"The resource is recorded {there}, and this provider is configured {here}. It does not count as gone there, "
            "and nothing was done. Point the provider at where it is (wlinfra:platform, wlinfra:endpoint, or an explicit "
            f"provider), or, to create it here and leave the other one as it is: pulumi state delete '{urn}'",
        )

    # ------------------------------------------------------------ changing it

    def applier(self) -> Applier:
        """Return what applies the plans of all calls, on the journal; raises LockedError, StateError."""
        session = self.journal.session()
        with self._mutex:
            if self._applier is None:
                options = ApplyOptions(command="pulumi", parallelism=_PARALLEL)
                self._applier = Applier(session, self.connections.made, options=options, clock=self.clock)
                self._applier.start()
            return self._applier

    # ------------------------------------------------------------ stopping

    def begin(self, stop: StopSignal) -> None:
        """Let `cancel` reach what begins; raises BridgeError when that was called already."""
        with self._mutex:
            if self.cancelled.is_set():
                raise BridgeError(Refusal.CANCELLED, "The engine cancelled the run; nothing was done.")
            self._running.add(stop)

    def end(self, stop: StopSignal) -> None:
        """Forget what is over."""
        with self._mutex:
            self._running.discard(stop)

    @contextmanager
    def making_one(self) -> Iterator[None]:
        """Count a resource that is being created, which needs what all have in common."""
        with self.sharing:
            self.making += 1
        try:
            yield
        finally:
            with self.sharing:
                self.making -= 1

    def cancel(self) -> None:
        """End waits now, and all else after 3 s."""
        with self._mutex:
            if self.cancelled.is_set():
                return
            self.cancelled.set()
            running = tuple(self._running)
        for stop in running:
            stop.request()
        if running:
            timer = threading.Timer(_HARD_AFTER, self.end_hard)
            timer.daemon = True
            timer.start()

    def end_hard(self) -> None:
        """Abandon what still runs; the journal has its open intents."""
        self.hard.set()
        with self._mutex:
            running = tuple(self._running)
        for stop in running:
            stop.request()

    def close(self) -> None:
        """Release the journal and the connections; what still runs ends at once."""
        with self._mutex:
            applier, self._applier = self._applier, None
            running = bool(self._running)
        if running:
            self.cancel()
            self.end_hard()
        try:
            if applier is not None:
                applier.close()
            self._acknowledge()
        finally:
            self._release()

    def _acknowledge(self) -> None:
        """Note of what was created that the engine has the answer: when it is created again, it is replaced."""
        if not self.in_order or not self.created:
            return
        session = self.journal.session()
        made = [item for item in session.state.objects.values() if item.address.resource in self.created]
        with suppress(StateError):  # then a replacement that was asked for is taken for a create that is repeated
            session.set_many(put=map(answered, made))

    def _release(self) -> None:
        self.journal.close()
        self.connections.close()
