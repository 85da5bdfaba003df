"""Changes of the record alone: nothing is called, only the state learns something."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any

from wlinfra.changes.model import Action, ActionReason, Change, PlatformObject
from wlinfra.diff.compare import drift
from wlinfra.diff.model import AttributeChange, Origin
from wlinfra.diff.schema import Effect
from wlinfra.errors import ProviderError
from wlinfra.provider.base import Ambiguous, Live, Reading, Unreadable
from wlinfra.state.key import Digest
from wlinfra.state.model import ObjectState
from wlinfra.values import Json, Path

__all__ = ["record_only", "refreshed"]


def record_only(change: Change, prior: ObjectState | None) -> Change:
    """Return the change, made an update without calls when only what is recorded about the object differs."""
    if prior is None or change.action is not Action.NO_OP:
        return change
    differences = tuple(_record_differences(change, prior))
    if not differences:
        return change
    return replace(
        change,
        action=Action.UPDATE,
        reason=ActionReason.ATTRIBUTE_CHANGED,
        label="recorded only",
        attributes=(*change.attributes, *differences),
    )


def _record_differences(change: Change, prior: ObjectState) -> Iterator[AttributeChange]:
    pairs: tuple[tuple[str, Json, Json], ...] = (
        ("protect", prior.protect, change.lifecycle.protect),
        ("retain", prior.retain, change.lifecycle.retain),
        ("depends_on", sorted(prior.depends_on), sorted(change.depends_on)),
    )
    for name, before, after in pairs:
        if before != after:
            yield AttributeChange(
                path=(name,), recorded=before, live=before, planned=after, effect=Effect.STORED, origin=Origin.INTENDED
            )


def refreshed(item: PlatformObject, prior: ObjectState | None, reading: Reading, digest: Digest) -> Change:
    """Return what recording the live values would change; nothing is called on the platform."""
    base = Change(
        address=item.address,
        kind=item.kind,
        provider=item.provider,
        name=item.name,
        action=Action.NO_OP,
        reason=ActionReason.UNCHANGED,
        id=prior.id if prior is not None else None,
        outputs=prior.outputs if prior is not None else {},
        values=prior.values if prior is not None else {},
        memory=prior.memory if prior is not None else {},
        depends_on=prior.depends_on if prior is not None else (),
        lifecycle=item.lifecycle,
        location=item.location,
        virtual=item.virtual,
    )
    match reading:
        case Unreadable(error=error):
            raise ProviderError(error)
        case Live() if prior is not None:
            found = drift(prior.values, reading.values, item.schema, digest)
            if not found and dict(reading.outputs) == dict(prior.outputs):
                return base
            return replace(
                base,
                action=Action.UPDATE,
                reason=ActionReason.DRIFTED,
                label="recorded only",
                drift=found,
                values=_live_values(prior.values, found),
                outputs={**prior.outputs, **reading.outputs},
            )
        case Live() | Ambiguous():
            return base
        case _ if prior is not None and prior.id is not None:
            return replace(base, action=Action.FORGET, reason=ActionReason.GONE, label="recorded only")
        case _:
            return base


def _live_values(recorded: Json, found: tuple[AttributeChange, ...]) -> dict[str, Json]:
    """Return the recorded values with everything that drifted replaced; secrets are left as they were recorded."""
    values: dict[str, Json] = deepcopy(dict(recorded))
    for change in found:
        if not change.sensitive:
            _put(values, change.path, change.live)
    return values


def _put(values: Any, path: Path, value: Json) -> None:
    """Set one path; keys of keyed lists are found by the element that holds them."""
    *parents, last = path
    for part in parents:
        values = _child(values, part)
        if values is None:
            return
    if isinstance(values, dict):
        if value is None:
            values.pop(last, None)
        else:
            values[last] = value
    elif isinstance(values, list) and isinstance(last, int) and last < len(values):
        values[last] = value


def _child(values: Any, part: str | int) -> Any:
    if isinstance(values, dict):
        return values.get(part)
    if isinstance(values, list):
        if isinstance(part, int):
            return values[part] if part < len(values) else None
        return next((item for item in values if isinstance(item, dict) and part in item.values()), None)
    return None
