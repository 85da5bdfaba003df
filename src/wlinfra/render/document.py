"""A plan as its readers see it, without a secret in any form: the one model of all formats.

`render.describe` builds it, and every format shows it. `plan_schema` derives ``docs/plan.schema.json`` from it; a test
keeps that file up to date.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final, TypeAlias

from wlinfra.changes.model import Action, ActionReason, BlastRadius, GpuCount, Impact, Repeat
from wlinfra.diff.model import Origin
from wlinfra.diff.schema import Effect
from wlinfra.errors import Location, Severity
from wlinfra.plan.model import FORMAT_VERSION, Outcome, PlanOptions
from wlinfra.render.encode import Value
from wlinfra.resources.lifecycle import ReplaceOrder
from wlinfra.values import Path

__all__ = [
    "Attribute",
    "Change",
    "Diagnostic",
    "Goal",
    "Move",
    "Output",
    "Plan",
    "Recovered",
    "Step",
    "Summary",
    "plan_schema",
]


@dataclass(frozen=True, slots=True, eq=False)
class _Keywords:
    """JSON Schema keywords of a type; pydantic asks for them by this method."""

    words: dict[str, Any]

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> dict[str, Any]:
        return {**handler(core), **self.words}


def _one_of(words: Iterable[str]) -> _Keywords:
    return _Keywords({"enum": list(words)})


Radius: TypeAlias = Annotated[str, _one_of(radius.words for radius in BlastRadius)]
Reason: TypeAlias = Annotated[str, _one_of(reason.name.lower() for reason in ActionReason)]
EffectWord: TypeAlias = Annotated[str, _one_of(effect.name.lower() for effect in Effect)]
Version: TypeAlias = Annotated[str, _Keywords({"pattern": rf"^{FORMAT_VERSION.partition('.')[0]}\.[0-9]+$"})]
Actions: TypeAlias = Annotated[tuple[Action, ...], _Keywords({"minItems": 1})]
Counts: TypeAlias = Annotated[dict[str, int], _Keywords({"required": [action.value for action in Action]})]


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """An error or a warning."""

    severity: Severity
    summary: str
    detail: str
    fix: str
    address: str | None
    attribute: str | None
    location: Location | None
    called_from: tuple[Location, ...]
    """The calls of the user's own code that led to the location, innermost first."""

    @property
    def is_error(self) -> bool:
        """True when this stops the run."""
        return self.severity is Severity.ERROR

    @property
    def path(self) -> str | None:
        """The attribute, as errors have it outside of documents."""
        return self.attribute


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """A path that differs."""

    path: Path
    """Where it stands on the platform."""
    attribute: str
    """The path as the program has it, where a declaration stands behind it."""
    recorded: Value
    """At the last apply."""
    live: Value
    """Now."""
    planned: Value
    """After the apply."""
    effect: EffectWord
    origin: Origin
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A call."""

    operation: str
    verb: str
    path: str
    summary: str
    target: str | None
    makes: bool
    removes: bool
    repeat: Repeat
    gate: str | None
    """What must hold before the call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What an apply waits for after the last call."""

    describe: str
    timeout_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What happens to one object."""

    address: str
    resource: str
    kind: str
    provider: str
    name: str
    id: str | None
    """Before the change."""
    deposed_id: str | None
    """Of an object that was replaced and not deleted yet."""
    action: Action
    actions: Actions
    """All that it counts as: an import that makes calls is an update or a roll as well."""
    reason: Reason | None
    label: str
    verdict: str
    """What happens, in words."""
    blast_radius: Radius
    reversible: bool
    irreversible_because: str
    replace_order: ReplaceOrder | None
    values: Value
    """After the change."""
    evident: tuple[Path, ...]
    """Paths of the values of a new object that follow from its kind, its name or its stack."""
    outputs: Value
    """After the change."""
    attributes: tuple[Attribute, ...]
    """Differences between the live and the wanted object."""
    drift: tuple[Attribute, ...]
    """What others changed since the last apply."""
    unfinished: tuple[Attribute, ...]
    """What the last change recorded, where the live value from before it still runs."""
    steps: tuple[Step, ...]
    goal: Goal | None
    impact: Impact
    depends_on: tuple[str, ...]
    revision: str
    predicted: tuple[str, ...]
    """What could not be tried on the platform."""
    unverified: bool
    """The platform could not be asked, because the surroundings of the object are created in the same plan."""
    notes: tuple[str, ...]
    location: Location | None

    @property
    def is_empty(self) -> bool:
        """True when nothing happens, neither on the platform nor to the state."""
        return self.action in (Action.NO_OP, Action.READ) and self.goal is None

    @property
    def reads(self) -> bool:
        """True when it only looks at an object that others own."""
        return self.action is Action.READ

    @property
    def radius(self) -> BlastRadius:
        """The effect on what is running, in order of severity."""
        return _RADII[self.blast_radius]

    @property
    def is_destructive(self) -> bool:
        """True when something is deleted, replaced or stops serving."""
        return self.action in (Action.DELETE, Action.REPLACE) or self.radius >= BlastRadius.DOWNTIME

    @property
    def is_gone(self) -> bool:
        """True when others deleted the object."""
        return self.reason == _GONE


_RADII: Final = {radius.words: radius for radius in BlastRadius}
_GONE: Final = ActionReason.GONE.name.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The plan in numbers."""

    headline: str
    counts: Counts
    """How many objects each action touches."""
    blast_radius: Radius
    gpus_now: tuple[GpuCount, ...]
    gpus_after: tuple[GpuCount, ...]
    gpus_peak: tuple[GpuCount, ...]
    predicted: int
    """How many changes were compared only, never tried on the platform."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """An object that the state has under an older address."""

    address: str
    previous_address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """An output of the stack."""

    name: str
    before: Value
    after: Value
    differs: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """What became of a step that an interrupted run left behind."""

    address: str
    operation: str
    verb: str
    creates: bool
    outcome: Outcome
    id: str | None
    error: Diagnostic | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an apply would do. Readers accept every minor of the format's major version, and ignore unknown members."""

    __pydantic_config__: ClassVar = {
        "use_attribute_docstrings": True,
        "json_schema_serialization_defaults_required": True,
    }

    format_version: Version
    tool_version: str
    stack: str
    environment: str
    protected_environment: bool
    lineage: str
    program_digest: str
    settings_digest: str
    provisional: str
    """Who was applying while this was planned; empty when no one was."""
    partial: bool
    """The environment has more resources than were planned."""
    options: PlanOptions
    summary: Summary
    changes: tuple[Change, ...]
    moved: tuple[Move, ...]
    outputs: tuple[Output, ...]
    recovered: tuple[Recovered, ...]
    warnings: tuple[Diagnostic, ...]
    errors: tuple[Diagnostic, ...]
    applicable: bool
    empty: bool

    @property
    def is_effective(self) -> bool:
        """True when a change does something."""
        return not all(change.is_empty for change in self.changes)


def plan_schema() -> dict[str, Any]:
    """Return the JSON Schema of what ``wlinfra plan --format json`` prints."""
    from pydantic import TypeAdapter
    from pydantic.json_schema import GenerateJsonSchema

    class Published(GenerateJsonSchema):
        def field_title_should_be_set(self, schema: Any) -> bool:
            return False

        def int_schema(self, schema: Any) -> dict[str, Any]:
            return {**super().int_schema(schema), "minimum": 0}  # all of them count something

    derived = TypeAdapter(Plan).json_schema(mode="serialization", schema_generator=Published)
    return {**derived, "$schema": GenerateJsonSchema.schema_dialect, "title": "wlinfra plan"}
