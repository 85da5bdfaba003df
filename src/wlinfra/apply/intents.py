"""The intent of a step: what must be on disk before the call, so that a killed run can be cleared up.

`apply.calls` writes it through the recorder. It holds no payload, only keyed digests of the payload's leaves.
"""

from __future__ import annotations

from typing import Any

import orjson

from wlinfra.changes.model import Change, Step
from wlinfra.state.key import Digest
from wlinfra.state.model import Intent
from wlinfra.values import Json, Secret, map_leaves

__all__ = ["draft_intent", "leaf_digests"]

_LENGTH = 16
"""Hexadecimal digits kept of each digest: enough to compare, little enough for a journal."""


def draft_intent(change: Change, step: Step, *, digest: Digest, deadline: float) -> Intent:
    """Return the draft for a step whose references are filled in; raises ConfigurationError for a secret without a source."""
    return Intent(
        address=change.address,
        provider=change.provider,
        kind=change.kind,
        operation=step.operation,
        verb=step.verb,
        target=step.target if isinstance(step.target, str) else None,
        makes=step.makes,
        supersedes=step.supersedes,
        removes=step.removes,
        name=change.name,
        depends_on=change.depends_on,
        lookup=step.lookup,
        digests=leaf_digests(step.payload, digest),
        deadline=deadline,
    )


def leaf_digests(payload: Json, digest: Digest) -> Json:
    """Return the payload with every leaf replaced by its keyed digest; nothing without a key, but secrets are fetched all the same.

    It keeps the payload's shape because a path for each leaf would make an intent several times as long as the
    payload. A secret that cannot be fetched must stop the step before anything is written or sent.
    """
    if payload is None or payload == []:
        return {}
    if not digest.known:
        map_leaves(payload, _text)
        return {}
    return map_leaves(payload, lambda leaf: digest(_text(leaf))[:_LENGTH])


def _text(leaf: Any) -> bytes:
    return leaf.reveal().encode() if isinstance(leaf, Secret) else orjson.dumps(leaf)
