"""What was recorded: the state of one stack and environment, as frozen values.

`state.store` reads and writes these; the planner compares them with the live system; the applier replaces them.
Secrets stand in it only as keyed digests (`SecretDigest`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from wlinfra.values import Address, Json

__all__ = [
    "Deposed",
    "EnvironmentState",
    "Health",
    "HistoryEntry",
    "Intent",
    "ObjectState",
    "SecretDigest",
    "State",
]


@dataclass(frozen=True, slots=True)
class SecretDigest:
    """What is kept of a secret: its digest under the state's key."""

    digest: str

    def __repr__(self) -> str:
        return "(sensitive value)"


class Health(Enum):
    """How the last apply left an object."""

    READY = "ready"
    UNREADY = "unready"
    """Done on the platform, not seen ready; waiting resumes on the next run."""
    TAINTED = "tainted"
    """Half made; the next plan replaces it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposed:
    """An old id of a replaced object that still has to be deleted."""

    id: str
    depends_on: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectState:
    """What was applied last to one object."""

    address: Address
    provider: str
    """The name of the configured provider in the environment, such as ``default``."""
    kind: str
    """The provider's own word for what it is."""
    id: str | None = None
    """The platform's id; None for an object that lives in the state alone or is not made yet."""
    name: str = ""
    """The name on the platform, to look it up when the id is lost."""
    values: Mapping[str, Json] = field(default_factory=dict)
    """The values applied last, secrets as digests; those of a state just loaded are parsed whenever they are looked at."""
    outputs: Mapping[str, Json] = field(default_factory=dict)
    """What other objects and people may refer to."""
    depends_on: tuple[Address, ...] = ()
    """Objects this one depended on when it was applied; deletion follows these backwards."""
    memory: Mapping[str, Any] = field(default_factory=dict)
    """What the provider itself must remember between runs; plain JSON without secrets."""
    facts: Mapping[str, Json] = field(default_factory=dict)
    """What a plan looks at of the live object beside its values, such as what it was made of; see `Live.facts`."""
    running: Mapping[str, Json] = field(default_factory=dict)
    """What is live until the last change is seen over, by attribute, or when it failed: our own work is no drift."""
    deposed: tuple[Deposed, ...] = ()
    health: Health = Health.READY
    awaiting: str = ""
    """The operation whose goal was not seen yet, ``create``, ``update`` or ``delete``; empty when it was or is not known."""
    protect: bool = False
    """Survives the deletion of the declaration: destroying is refused until it is lifted."""
    retain: bool = False
    """Forget instead of deleting."""
    created: bool = True
    """False when it was imported: it was there before this stack."""
    virtual: bool = False
    """True for an object that lives in the state alone."""

    def unpacked(self) -> ObjectState:
        """Return the same with its values as plain dicts, for whoever looks at them more than once."""
        return self if isinstance(self.values, dict) else replace(self, values=dict(self.values))


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What is on disk before a step runs; it holds the record that follows, and no payload.

    One with sequence 0 is a draft: `StateSession.begin` returns it with its sequence and epoch.
    """

    sequence: int = 0
    """Counts the steps of this state; never used twice."""
    epoch: int = 0
    """The epoch of the lock under which the step ran."""
    address: Address
    provider: str
    kind: str
    operation: str
    verb: str
    target: str | None
    """The id the call is about; None when the call makes one."""
    makes: bool = False
    """The call gives the object its identity."""
    supersedes: bool = False
    """With ``makes``: the identity before it stays on the platform as history and is not deposed."""
    removes: bool = False
    """The call ends the object with the id in ``target``."""
    ends: str = ""
    """With ``removes``: the recorded identity that ends, where the platform calls it otherwise in ``target``."""
    name: str = ""
    depends_on: tuple[Address, ...] = ()
    """What the object depends on, so that one found again is deleted in the right order."""
    record: ObjectState | None = None
    """The record that holds if the step happens, without what only its answer says; None when the step ends the object."""
    lookup: Mapping[str, Any] = field(default_factory=dict)
    """What the provider needs to find out later whether it happened."""
    digests: Json = field(default_factory=dict)
    """The payload's shape with the keyed digest of every leaf that the record does not say in its place."""
    deadline: float = 0.0
    """When the request's timeout has passed by the wall clock of the machine that wrote it: for people, as clocks differ."""
    timeout: float = 0.0
    """Seconds after its begin in which the call may still take effect; 0 in an intent of an earlier version."""
    begun: float = 0.0
    """When it began, by the clock of that start of the machine."""
    boot: str = ""
    """Which start of which machine ``begun`` counts from; empty where the system does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One apply: who did what, when, with which result."""

    serial: int
    at: str
    """RFC 3339, UTC."""
    who: str
    host: str
    command: str
    plan_digest: str
    result: str
    """``done``, ``failed`` or ``interrupted``."""
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentState:
    """What holds for all objects of an environment, as it was when it was applied last."""

    places: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Where the objects of each provider are, as `plan.inputs` compares it."""
    name_prefix: str = ""
    """What the environment put before the names of its objects."""
    providers: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    """How each provider was reached, as `records.reached` has it; never a secret."""
    protected: bool = False
    """The environment refused to delete or replace anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State(EnvironmentState):
    """Everything recorded for one stack and environment."""

    stack: str
    environment: str
    lineage: str = ""
    """Made at the first write; a state of another lineage is never merged."""
    serial: int = 0
    """Counts the durable records of this state, each of which changed something."""
    objects: Mapping[Address, ObjectState] = field(default_factory=dict)
    outputs: Mapping[str, Json] = field(default_factory=dict)
    """Outputs of the stack; a sensitive one is a SecretDigest."""
    intents: tuple[Intent, ...] = ()
    """Steps begun and not ended: an interrupted run left them."""
    key_fingerprint: str = ""
    """Tells which key the digests were made with; empty when there are none."""
