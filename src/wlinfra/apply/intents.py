"""The intent of a step: what must be on disk before the call, so that a killed run can be cleared up.

`apply.calls` writes it through the recorder. It holds the record that holds if the step happens, and no payload: of
what the record does not say, only keyed digests of the leaves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from wlinfra.changes.change import Change
from wlinfra.changes.model import Step
from wlinfra.clock import Clock
from wlinfra.state.key import Digest
from wlinfra.state.model import Intent, ObjectState
from wlinfra.values import Json, Secret, map_leaves

__all__ = ["draft_intent", "is_certain_by_now", "leaf_digests", "seconds_left"]

_LENGTH = 16
"""Hexadecimal digits kept of each digest: enough to compare, little enough for a journal."""
_EARLIER = 75.0
"""Seconds for an intent of an earlier version, which does not say how long its call can take effect."""
_SKEW = 600.0
"""Seconds by which the clocks of two machines may differ, where only a plan asks."""


def draft_intent(
    change: Change,
    step: Step,
    *,
    digest: Digest,
    clock: Clock,
    boot: str = "",
    record: ObjectState | None = None,
    ends: str | None = None,
) -> Intent:
    """Return the draft for a step whose references are filled in; raises ConfigurationError for a secret without a source.

    ``record`` is what holds if the step happens; ``boot`` names the start of the machine that the clock counts from,
    ``ends`` the recorded identity that a removal ends.
    """
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
        ends=ends if step.removes and ends not in (None, step.target) else "",
        name=change.name,
        depends_on=change.depends_on,
        lookup=step.lookup,
        digests=leaf_digests(_beyond(step.payload, record.values if record else {}), digest),
        record=record,
        deadline=clock.now() + step.timeout,
        timeout=step.timeout,
        begun=clock.monotonic(),
        boot=boot,
    )


def _beyond(payload: Json, recorded: Json) -> Json:
    """Return what of the payload the record does not say already; nothing of it is kept twice."""
    if payload == recorded:
        return {}
    if not (isinstance(payload, Mapping) and isinstance(recorded, Mapping)):
        return payload
    left = {name: _beyond(value, recorded.get(name)) for name, value in payload.items()}
    return {name: value for name, value in left.items() if value != {}}


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


def seconds_left(intent: Intent, clock: Clock, boot: str) -> float:
    """Return how long from now the call may still take effect, at most its own timeout.

    Only the clock of the same start of the same machine proves how old an intent is; else it may have begun just now.
    """
    timeout = intent.timeout or (_EARLIER if intent.deadline else 0.0)
    if intent.timeout and intent.boot and intent.boot == boot:
        age = clock.monotonic() - intent.begun
        return min(max(timeout - age, 0.0), timeout) if age >= 0 else timeout
    if not intent.timeout:
        planned = intent.deadline - clock.now()
        return planned if 0 < planned <= timeout else timeout
    return timeout


def is_certain_by_now(intent: Intent, clock: Clock, boot: str) -> bool:
    """True when a plan, which makes no call, may take it that the call takes effect no more; an apply asks `seconds_left`."""
    left = seconds_left(intent, clock, boot)
    if intent.boot and intent.boot == boot:
        return left == 0
    planned = intent.deadline - clock.now()
    return left == 0 or not -_SKEW < planned <= left + _SKEW
