"""The plan: a frozen value that describes exactly what an apply would do.

`plan.planner` builds it, `render` shows it, `plan.file` saves and reads it, `apply.applier` executes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from wlinfra.changes.change import Change
from wlinfra.changes.model import PlatformObject
from wlinfra.errors import Diagnostic
from wlinfra.provider.others import Others
from wlinfra.state.model import Intent, ObjectState
from wlinfra.state.records import CallAnswer, happened
from wlinfra.values import Address, Json

__all__ = ["FORMAT_VERSION", "Node", "Outcome", "OutputChange", "Phase", "Plan", "PlanOptions", "Recovered"]

FORMAT_VERSION = "1.1"
"""Of the plan's JSON: the minor number grows with additions, the major one with anything else."""


Phase: TypeAlias = Literal["apply", "delete"]
"""The two things that can happen to one object in one apply."""
Outcome: TypeAlias = Literal["happened", "did-not-happen", "unclear"]
"""What became of an interrupted step."""


@dataclass(frozen=True, slots=True, order=True)
class Node:
    """One piece of work in the graph of an apply."""

    address: Address
    phase: Phase
    deposed_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputChange:
    """One output of the stack, before and after."""

    name: str
    before: Json = None
    after: Json = None
    """UNKNOWN where it is known only after the apply."""
    sensitive: bool = False

    @property
    def differs(self) -> bool:
        """True when the output is new, gone or another value."""
        return bool(self.before != self.after)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """What became of a step that an interrupted run left behind."""

    intent: Intent
    outcome: Outcome
    id: str | None = None
    outputs: Mapping[str, Json] = field(default_factory=dict)
    memory: Mapping[str, Any] = field(default_factory=dict)
    error: Diagnostic | None = None

    def record_after(self, before: ObjectState | None) -> ObjectState | None:
        """Return the record of the object; None when it is gone or was never created."""
        if self.outcome != "happened":
            return before
        return happened(self.intent, CallAnswer(id=self.id, outputs=self.outputs, memory=self.memory))(before)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOptions:
    """The options a plan was made with."""

    destroy: bool = False
    targets: tuple[str, ...] = ()
    """Only these addresses and what they depend on."""
    excludes: tuple[str, ...] = ()
    """Not these addresses, nor what depends on them."""
    replaces: tuple[str, ...] = ()
    """Replace these addresses even without a change."""
    refresh: bool = True
    """False: use the state without reading the platform."""
    refresh_only: bool = False
    """Only record what is live; change nothing on the platform."""
    allow_empty: bool = False
    """Let a program without resources destroy a stack that has some."""
    new_place: bool = False
    """The records are about the place that answers now, whatever place they name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything one apply would do, in an order that respects all dependencies."""

    stack: str
    environment: str
    options: PlanOptions
    changes: tuple[Change, ...]
    """One for every object and every deposed object, the unchanged ones too, in the order of execution."""
    edges: Mapping[Node, tuple[Node, ...]]
    """Each node with the nodes that must be done before it."""
    objects: Mapping[Address, PlatformObject] = field(default_factory=dict)
    """The wanted objects as the program gave them, references open; to plan one again when its inputs are known."""
    others: Mapping[str, Others] = field(default_factory=dict, repr=False, compare=False)
    """What was planned together, by the provider's name in the environment; to plan one of it again among the same."""
    outputs: tuple[OutputChange, ...] = ()
    output_values: Mapping[str, Json] = field(default_factory=dict)
    """The declared value of each output, references open."""
    sensitive_outputs: frozenset[str] = frozenset()
    recovered: tuple[Recovered, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()
    errors: tuple[Diagnostic, ...] = ()
    """What could not be planned; a plan with errors is shown but cannot be applied."""
    moved: Mapping[Address, Address] = field(default_factory=dict)
    """Objects found in the state under an alias: new address to old."""
    found: tuple[ObjectState, ...] = ()
    """Objects that the platform proves this stack created and that are not recorded; the apply records them first."""
    provisional: str = ""
    """Who is applying right now; this plan may be outdated when they end."""
    partial: bool = False
    """The environment has more resources than were planned."""
    lineage: str = ""
    tool_version: str = ""
    program_digest: str = ""
    settings_digest: str = ""
    protected_environment: bool = False

    @property
    def is_empty(self) -> bool:
        """True when an apply would change neither a platform nor the state."""
        return (
            not self.errors
            and not self.moved
            and not self.recovered
            and all(change.is_empty for change in self.changes)
            and not any(output.differs for output in self.outputs)
        )

    @property
    def effective(self) -> tuple[Change, ...]:
        """The changes that do something."""
        return tuple(change for change in self.changes if not change.is_empty)
