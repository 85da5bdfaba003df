"""What must happen to one object, as data: the decision, its steps, its gates and its impact.

Providers decide (`Connection.plan`); the planner checks each decision and puts it into a `changes.change.Change`, which
the renderers show and the applier executes: there is no second place that decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import Any

from wlinfra.diff.declared import DeclaredPaths
from wlinfra.diff.model import AttributeChange
from wlinfra.diff.schema import Attribute
from wlinfra.errors import Diagnostic, Location
from wlinfra.resources.lifecycle import Lifecycle, ReplaceOrder
from wlinfra.values import Address, Json, Path, Ref

__all__ = [
    "Action",
    "ActionReason",
    "BlastRadius",
    "Decision",
    "Gate",
    "Goal",
    "GpuCount",
    "Impact",
    "PlatformObject",
    "Repeat",
    "Step",
]


class Action(Enum):
    """What happens to an object; the value is the word, `symbol` the sign people know."""

    NO_OP = "no-op"
    READ = "read"
    FORGET = "forget"
    IMPORT = "import"
    UPDATE = "update"
    ROLL = "roll"
    REPLACE = "replace"
    CREATE = "create"
    DELETE = "delete"

    @property
    def symbol(self) -> str:
        """The sign shown in front of the object."""
        return _SYMBOLS[self]

    @property
    def strength(self) -> int | None:
        """The rank among no-op < update < roll < replace; None for actions that stand alone."""
        return _STRENGTHS.get(self)


_SYMBOLS = {
    Action.NO_OP: " ",
    Action.READ: "<=",
    Action.FORGET: ".",
    Action.IMPORT: "=",
    Action.UPDATE: "~",
    Action.ROLL: "~",
    Action.REPLACE: "-/+",
    Action.CREATE: "+",
    Action.DELETE: "-",
}
_STRENGTHS = {Action.NO_OP: 0, Action.UPDATE: 1, Action.ROLL: 2, Action.REPLACE: 3}


class ActionReason(Enum):
    """Why an action was chosen; for people only, apply never reads it."""

    NOT_IN_STATE = "it is not recorded in the state"
    GONE = "it was deleted outside of this stack"
    ATTRIBUTE_CHANGED = "its declaration changed"
    DRIFTED = "it was changed outside of this stack"
    CANNOT_UPDATE = "an attribute that cannot be changed differs"
    DEPENDENCY_CHANGED = "what it depends on changes"
    DEPENDENCY_REPLACED = "what it depends on is replaced"
    TAINTED = "the last apply left it incomplete"
    UNREADY = "the last apply did not see it ready"
    REQUESTED = "replacing was requested"
    NOT_IN_STACK = "it is no longer declared"
    DESTROYING = "the stack is being destroyed"
    DEPOSED = "it was replaced and is left over"
    FOUND_BY_NAME = "an object of that name exists and nothing is recorded"
    FOUND_INSTEAD = "what was recorded is gone and another object of that name exists"
    LOOKED_UP = "it is read, not owned"
    RETAINED = "it is kept when its declaration ends"
    UNCHANGED = "nothing differs"


class BlastRadius(IntEnum):
    """What a change does to what is running, weakest first."""

    NONE = 0
    ROLLING = 1
    DOWNTIME = 2
    LOSS_UNKNOWN = 3
    """What goes with the object is not known to the provider, so that it may be data."""
    DATA_LOSS = 4

    @property
    def words(self) -> str:
        """As users are shown it."""
        return ("none", "rolling restart", "downtime", "data loss unknown", "data loss")[self]


class Repeat(Enum):
    """What a second call does after the first one's answer was lost."""

    SAFE = "safe"
    LOOK_FIRST = "look-first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A condition that `Connection.poll` answers before a step may run."""

    goal: str
    """The provider's word for the condition, such as ``replacement-over``."""
    describe: str
    """For people: what is being waited for."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """What the provider needs to answer; plain JSON, may hold references."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What the object must reach before its dependents continue; polled after the last step."""

    goal: str = "ready"
    describe: str = "ready"
    details: Mapping[str, Any] = field(default_factory=dict)
    """What the provider needs to judge; plain JSON, may hold references."""
    timeout: float = 1800.0
    """Seconds."""
    holds_dependents: bool = True
    """Dependents need this wait; where False, an apply with `--no-wait` skips it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One mutating call as data."""

    operation: str
    """The provider's own name for the call, such as ``create_workload``."""
    verb: str
    """For people, such as ``POST``."""
    path: str
    """For people, such as ``/workloads/{id}/replacement``."""
    summary: str
    """For people: what it achieves, a few words."""
    target: str | Ref | None = None
    """The id the call is about; None when the call makes one; a reference when an earlier step makes it."""
    payload: Json = None
    """What is sent; may hold references, templates and secrets."""
    makes: bool = False
    """The call gives the object its identity."""
    supersedes: bool = False
    """With ``makes``: the identity before it stays on the platform as history and is not deposed."""
    removes: bool = False
    """The call ends the object with the id in ``target``."""
    repeat: Repeat = Repeat.LOOK_FIRST
    lookup: Mapping[str, Any] = field(default_factory=dict)
    """What `Connection.recover` needs to find out whether the call happened; plain JSON without secrets."""
    gate: Gate | None = None
    """A condition that must hold before the call."""
    timeout: float = 75.0
    """Seconds after which a call whose answer was lost can no longer take effect: the request's own timeouts, summed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuCount:
    """A number of GPUs of one type; ``low`` and ``high`` differ when a size is not known or replicas may vary."""

    type: str
    low: int
    high: int | None
    """None when not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """What a change means for capacity."""

    gpus_now: tuple[GpuCount, ...] = ()
    gpus_after: tuple[GpuCount, ...] = ()
    gpus_peak: tuple[GpuCount, ...] = ()
    """During the rollout, surge counted."""
    replicas_now: tuple[int, int] | None = None
    """Lowest and highest."""
    replicas_after: tuple[int, int] | None = None
    scales_to_zero: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformObject:
    """One thing the platform really has, as the program wants it."""

    address: Address
    kind: str
    """The provider's own word, such as ``workload`` or ``apps/v1/Deployment``."""
    name: str
    """Its name on the platform."""
    values: Mapping[str, Json]
    """The wanted values in the platform's own shape; may hold references and secrets."""
    schema: Attribute
    declared: DeclaredPaths = field(default=DeclaredPaths(), repr=False, compare=False)
    """What the program calls the paths of the values."""
    outputs: tuple[str, ...] = ("id",)
    """The attributes that may be referred to."""
    stable: str = "id"
    """The output that identifies it however often it changes, as an id may be one of a version; empty: its name does."""
    depends_on: tuple[Address, ...] = ()
    """Objects that come first, beside those its references name."""
    ends_first: tuple[Address, ...] = ()
    """Objects whose end comes first when they end in the same plan, such as an autoscaler that hands over."""
    provider: str = "default"
    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    location: Location | None = None
    notes: tuple[str, ...] = ()
    """What the plan must tell about it, such as an attribute this platform cannot honour."""
    name_is_unique: bool = False
    """Two objects of this name cannot exist side by side on the platform."""
    private: object = None
    """What the provider notes for its own planning, in a type of its own; nothing else looks at it."""
    refers: tuple[Ref, ...] = ()
    """References in ``private``, which count as those in the values do; see `PlanRequest.filled`."""
    unknown: tuple[Path, ...] = ()
    """Lists and objects of which nothing is known: what stands there has the right shape and no more."""
    evident: frozenset[Path] = frozenset()
    """Paths that its kind, its name or its stack decide; people are not shown them in a new object."""
    virtual: bool = False
    """Lives in the state alone: no platform object stands behind it and nothing is read or called."""
    known_outputs: Mapping[str, Json] = field(default_factory=dict)
    """Outputs that follow from the values; a virtual object has no others."""
    lookup: bool = False
    """Read, not owned: it must exist, and is never changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a provider decides must happen to one object to get from its live values to the wanted ones."""

    action: Action
    reason: ActionReason | None = None
    label: str = ""
    """The provider's word for this kind of change, such as ``new version``."""
    id: str | None = None
    """The live id before the change; of a deposed object its own."""
    name: str = ""
    """The name that the object keeps on the platform, where that is not the wanted one."""
    attributes: tuple[AttributeChange, ...] = ()
    """Differences between live and wanted; those with the strongest effect caused the action."""
    drift: tuple[AttributeChange, ...] = ()
    """Differences between what was applied and what is live."""
    steps: tuple[Step, ...] = ()
    goal: Goal | None = None
    """What is awaited after the last step."""
    blast_radius: BlastRadius = BlastRadius.NONE
    reversible: bool = True
    irreversible_because: str = ""
    impact: Impact = field(default_factory=Impact)
    replace_order: ReplaceOrder | None = None
    """Only for REPLACE."""
    order_because: str = ""
    """Why old and new cannot exist side by side in this replacement; empty where the plan may choose another order."""
    after: tuple[Address, ...] = ()
    """Objects of the same plan that must let go first of what this one needs: by their end, or by their change and its wait."""
    outputs: Mapping[str, Json] = field(default_factory=dict)
    """Outputs after the change as far as they are known; UNKNOWN where only the apply will tell."""
    values: Mapping[str, Json] = field(default_factory=dict)
    """The wanted values, to be recorded after the apply; may hold references and secrets."""
    memory: Mapping[str, Any] = field(default_factory=dict)
    """What the provider must remember after the change; plain JSON, may hold references."""
    facts: Mapping[str, Json] = field(default_factory=dict)
    """What is known of the object after the change, where that is not what was read; see `Live.facts`."""
    running: Mapping[str, Json] = field(default_factory=dict)
    """The values that the platform shows until the goal is reached, or once it is missed; without secrets."""
    moving: tuple[Path, ...] = ()
    """Paths that what this stack runs moves by itself, such as replicas under its own autoscaler: no user's edit."""
    predicted: tuple[str, ...] = ()
    """What could not be verified with the rights at hand, in words."""
    unverified: bool = False
    """A create whose surroundings are made in the same plan, so that the platform could not be asked."""
    notes: tuple[str, ...] = ()
    """What people should know of this change, in addition to `PlatformObject.notes`."""
    warnings: tuple[Diagnostic, ...] = ()
    """What the plan must report even where nothing changes; the same words are reported once."""
    leaves: tuple[str, ...] = ()
    """What stays on the platform that is not recorded, such as volumes an object made, as people know it."""

    @property
    def is_empty(self) -> bool:
        """True when nothing happens, neither on the platform nor to the state; a no-op with a goal resumes its wait."""
        return self.action in (Action.NO_OP, Action.READ) and self.goal is None
