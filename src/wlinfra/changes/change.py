"""One change of a plan: the object it is about, and what is decided about it.

`plan.planner` builds it around what a provider decides, the renderers show it and the applier executes it. Each value
has one owner: the declaration or the record (`subject`), the provider (`decision`), or the planner (the rest). What
follows from several of them is a property.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from wlinfra.changes.model import Action, ActionReason, BlastRadius, Decision, Goal, Impact, PlatformObject, Step
from wlinfra.diff.declared import DeclaredPaths
from wlinfra.diff.model import AttributeChange
from wlinfra.errors import Location
from wlinfra.resources.lifecycle import Lifecycle, ReplaceOrder
from wlinfra.state.model import ObjectState
from wlinfra.values import UNKNOWN, Address, Json, Path

__all__ = ["Change"]

_MAKING = (Action.CREATE, Action.REPLACE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What must happen to one object, as it stands in a plan."""

    subject: PlatformObject | ObjectState
    """The object wanted, or the record of one that is not wanted any more."""
    decision: Decision
    deposed_id: str | None = None
    """For DELETE of a deposed object: the old id."""
    ordered: ReplaceOrder | None = None
    """Which comes first in a replacement, where the complete plan needs another order than was decided."""
    revision: str = ""
    """Digest of the live object this change was planned from; empty when there is none."""
    seen: Mapping[Path, str] = field(default_factory=dict, repr=False)
    """Digest of the live value at each path that is set, within this process; what moved since is not overwritten."""
    found: Mapping[str, Json] = field(default_factory=dict)
    """The facts that were read of the live object, where it stays."""
    unfinished: tuple[AttributeChange, ...] = ()
    """Where the last change is not over: what it recorded, and the live value from before it that still runs."""
    remarks: tuple[str, ...] = ()
    """What the complete plan has to note of the change."""

    # ------------------------------------------------------------ of the subject

    @property
    def wanted(self) -> PlatformObject | None:
        """The object wanted; None when it ends."""
        return self.subject if isinstance(self.subject, PlatformObject) else None

    @property
    def address(self) -> Address:
        """Where the object is declared, or was."""
        return self.subject.address

    @property
    def kind(self) -> str:
        """The provider's word for what it is."""
        return self.subject.kind

    @property
    def provider(self) -> str:
        """The name of its provider in the environment."""
        return self.subject.provider

    @property
    def name(self) -> str:
        """Its name on the platform after the change."""
        return self.decision.name or self.subject.name

    @property
    def virtual(self) -> bool:
        """Whether it lives in the state alone."""
        return self.subject.virtual

    @property
    def depends_on(self) -> tuple[Address, ...]:
        """Objects that come first; none for what ends, whose order follows from the record."""
        return self.wanted.depends_on if self.wanted is not None else ()

    @property
    def ends_first(self) -> tuple[Address, ...]:
        """Objects whose end comes first when they end in the same plan."""
        return self.wanted.ends_first if self.wanted is not None else ()

    @property
    def lifecycle(self) -> Lifecycle:
        """What was declared of its lifecycle; of a record, what holds on."""
        match self.subject:
            case PlatformObject(lifecycle=lifecycle):
                return lifecycle
            case ObjectState(protect=protect, retain=retain):
                return Lifecycle(protect=protect, retain=retain)

    @property
    def location(self) -> Location | None:
        """Where it is declared in the program."""
        return self.wanted.location if self.wanted is not None else None

    # ------------------------------------------------------------ of the decision

    @property
    def action(self) -> Action:
        """What happens."""
        return self.decision.action

    @property
    def reason(self) -> ActionReason | None:
        """Why."""
        return self.decision.reason

    @property
    def id(self) -> str | None:
        """The live id before the change."""
        return self.decision.id

    @property
    def attributes(self) -> tuple[AttributeChange, ...]:
        """Differences between live and wanted."""
        return self.decision.attributes

    @property
    def drift(self) -> tuple[AttributeChange, ...]:
        """Differences between what was applied and what is live."""
        return self.decision.drift

    @property
    def steps(self) -> tuple[Step, ...]:
        """The calls."""
        return self.decision.steps

    @property
    def goal(self) -> Goal | None:
        """What is awaited after the last step."""
        return self.decision.goal

    @property
    def blast_radius(self) -> BlastRadius:
        """What it does to what is running."""
        return self.decision.blast_radius

    @property
    def impact(self) -> Impact:
        """What it means for capacity."""
        return self.decision.impact

    @property
    def values(self) -> Mapping[str, Json]:
        """The values to be recorded after the apply."""
        return self.decision.values

    @property
    def is_empty(self) -> bool:
        """True when nothing happens, neither on the platform nor to the state."""
        return self.decision.is_empty

    # ------------------------------------------------------------ of several

    @property
    def declared(self) -> DeclaredPaths:
        """What the program calls the paths of its values."""
        return self.wanted.declared if self.wanted is not None else DeclaredPaths()

    def named(self) -> Change:
        """Return the change with each difference named as the program has its path; what is created is shown as sent."""
        if self.action is Action.CREATE or not (self.attributes or self.drift or self.unfinished):
            return self

        def name(items: tuple[AttributeChange, ...]) -> tuple[AttributeChange, ...]:
            return tuple(
                item if item.declared else replace(item, declared=self.declared.find(item.path)) for item in items
            )

        decision = replace(self.decision, attributes=name(self.attributes), drift=name(self.drift))
        return replace(self, decision=decision, unfinished=name(self.unfinished))

    @property
    def replace_order(self) -> ReplaceOrder | None:
        """Which comes first; only for REPLACE."""
        return self.ordered or self.decision.replace_order

    @property
    def outputs(self) -> Mapping[str, Json]:
        """Outputs after the change; UNKNOWN where only the apply will tell."""
        made = self.wanted is not None and self.action in _MAKING
        unknown = dict.fromkeys(self.wanted.outputs, UNKNOWN) if made and self.wanted is not None else {}
        return {**unknown, **self.decision.outputs}

    @property
    def facts(self) -> Mapping[str, Json]:
        """What is known of the object after the change besides its values; recorded with it."""
        return {**self.found, **self.decision.facts}

    @property
    def notes(self) -> tuple[str, ...]:
        """What people should know of the object and its change, each once."""
        own = self.wanted.notes if self.wanted is not None else ()
        return tuple(dict.fromkeys((*own, *self.decision.notes, *self.remarks)))
