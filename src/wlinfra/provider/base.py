"""The provider contract: seven questions, no state of its own.

The planner asks `check`, `expand`, `read` and `plan`; the applier asks `run`, `recover` and `poll`. A provider is an
object with a name and a `connect`; the connection answers the questions. Answers are plain frozen values.
"""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Any, Protocol, TypeAlias, runtime_checkable

from wlinfra.changes.change import Change
from wlinfra.changes.known import resolve_known
from wlinfra.changes.model import Decision, PlatformObject, Step
from wlinfra.errors import Diagnostic
from wlinfra.provider.others import Others
from wlinfra.resources.base import Resource
from wlinfra.state.key import Digest
from wlinfra.state.model import Intent, ObjectState
from wlinfra.values import Address, Json, Path

__all__ = [
    "Absent",
    "Ambiguous",
    "Connection",
    "DidNotHappen",
    "Done",
    "Failed",
    "Happened",
    "Live",
    "PlanRequest",
    "Provider",
    "ProviderContext",
    "ReadRequest",
    "Reading",
    "Ready",
    "Recovery",
    "Refused",
    "RefusedForNow",
    "Status",
    "StepResult",
    "UnclearOutcome",
    "UnknownOutcome",
    "Unreadable",
    "Waiting",
    "WaitingStill",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderContext:
    """What the engine gives a provider when it connects; a provider reads no environment of its own."""

    name: str
    """The name the environment gave this provider, ``default`` for the only one."""
    options: Mapping[str, Any]
    """What the environment declared for it, such as ``endpoint``."""
    environ: Mapping[str, str]
    data_dir: pathlib.Path
    """A folder beside the state that this provider may use, such as for an embedded emulator."""
    stack: str
    environment: str
    lineage: str | None = None
    """What distinguishes this state from every other, empty before its first apply; None where there is no state."""
    guard: Callable[[], None] = lambda: None
    """Called right before every mutating request; raises when this run lost its lock."""
    stop: Event = field(default_factory=Event)
    """Set when a person wants the run to end now; ends waits and back-offs."""
    report: Callable[[str], None] = lambda text: None
    """Reports a line about the run to the user, from any thread, such as that a request is tried again."""
    concurrency: int = 32
    """How many calls may be under way at once."""


# ---------------------------------------------------------------- read


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRequest:
    """Asks for one object: by id when there is one, else by name."""

    address: Address
    kind: str
    name: str
    id: str | None = None
    desired: PlatformObject | None = None
    """What the program wants, when it still declares it."""
    prior: ObjectState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """The object exists."""

    id: str
    values: Mapping[str, Json] = field(repr=False)
    """In the same shape as `PlatformObject.values`; what only the platform sets may be in it.

    A platform may return in plain text what the program declares as a secret, so that no part of a reading that
    holds its values is ever shown.
    """
    outputs: Mapping[str, Json] = field(default_factory=dict)
    pinned: Json = field(default=None, repr=False)
    """Beside the managed values, what a step echoes or relies on: part of the revision."""
    document: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """The platform's complete answer, for the provider's own `plan`; never stored or shown."""
    facts: Mapping[str, Json] = field(default_factory=dict)
    """What `plan` looks at beside the values and that lasts, by name: recorded, so that a plan from the record can too.

    Plain JSON without secrets. What is not a fact or a value is unknown where the record stands in for the platform.
    """
    owned: bool | None = None
    """Whether the platform proves that this stack made it; None when it cannot tell."""
    found_by_name: bool = False
    from_record: bool = False
    """Nothing was read: the record stands in for the platform."""
    siblings: tuple[str, ...] = ()
    """Ids of all objects that have this name now, for the look-up of a create."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """The platform says that it does not exist."""

    siblings: tuple[str, ...] = ()
    """Ids of all objects that have this name now, for the look-up of a create."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambiguous:
    """Several objects have the name and nothing shows which one is meant."""

    candidates: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """The platform could not be asked; nothing is concluded."""

    error: Diagnostic


Reading: TypeAlias = Live | Absent | Ambiguous | Unreadable


# ---------------------------------------------------------------- plan


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRequest:
    """Everything a provider may look at to plan one object."""

    desired: PlatformObject | None
    """References that are known already are filled in; None when the object must go."""
    prior: ObjectState | None
    reading: Live | Absent
    dependencies: Mapping[Address, Change]
    """The planned changes of the objects it depends on."""
    digest: Digest
    others: Others = field(default_factory=Others, repr=False)
    """The objects of this connection that are planned together, this one among them."""
    known: Mapping[tuple[Address, str], Json] = field(default_factory=dict, repr=False)
    """The outputs that are known by now."""
    replace: bool = False
    """A person asked to replace it."""
    deposed_id: str | None = None
    """Plan the deletion of this deposed object instead."""
    destroying: bool = False
    """The object must go because the stack does."""
    found_instead: bool = False
    """What was recorded is gone, and another object has its name: nothing recorded says anything of that one."""

    @property
    def subject(self) -> PlatformObject | ObjectState:
        """The object wanted, else the record of the one that must go."""
        subject = self.desired or self.prior
        if subject is None:
            raise ValueError("there is nothing to plan: the object is neither declared nor recorded")
        return subject

    def filled(self, value: Json) -> Json:
        """Return a value of `PlatformObject.private` with its references filled in, as they are in ``desired``."""
        return resolve_known(value, self.known)

    @property
    def timeouts(self) -> Mapping[str, float]:
        """The declared seconds by phase, ``create``, ``update`` or ``delete``."""
        return self.desired.lifecycle.timeouts if self.desired is not None else {}

    @property
    def live(self) -> Live | None:
        """The reading when the object exists."""
        return self.reading if isinstance(self.reading, Live) else None


# ---------------------------------------------------------------- run


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The call succeeded."""

    id: str | None = None
    outputs: Mapping[str, Json] = field(default_factory=dict)
    memory: Mapping[str, Any] = field(default_factory=dict)
    """What the provider must remember from the answer, merged into the object's memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The platform said no; nothing happened."""

    error: Diagnostic
    attributes: tuple[tuple[Path, str], ...] = ()
    """What it said of single attributes, by their paths on the platform; reported with ``error``, as the program has them."""
    in_doubt: bool = False
    """Something between us and the platform may have repeated the call: it is looked up once before this is believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedForNow:
    """The platform said not now; nothing happened and a bounded retry may succeed."""

    error: Diagnostic
    after: float = 1.0
    """Seconds to wait before the next try."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownOutcome:
    """The answer was lost: it must be looked up before anything else."""

    error: Diagnostic
    is_over: bool = False
    """The platform did answer, so that nothing is under way any more: one look-up is enough."""


StepResult: TypeAlias = Done | Refused | RefusedForNow | UnknownOutcome


# ---------------------------------------------------------------- recover


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """The interrupted call took effect."""

    id: str | None = None
    outputs: Mapping[str, Json] = field(default_factory=dict)
    memory: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DidNotHappen:
    """The interrupted call took no effect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnclearOutcome:
    """Several objects could be its effect, or the platform could not be asked; a person decides."""

    error: Diagnostic
    candidates: tuple[str, ...] = ()


Recovery: TypeAlias = Happened | DidNotHappen | UnclearOutcome


# ---------------------------------------------------------------- poll


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One object that a gate or a goal is about."""

    address: Address
    kind: str
    id: str | None
    goal: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The condition holds."""

    outputs: Mapping[str, Json] = field(default_factory=dict)
    memory: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Json] = field(default_factory=dict)
    """What `Live.facts` would hold now; what is not named stays as it was recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingStill:
    """Not yet; the reason is the platform's own."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """It cannot become true any more."""

    error: Diagnostic


Status: TypeAlias = Ready | WaitingStill | Failed


# ---------------------------------------------------------------- the contract


class Connection(Protocol):
    """A configured provider: answers the seven questions; safe to call from several threads."""

    def check(self, resource: Resource) -> Sequence[Diagnostic]:
        """Return what is wrong with the resource on this platform; pure."""
        ...

    def expand(self, resource: Resource, dependencies: Mapping[Address, Resource]) -> Sequence[PlatformObject]:
        """Return the objects the resource stands for, in any order; pure."""
        ...

    def read(self, requests: Sequence[ReadRequest]) -> Sequence[Reading]:
        """Return one reading for each request, in the same order, in as few requests as the platform allows."""
        ...

    def plan(self, request: PlanRequest) -> Decision:
        """Decide what must happen to one object; may ask the platform, never changes it.

        Raises DeclarationError or ProviderError for a move the platform does not allow.
        """
        ...

    def run(self, step: Step) -> StepResult:
        """Make exactly one mutating call; references in the step are filled in."""
        ...

    def recover(self, intent: Intent) -> Recovery:
        """Return whether an interrupted step took effect."""
        ...

    def poll(self, waiting: Sequence[Waiting]) -> Sequence[Status]:
        """Return one status for each, in the same order, in as few requests as the platform allows."""
        ...


@runtime_checkable
class Provider(Protocol):
    """What an entry point in the group ``wlinfra.providers`` names."""

    name: str

    def connect(self, context: ProviderContext) -> Connection:
        """Return a connection; raises ConfigurationError when options are missing or wrong. Calls no platform."""
        ...


@runtime_checkable
class Closeable(Protocol):
    """A connection that holds sockets or an embedded server."""

    def close(self) -> None:
        """Release them."""
        ...
