"""Clearing up after an interrupted run: what became of the steps whose intents are still open.

The commands call `resolve` before planning, `apply.applier` calls `record` under the lock. A plan without the lock
resolves and records nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from wlinfra.apply import troubles
from wlinfra.apply.intents import is_certain_by_now, seconds_left
from wlinfra.apply.outputs import known_part
from wlinfra.clock import Clock
from wlinfra.diff.project import redact
from wlinfra.errors import Diagnostic, WlinfraError
from wlinfra.plan.inputs import Inputs
from wlinfra.plan.model import Recovered
from wlinfra.plan.owners import owner_of
from wlinfra.provider.base import DidNotHappen, Happened, Recovery, UnclearOutcome
from wlinfra.state.holder import boot_id
from wlinfra.state.key import Digest
from wlinfra.state.model import Intent, ObjectState
from wlinfra.state.session import StateSession
from wlinfra.values import Address

__all__ = [
    "FIRST_LOOK",
    "LONGEST_LOOK",
    "LOOKS_GROW",
    "is_final",
    "own_recovery",
    "record",
    "resolve",
]

FIRST_LOOK = 1.0
"""Seconds until what did not show is looked up again; each later pause is longer, up to the longest."""
LOOKS_GROW = 1.5
LONGEST_LOOK = 5.0


def resolve(
    inputs: Inputs,
    intents: Sequence[Intent],
    clock: Clock,
    *,
    wait: bool = True,
    report: Callable[[str], None] = lambda _: None,
    boot: str | None = None,
) -> tuple[Recovered, ...]:
    """Return what became of each step; writes nothing.

    That a step did not happen is believed only after its request's time is over. Until then this looks again and
    again, reports the wait in one line, and stops as soon as all of it shows; with ``wait=False`` such a step is
    unclear. ``boot`` is the start of the machine whose clock this is.
    """
    here = boot_id() if boot is None else boot
    found = {intent.sequence: _look_up(inputs, intent) for intent in intents}
    missing = [intent for intent in intents if isinstance(found[intent.sequence], DidNotHappen)]
    if wait:
        left = {intent.sequence: seconds_left(intent, clock, here) for intent in missing}
        early = [intent for intent in missing if left[intent.sequence] > 0]
        if early:
            report(_waiting(early, max(left[intent.sequence] for intent in early)))
            found |= _watch(inputs, early, left, clock)
    else:
        early = [intent for intent in missing if not is_certain_by_now(intent, clock, here)]
        found |= {intent.sequence: UnclearOutcome(error=_too_early(intent)) for intent in early}
    return tuple(_recovered(intent, found[intent.sequence], inputs.digest) for intent in intents)


def _watch(inputs: Inputs, early: Sequence[Intent], left: Mapping[int, float], clock: Clock) -> dict[int, Recovery]:
    """Return what became of each step: as soon as that shows, else when its time is over."""
    begun, interval = clock.monotonic(), FIRST_LOOK
    found: dict[int, Recovery] = {}
    waiting = list(early)
    while waiting:
        over = min(left[intent.sequence] for intent in waiting) - (clock.monotonic() - begun)
        clock.sleep(max(min(interval, over), 0.0))
        interval = min(interval * LOOKS_GROW, LONGEST_LOOK)
        passed = clock.monotonic() - begun
        found |= {intent.sequence: _look_up(inputs, intent) for intent in waiting}
        waiting = [
            intent for intent in waiting if left[intent.sequence] > passed and not is_final(found[intent.sequence])
        ]
    return found


def is_final(found: Recovery) -> bool:
    """True for what a later look-up would not judge otherwise: a platform that could not be asked may answer then."""
    return isinstance(found, Happened) or (isinstance(found, UnclearOutcome) and bool(found.candidates))


def _waiting(early: Sequence[Intent], seconds: float) -> str:
    sent = ", ".join(f"{intent.verb} for {intent.address}" for intent in early)
    return f"An interrupted run sent {sent}, which may still be carried out: waiting {math.ceil(seconds)} s until that is certain."


def _look_up(inputs: Inputs, intent: Intent) -> Recovery:
    connection = inputs.connections.get(intent.provider)
    if connection is None:
        return UnclearOutcome(error=_not_configured(intent))
    try:
        found = own_recovery(intent, connection.recover(intent), inputs.state.objects)
        return DidNotHappen() if _is_of_another_state(inputs, intent, found) else found
    except WlinfraError as error:
        return UnclearOutcome(error=_not_answered(intent, error))


def _is_of_another_state(inputs: Inputs, intent: Intent, found: Recovery) -> bool:
    """True when what a create is taken for to have made is recorded by another environment."""
    if not isinstance(found, Happened) or not intent.makes or found.id is None:
        return False
    return owner_of(inputs, intent.provider, intent.kind, "", found.id) is not None


def own_recovery(intent: Intent, found: Recovery, recorded: Mapping[Address, ObjectState]) -> Recovery:
    """Return what was found out of a create, without taking what another address of this stack made for its effect."""
    if not isinstance(found, Happened) or not intent.makes:
        return found
    others = (
        record.address != intent.address
        and (record.provider, record.kind, record.id) == (intent.provider, intent.kind, found.id)
        for record in tuple(recorded.values())
    )
    return DidNotHappen() if any(others) else found


def _recovered(intent: Intent, found: Recovery, digest: Digest) -> Recovered:
    match found:
        case Happened(id=id, outputs=outputs, memory=memory):
            return Recovered(
                intent=intent,
                outcome="happened",
                id=id,
                outputs=redact(known_part(outputs), digest),
                memory=known_part(memory),
            )
        case DidNotHappen():
            return Recovered(intent=intent, outcome="did-not-happen")
        case UnclearOutcome():
            return Recovered(intent=intent, outcome="unclear", error=troubles.unclear(intent.address, found))


def record(session: StateSession, recovered: Sequence[Recovered]) -> None:
    """Record what was found out, one durable record for each step; what is unclear stays open."""
    for item in recovered:
        if item.outcome == "unclear":
            continue
        before = session.find(item.intent.address)
        after = item.record_after(before)
        gone = item.intent.address if after is None and before is not None else None
        session.end(item.intent, put=after if after != before else None, remove=gone)


def _not_answered(intent: Intent, error: WlinfraError) -> Diagnostic:
    return Diagnostic(
        summary="Interrupted step cannot be looked up",
        detail=f"What became of {intent.verb} for {intent.address}, which an interrupted run sent, could not be found out: {error}",
        fix="Run the same command again when the platform answers.",
        address=intent.address,
    )


def _too_early(intent: Intent) -> Diagnostic:
    return Diagnostic(
        summary="Interrupted step may still happen",
        detail=f"An interrupted run sent {intent.verb} for {intent.address} a moment ago, and the platform may still carry it out.",
        fix="Plan again in a minute, or apply: that waits until it is certain.",
        address=intent.address,
    )


def _not_configured(intent: Intent) -> Diagnostic:
    return Diagnostic(
        summary="Provider not configured",
        detail=f"An interrupted run sent {intent.verb} for {intent.address} to the provider {intent.provider!r}, which this environment no longer configures.",
        fix=f"Configure {intent.provider!r} in this environment again.",
        address=intent.address,
    )
