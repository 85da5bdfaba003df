"""The default planner: what must happen to one object, decided from its schema.

Providers call `default_decision` from `Connection.plan`, give the calls for the action it chose, and override the rest
with `dataclasses.replace`. Nothing here asks a platform.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

from wlinfra.changes.model import Action, ActionReason, BlastRadius, Decision, Goal, PlatformObject, Step
from wlinfra.changes.outcome import needs_call
from wlinfra.diff.compare import Comparison, compare, drift
from wlinfra.diff.model import AttributeChange, Origin
from wlinfra.diff.patterns import Pattern, parse_pattern, touches
from wlinfra.diff.private import conceal
from wlinfra.diff.project import keep_ignored, mask, project
from wlinfra.diff.schema import Effect
from wlinfra.resources.lifecycle import ReplaceOrder
from wlinfra.state.key import Digest
from wlinfra.state.model import Health, ObjectState
from wlinfra.values import UNKNOWN, Json

__all__ = ["ChangeRequest", "LiveObject", "default_decision", "default_goal"]


class LiveObject(Protocol):
    """What the default planner looks at in a reading; `provider.base.Live` is one."""

    @property
    def id(self) -> str:
        """The platform's id."""

    @property
    def values(self) -> Mapping[str, Json]:
        """The live values."""

    @property
    def outputs(self) -> Mapping[str, Json]:
        """The live outputs."""

    @property
    def owned(self) -> bool | None:
        """Whether the platform proves that this stack made it."""


class ChangeRequest(Protocol):
    """What is asked; `provider.base.PlanRequest` is one."""

    @property
    def desired(self) -> PlatformObject | None:
        """The wanted object; None when it must go."""

    @property
    def prior(self) -> ObjectState | None:
        """What was recorded."""

    @property
    def live(self) -> LiveObject | None:
        """What exists; None when it is absent."""

    @property
    def digest(self) -> Digest:
        """Digests secrets."""

    @property
    def replace(self) -> bool:
        """A person asked to replace it."""

    @property
    def deposed_id(self) -> str | None:
        """The deposed object that must go."""

    @property
    def destroying(self) -> bool:
        """All of the stack goes."""

    @property
    def found_instead(self) -> bool:
        """What exists has the name and is not what was recorded."""


def default_goal(request: ChangeRequest, decision: Decision) -> Goal:
    """Return the goal ``ready`` with the time the lifecycle gives for a create or an update."""
    phase = "create" if decision.action in (Action.CREATE, Action.REPLACE) else "update"
    timeout = request.desired.lifecycle.timeouts.get(phase) if request.desired is not None else None
    return Goal() if timeout is None else Goal(timeout=timeout)


def default_decision(
    request: ChangeRequest,
    *,
    steps: Callable[[Decision], Sequence[Step]] = lambda _: (),
    goal: Callable[[Decision], Goal | None] | None = None,
) -> Decision:
    """Return what must happen to one object.

    ``steps`` receives the decision without its steps and returns its calls; it is asked only when a call is needed.
    ``decision.values`` are the values to send: live ones stand on the paths of `Lifecycle.ignore_changes`. Without
    ``goal``, the object is awaited as `default_goal` says.
    """
    awaits = goal or partial(default_goal, request)
    if request.desired is None or request.deposed_id is not None:
        draft = _end(request)
    elif request.desired.lookup:
        draft = _begin(request, request.desired, Action.READ, ActionReason.LOOKED_UP)
    elif request.desired.virtual:
        draft = _virtual(request, request.desired)
    elif request.live is None:
        draft = _create(request, request.desired)
    else:
        draft = _compare(request, request.desired, request.live)
    if (request.desired is not None and request.desired.virtual) or not needs_call(draft):
        # An object that was not seen ready is awaited again, although nothing is called.
        return replace(draft, goal=awaits(draft)) if draft.reason is ActionReason.UNREADY else draft
    awaited = None if draft.action is Action.DELETE else awaits(draft)
    return replace(draft, steps=tuple(steps(draft)), goal=awaited)


def _end(request: ChangeRequest) -> Decision:
    subject: ObjectState | PlatformObject | None = request.prior or request.desired
    if subject is None:
        raise ValueError("there is nothing to plan: the object is neither declared nor recorded")
    kept = request.prior is not None and request.prior.retain
    action, reason = Action.DELETE, ActionReason.DESTROYING if request.destroying else ActionReason.NOT_IN_STACK
    if request.deposed_id is not None:
        reason = ActionReason.DEPOSED
    elif kept:
        action, reason = Action.FORGET, ActionReason.RETAINED
    elif request.live is None:
        action, reason = Action.FORGET, reason if subject.virtual else ActionReason.GONE
    live_id = request.live.id if request.live is not None else request.prior.id if request.prior is not None else None
    return Decision(
        action=action,
        reason=reason,
        blast_radius=BlastRadius.DOWNTIME
        if action is Action.DELETE and reason is not ActionReason.DEPOSED
        else BlastRadius.NONE,
        id=request.deposed_id or live_id,
    )


def _begin(request: ChangeRequest, desired: PlatformObject, action: Action, reason: ActionReason) -> Decision:
    """Return a decision with everything that does not depend on what differs."""
    live, prior = request.live, request.prior
    outputs: dict[str, Json] = {
        **(prior.outputs if prior is not None else {}),
        **(live.outputs if live is not None else {}),
    }
    if action in (Action.CREATE, Action.REPLACE) and not desired.virtual:
        outputs = dict.fromkeys(desired.outputs, UNKNOWN)
    return Decision(
        action=action,
        reason=reason,
        id=live.id if live is not None else None,
        outputs={**outputs, **desired.known_outputs},
        values=desired.values,
        memory=prior.memory if prior is not None and action is not Action.CREATE else {},
    )


def _create(request: ChangeRequest, desired: PlatformObject) -> Decision:
    gone = request.prior is not None and request.prior.id is not None
    change = _begin(request, desired, Action.CREATE, ActionReason.GONE if gone else ActionReason.NOT_IN_STATE)
    return replace(change, attributes=_all_new(desired))


def _all_new(desired: PlatformObject) -> tuple[AttributeChange, ...]:
    """Return one difference for each attribute at the top: a tree of them would repeat the complete object."""
    found = []
    for name, value in desired.values.items():
        attribute = desired.schema.member(name)
        if value is not None and not attribute.computed:
            shown = mask(value, attribute)
            found.append(
                AttributeChange(
                    path=(name,),
                    planned=shown,
                    sensitive=attribute.sensitive,
                    effect=attribute.effect or Effect.IN_PLACE,
                )
            )
    return tuple(found)


def _virtual(request: ChangeRequest, desired: PlatformObject) -> Decision:
    prior = request.prior
    if prior is None:
        return replace(_begin(request, desired, Action.CREATE, ActionReason.NOT_IN_STATE), attributes=_all_new(desired))
    found = compare(desired.values, prior.values, prior.values, desired.schema, request.digest, has_prior=True)
    action = Action.UPDATE if found.changes else Action.NO_OP
    change = _begin(request, desired, action, _reason(found.changes) if found.changes else ActionReason.UNCHANGED)
    return replace(change, attributes=found.changes, notes=_notes(found, desired), id=prior.id)


def _compare(request: ChangeRequest, desired: PlatformObject, live: LiveObject) -> Decision:
    prior = request.prior if request.prior is not None and request.prior.id == live.id else None
    ignored = tuple(parse_pattern(path) for path in desired.lifecycle.ignore_changes)
    found = compare(
        desired.values,
        live.values,
        prior.values if prior is not None else None,
        desired.schema,
        request.digest,
        has_prior=prior is not None,
        ignore=desired.lifecycle.ignore_changes,
    )
    found = _with_forced(found, desired)
    record = _Record.of(prior, desired, live, found, request.digest)
    action, reason = _choose(request, desired, found, is_recorded=prior is not None)
    order = replace_order(desired) if action is Action.REPLACE else None
    is_stale = action is Action.NO_OP and bool(record.missed)
    change = _begin(request, desired, Action.UPDATE if is_stale else action, reason)
    importing = action is Action.IMPORT and found.effect is Effect.REPLACES
    return replace(
        change,
        attributes=record.missed if is_stale else found.changes,
        drift=record.drift,
        values=_values(desired, live, importing=importing, ignored=ignored),
        blast_radius=_blast_radius(action, found),
        replace_order=order,
        notes=(*_notes(found, desired), *((_IMPORTED_AS_IT_IS,) if importing else ())),
    )


def _notes(found: Comparison, desired: PlatformObject) -> tuple[str, ...]:
    return tuple(f"{desired.declared.name(path)} cannot be compared: {why}" for path, why in found.notes)


def _values(desired: PlatformObject, live: LiveObject, *, importing: bool, ignored: Sequence[Pattern]) -> Any:
    """Return the values to send and to record; what is live and not declared may be a secret."""
    if importing:
        return conceal(project(live.values, desired.values, desired.schema), desired.values, None, desired.schema)
    if not ignored:
        return desired.values
    kept = keep_ignored(desired.values, live.values, ignored, desired.schema)
    return conceal(kept, desired.values, desired.values, desired.schema)


def _with_forced(found: Comparison, desired: PlatformObject) -> Comparison:
    """Return the comparison with what `Lifecycle.replace_on` names as what replaces the object."""
    replacing = tuple(parse_pattern(pattern) for pattern in desired.lifecycle.replace_on)
    if not any(touches(replacing, change.path) for change in found.changes):
        return found
    changes = (
        replace(change, effect=Effect.REPLACES) if touches(replacing, change.path) else change
        for change in found.changes
    )
    return replace(found, changes=tuple(changes))


_IMPORTED_AS_IT_IS = "it is recorded as it is; the next plan replaces it, because it differs in what cannot be changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    """What the record shows besides the differences between live and wanted."""

    drift: tuple[AttributeChange, ...] = ()
    missed: tuple[AttributeChange, ...] = ()
    """What is wanted and not recorded: it has to be, so that removing it later resets it."""

    @classmethod
    def of(
        cls, prior: ObjectState | None, desired: PlatformObject, live: LiveObject, found: Comparison, digest: Digest
    ) -> _Record:
        if prior is None:
            return cls()
        ignore = desired.lifecycle.ignore_changes
        missed = compare(
            desired.values, prior.values, prior.values, desired.schema, digest, has_prior=True, ignore=ignore
        ).changes
        if missed:
            drifted = drift(prior.values, live.values, desired.schema, digest, ignore=ignore)
        else:  # wanted is what was recorded, so every difference is another user's
            drifted = tuple(replace(item, planned=None) for item in found.changes if item.origin is Origin.DRIFT)
        return cls(
            drift=drifted, missed=tuple(replace(item, effect=Effect.STORED, live=item.planned) for item in missed)
        )


def replace_order(desired: PlatformObject) -> ReplaceOrder:
    """Return which comes first when the object is replaced: names that are unique leave no choice."""
    if desired.name_is_unique:
        return ReplaceOrder.DELETE_THEN_CREATE
    return desired.lifecycle.replace_order or ReplaceOrder.CREATE_THEN_DELETE


def _choose(
    request: ChangeRequest, desired: PlatformObject, found: Comparison, *, is_recorded: bool
) -> tuple[Action, ActionReason]:
    """Return the action and its reason; the order of the tests is the order of precedence."""
    owned = request.live is not None and request.live.owned is True
    if not is_recorded and not owned:
        return Action.IMPORT, ActionReason.FOUND_INSTEAD if request.found_instead else ActionReason.FOUND_BY_NAME
    if is_recorded and request.prior is not None and request.prior.health is Health.TAINTED:
        return Action.REPLACE, ActionReason.TAINTED
    if request.replace:
        return Action.REPLACE, ActionReason.REQUESTED
    replacing = tuple(parse_pattern(pattern) for pattern in desired.lifecycle.replace_on)
    if any(touches(replacing, change.path) for change in found.changes):
        return Action.REPLACE, _reason(found.changes)
    match found.effect:
        case Effect.REPLACES:
            return Action.REPLACE, ActionReason.CANNOT_UPDATE
        case Effect.ROLLS:
            return Action.ROLL, _reason(found.changes)
        case Effect.IN_PLACE | Effect.STORED:
            return Action.UPDATE, _reason(found.changes)
        case None if not is_recorded:
            return Action.IMPORT, ActionReason.NOT_IN_STATE
        case None if request.prior is not None and request.prior.health is Health.UNREADY:
            return Action.NO_OP, ActionReason.UNREADY
        case None:
            return Action.NO_OP, ActionReason.UNCHANGED


def _reason(changes: Sequence[AttributeChange]) -> ActionReason:
    if all(change.origin is Origin.DRIFT for change in changes):
        return ActionReason.DRIFTED
    if all(change.planned is UNKNOWN for change in changes):
        return ActionReason.DEPENDENCY_CHANGED
    if all(change.origin is Origin.UNATTRIBUTED for change in changes):
        return ActionReason.NOT_IN_STATE
    return ActionReason.ATTRIBUTE_CHANGED


def _blast_radius(action: Action, found: Comparison) -> BlastRadius:
    """A replacement counts as downtime in either order: whoever knows the old id or endpoint loses it."""
    if action is Action.REPLACE:
        return BlastRadius.DOWNTIME
    if action is Action.ROLL or (action is Action.IMPORT and found.effect is Effect.ROLLS):
        return BlastRadius.ROLLING
    return BlastRadius.NONE
