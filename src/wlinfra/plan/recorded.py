"""Changes of the record alone: nothing is called, only the state learns something."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from wlinfra.changes.model import Action, ActionReason, Change, PlatformObject
from wlinfra.diff.compare import drift
from wlinfra.diff.leaves import is_list, is_object
from wlinfra.diff.model import AttributeChange, Origin
from wlinfra.diff.project import key_elements
from wlinfra.diff.schema import OPAQUE, Attribute, Effect
from wlinfra.errors import ProviderError
from wlinfra.provider.base import Ambiguous, Live, Reading, Unreadable
from wlinfra.state.key import Digest
from wlinfra.state.model import ObjectState, SecretDigest
from wlinfra.values import Json, Secret

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
    """Return what recording the live values would change; nothing is called on the platform.

    What lives in the state alone has nothing live to be told of.
    """
    prior = prior.unpacked() if prior is not None else None
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
    if item.virtual:
        return base
    match reading:
        case Unreadable(error=error):
            raise ProviderError(error)
        case Live() if prior is not None:
            found = drift(prior.values, reading.values, item.schema, digest)
            outputs = {**prior.outputs, **reading.outputs}
            if not found and outputs == prior.outputs:
                return base
            return replace(
                base,
                action=Action.UPDATE,
                reason=ActionReason.DRIFTED,
                drift=found,
                values=_learned_object(
                    prior.values,
                    {name: reading.values.get(name) for name in prior.values},
                    item.values,
                    item.schema,
                    digest,
                ),
                outputs=outputs,
            )
        case Live() | Ambiguous():
            return base
        case _ if prior is not None and prior.id is not None:
            return replace(base, action=Action.FORGET, reason=ActionReason.GONE)
        case _:
            return base


def _learned(recorded: Json, live: Json, wanted: Json, schema: Attribute, digest: Digest) -> Json:
    """Return what is to be recorded: what is live where it differs in meaning, secrets as digests.

    Where the program declares a secret, or one was recorded, the platform may answer with its text.
    """
    if recorded is not None and not drift(recorded, live, schema, digest):
        return recorded
    if isinstance(live, SecretDigest):
        return live
    if isinstance(recorded, SecretDigest) or isinstance(wanted, Secret):
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
    children = schema.fields or {}
    found = {
        name: _learned(
            was.get(name), live.get(name), want.get(name), children.get(name, schema.values or OPAQUE), digest
        )
        for name in names
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
    return [
        _learned(was.get(key), element, want.get(key), schema.items or OPAQUE, digest)
        for key, element in elements.items()
    ]
