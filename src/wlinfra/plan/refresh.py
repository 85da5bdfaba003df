"""Compares the record with what is live: changes of the record only, without calls.

Our own work that is not over is no drift: a platform may show the old values until a roll is over, and for good
when the roll failed. The record holds what was applied and, in `ObjectState.running`, what ran before; where that is
live, the record is read as what it says of what runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from wlinfra.changes.change import Change
from wlinfra.changes.model import Action, ActionReason, Decision, PlatformObject
from wlinfra.diff.compare import drift
from wlinfra.diff.leaves import is_list, is_object
from wlinfra.diff.model import AttributeChange, Origin
from wlinfra.diff.patterns import parse_pattern
from wlinfra.diff.private import is_open_to_all
from wlinfra.diff.project import keep_ignored, key_elements
from wlinfra.diff.schema import Attribute, Effect
from wlinfra.diff.single import value_at, with_value
from wlinfra.errors import ProviderError
from wlinfra.provider.base import Ambiguous, Live, Reading, Unreadable
from wlinfra.state.key import Digest
from wlinfra.state.model import ObjectState, SecretDigest
from wlinfra.values import Json, Secret

__all__ = ["Settled", "Theirs", "is_another", "record_only", "refreshed", "what_runs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A record as it describes what runs now."""

    record: ObjectState
    unfinished: tuple[AttributeChange, ...] = ()
    """What was applied, and what still runs instead."""


def is_another(reading: Reading, prior: ObjectState | None) -> bool:
    """True when the object that has the name is not the recorded one, and nothing proves that this stack created it."""
    if prior is None or prior.id is None or not isinstance(reading, Live) or not reading.found_by_name:
        return False
    return reading.id != prior.id and reading.owned is not True


def what_runs(record: ObjectState, reading: Reading, schema: Attribute, digest: Digest) -> Settled:
    """Return the record with what ran before the last change where that still runs."""
    if not record.running or not isinstance(reading, Live) or reading.id != record.id:
        return Settled(record=record)
    found = {
        name: _runs(value, record.running[name], reading.values.get(name), schema.member(name), digest)
        if name in record.running
        else value
        for name, value in record.values.items()
    }
    runs = {name: value for name, value in found.items() if value is not None}
    unfinished = drift(dict(record.values), runs, schema, digest)
    return Settled(record=replace(record, values=runs) if unfinished else record, unfinished=unfinished)


def _runs(recorded: Json, before: Json, live: Json, schema: Attribute, digest: Digest) -> Json:
    """Return of a recorded value what the live one proves to be from before, part by part; None where that was nothing."""
    if live is not None and not drift(recorded, live, schema, digest):
        return recorded
    if is_object(recorded) and is_object(before) and is_object(live) and not schema.free:
        found = {
            name: _runs(value, before.get(name), live.get(name), schema.member(name), digest)
            for name, value in recorded.items()
        }
        return {name: value for name, value in found.items() if value is not None}
    if is_list(recorded) and is_list(before) and is_list(live) and schema.keyed_by is not None:
        was, now = (key_elements(side, schema.keyed_by) or {} for side in (before, live))
        elements = [
            _runs(value, was.get(key), now.get(key), schema.element, digest)
            for key, value in (key_elements(recorded, schema.keyed_by) or {}).items()
        ]
        return [element for element in elements if element is not None]
    if before is None or live is None:
        return recorded if before is not live else None
    return recorded if drift(before, live, schema, digest) else before


Theirs: TypeAlias = Callable[[Sequence[AttributeChange]], Sequence[AttributeChange]]
"""Returns the drift that others caused, without changes of our own apply by the platform."""


def record_only(decision: Decision, item: PlatformObject, prior: ObjectState | None) -> Decision:
    """Return the decision, an update without calls where only the record differs."""
    if prior is None or decision.action is not Action.NO_OP:
        return decision
    differences = tuple(_record_differences(item, prior))
    if not differences:
        return decision
    return replace(
        decision,
        action=Action.UPDATE,
        reason=ActionReason.ATTRIBUTE_CHANGED,
        attributes=(*decision.attributes, *differences),
    )


def _record_differences(item: PlatformObject, prior: ObjectState) -> Iterator[AttributeChange]:
    pairs: tuple[tuple[str, Json, Json], ...] = (
        ("protect", prior.protect, item.lifecycle.protect),
        ("retain", prior.retain, item.lifecycle.retain),
        ("depends_on", sorted(prior.depends_on), sorted(item.depends_on)),
    )
    for name, before, after in pairs:
        if before != after:
            yield AttributeChange(
                path=(name,), recorded=before, live=before, planned=after, effect=Effect.STORED, origin=Origin.INTENDED
            )


def refreshed(
    item: PlatformObject, prior: ObjectState | None, reading: Reading, digest: Digest, *, theirs: Theirs = tuple
) -> Change:
    """Return what recording the live values would change; nothing is called on the platform.

    Values that our own last change left as they were, or that the platform changed in our apply, are not recorded as
    another user's change; ``theirs`` returns the drift that others caused. What exists in the state
    alone has nothing live to report.
    """
    prior = prior.unpacked() if prior is not None else None
    depends_on = prior.depends_on if prior is not None else ()
    base = Change(
        # The dependencies that are recorded stay so, and notes of the declaration are not about what is recorded.
        subject=replace(item, depends_on=depends_on, ends_first=(), notes=()),
        decision=_unchanged(prior),
    )
    if item.virtual:
        return base
    match reading:
        case Unreadable(error=error):
            raise ProviderError(error)
        case Live() if prior is not None and not is_another(reading, prior):
            return _seen(base, item, prior, reading, digest, theirs)
        case Live() if prior is not None:  # what is recorded is gone; nothing of the other one is recorded in its place
            return _gone(base)
        case Live() | Ambiguous():
            return base
        case _ if prior is not None and prior.id is not None:
            return _gone(base)
        case _:
            return base


def _gone(base: Change) -> Change:
    return replace(base, decision=replace(base.decision, action=Action.FORGET, reason=ActionReason.GONE))


def _unchanged(prior: ObjectState | None) -> Decision:
    decision = Decision(action=Action.NO_OP, reason=ActionReason.UNCHANGED)
    if prior is None:
        return decision
    return replace(decision, id=prior.id, outputs=prior.outputs, values=prior.values, memory=prior.memory)


def _seen(
    base: Change, item: PlatformObject, prior: ObjectState, reading: Live, digest: Digest, theirs: Theirs
) -> Change:
    """Return the new record of a live object: what others changed, and outputs that moved."""
    now = what_runs(prior, reading, item.schema, digest)
    base = replace(base, unfinished=now.unfinished, found=reading.facts)
    ignore = item.lifecycle.ignore_changes
    every = drift(now.record.values, reading.values, item.schema, digest, ignore=ignore)
    found = tuple(theirs(every))
    # While our own change is not over, outputs are those of what runs, not of what was applied.
    outputs = prior.outputs if now.unfinished else {**prior.outputs, **reading.outputs}
    if not found and outputs == prior.outputs:
        return base
    # Ignored as a whole first: lists that grew or shrank have no element in the place of each recorded one.
    ignored = tuple(parse_pattern(path) for path in ignore)
    kept = keep_ignored(dict(reading.values), dict(prior.values), ignored, item.schema, recorded=True)
    live: dict[str, Json] = {name: kept.get(name) for name in prior.values}
    for change in reversed(every):
        if change not in found:
            live = with_value(live, change.path, value_at(prior.values, change.path))
    for change in now.unfinished:
        live = with_value(live, change.path, value_at(prior.values, change.path))
    values = _learned_object(prior.values, live, item.values, item.schema, digest)
    decision = replace(
        base.decision,
        action=Action.UPDATE,
        reason=ActionReason.DRIFTED,
        drift=found,
        values=values,
        outputs=outputs,
    )
    return replace(base, decision=decision)


def _learned(recorded: Json, live: Json, wanted: Json, schema: Attribute, digest: Digest) -> Json:
    """Return the new record: live values where they differ in meaning, secrets as digests.

    Where the program declares a secret, or one was recorded, the platform may answer with its value.
    """
    if recorded is not None and not drift(recorded, live, schema, digest):
        return recorded
    if isinstance(live, SecretDigest):
        return live
    if isinstance(recorded, SecretDigest) or isinstance(wanted, Secret):
        return SecretDigest(digest(live) if digest.known and isinstance(live, str) else "")
    if schema.private and live is not None and not is_open_to_all(live, wanted, recorded):
        return SecretDigest(digest(live) if digest.known and isinstance(live, str) else "")
    if is_object(live):
        return _learned_object(recorded, live, wanted, schema, digest)
    if is_list(live):
        return _learned_list(recorded, live, wanted, schema, digest)
    return live


def _learned_object(recorded: Json, live: Json, wanted: Json, schema: Attribute, digest: Digest) -> dict[str, Json]:
    """Return the attributes the schema names as far as they were recorded; of a map or free JSON all that is live."""
    was, want = (value if is_object(value) else {} for value in (recorded, wanted))
    names = was if is_object(recorded) and schema.fields is not None else live
    found = {
        name: _learned(was.get(name), live.get(name), want.get(name), schema.member(name), digest) for name in names
    }
    return {name: value for name, value in found.items() if value is not None}


def _learned_list(recorded: Json, live: Json, wanted: Json, schema: Attribute, digest: Digest) -> list[Json]:
    keys = key_elements(live, schema.keyed_by) if schema.keyed_by is not None else None
    was, want = (
        (key_elements(value, schema.keyed_by) if schema.keyed_by is not None else dict(enumerate(value))) or {}
        if is_list(value)
        else {}
        for value in (recorded, wanted)
    )
    elements: Mapping[Any, Json] = dict(enumerate(live)) if keys is None else keys
    return [_learned(was.get(key), element, want.get(key), schema.element, digest) for key, element in elements.items()]
