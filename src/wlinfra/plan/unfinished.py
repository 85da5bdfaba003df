"""Our own work that is not over: what ran before it still runs, and that is not drift.

A platform may show the old values until a roll is over, and for good when the roll failed. The record has what was
applied and, in `ObjectState.running`, what ran before; where that is live, the record is read as describing what runs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from wlinfra.diff.compare import drift
from wlinfra.diff.leaves import is_list, is_object
from wlinfra.diff.model import AttributeChange
from wlinfra.diff.project import key_elements
from wlinfra.diff.schema import OPAQUE, Attribute
from wlinfra.provider.base import Live, Reading
from wlinfra.state.key import Digest
from wlinfra.state.model import ObjectState
from wlinfra.values import Json

__all__ = ["Settled", "what_runs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A record as it describes what runs now."""

    record: ObjectState
    unfinished: tuple[AttributeChange, ...] = ()
    """What was applied, and what still runs instead."""


def what_runs(record: ObjectState, reading: Reading, schema: Attribute, digest: Digest) -> Settled:
    """Return the record with what ran before the last change where that still runs."""
    if not record.running or not isinstance(reading, Live) or reading.id != record.id:
        return Settled(record=record)
    children = schema.fields or {}
    found = {
        name: _runs(value, record.running[name], reading.values.get(name), children.get(name, OPAQUE), digest)
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
        children = schema.fields or {}
        found = {
            name: _runs(value, before.get(name), live.get(name), children.get(name, schema.values or OPAQUE), digest)
            for name, value in recorded.items()
        }
        return {name: value for name, value in found.items() if value is not None}
    if is_list(recorded) and is_list(before) and is_list(live) and schema.keyed_by is not None:
        was, now = (key_elements(side, schema.keyed_by) or {} for side in (before, live))
        elements = [
            _runs(value, was.get(key), now.get(key), schema.items or OPAQUE, digest)
            for key, value in (key_elements(recorded, schema.keyed_by) or {}).items()
        ]
        return [element for element in elements if element is not None]
    if before is None or live is None:
        return recorded if before is not live else None
    return recorded if drift(before, live, schema, digest) else before
