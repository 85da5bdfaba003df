"""The revision of a live object: a keyed digest of all that a planned change relies on.

Platforms without ETags have timestamps that move with every status. The revision moves only when something does
that we manage, that our whole-object calls echo, or that the object runs.
"""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from wlinfra.changes.model import Action, PlatformObject
from wlinfra.diff.project import project
from wlinfra.diff.schema import Attribute
from wlinfra.provider.base import Live, Reading
from wlinfra.state.key import Digest
from wlinfra.state.model import ObjectState
from wlinfra.values import Json

__all__ = ["canonical", "looked_at", "revision_of"]


def canonical(value: Json) -> bytes:
    """Return one spelling of a JSON value: sorted keys, no spaces."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)


def looked_at(action: Action, desired: PlatformObject | None) -> PlatformObject | None:
    """Return the object whose paths the revision covers; None for what ends, where everything that is live counts."""
    return None if action is Action.REPLACE else desired


def revision_of(reading: Reading, desired: PlatformObject | None, prior: ObjectState | None, digest: Digest) -> str:
    """Return the revision of a reading; empty when nothing is there or no key is known."""
    if not isinstance(reading, Live) or not digest.known:
        return ""
    schema = desired.schema if desired is not None else Attribute()
    managed: Mapping[str, Json] = {**(prior.values if prior else {}), **(desired.values if desired else {})}
    return digest(canonical([reading.id, project(reading.values, managed, schema), reading.pinned]))[:20]
