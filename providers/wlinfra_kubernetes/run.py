"""Makes the one call a step stands for, and says what became of it.

`provider` calls `run` with references filled in. An object is made only where there is none, which the server itself
sees to, and looked at before it is forced, so that nothing of another user's is taken over unseen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from wlinfra.errors import Diagnostic
from wlinfra.provider import Done, Refused, RefusedForNow, Step, StepResult, UnknownOutcome
from wlinfra.values import Address
from wlinfra_manifests.document import Key, wire

from .cluster.failures import ClusterError, Failure, fits_when_one_goes
from .lineage import TAKES, claim, lineage_of
from .ownership.identity import ADDRESS, HANDOVER
from .ownership.succession import is_orphan
from .planning.unions import claim_of
from .platform import Platform
from .read import outputs_of

__all__ = ["run"]

_STALE_TRIES: Final = 5
_NEVER: Final = "1"
"""A version that no object has, since a storage counts from it before it holds the first."""
_UNCERTAIN: Final = frozenset({500, 502, 504})
"""Answers of something between us and the cluster that may hide a success."""


def run(platform: Platform, step: Step) -> StepResult:
    """Make the step's call and return its outcome."""
    key = Key.parse(str(step.lookup["kind"]), str(step.lookup["name"]))
    try:
        if platform.config.read_only:
            return Refused(error=_read_only())
        if platform.unclaimed:
            claim(platform)
        match step.operation:
            case "delete":
                return _delete(platform, key, str(step.target or ""))
            case "hand_over":
                platform.client.apply(key, wire(step.payload), manager=HANDOVER)
                return Done()
            case "claim":
                return _claim(platform, key, step)
            case _:
                return _apply(platform, key, step)
    except ClusterError as error:
        if "old" in step.lookup and fits_when_one_goes(error):  # the cluster counts what is gone a moment later
            return RefusedForNow(error=error.diagnostic, after=error.after)
        return _outcome(step, error)


def _apply(platform: Platform, key: Key, step: Step) -> StepResult:
    body = wire(step.payload)
    made = _make(platform, key, body, step) if step.makes else _update(platform, key, body, step)
    if isinstance(made, Refused):
        return made
    if key == platform.identity.inventory and (step.makes or step.lookup.get(TAKES)):
        claim(platform, force=bool(step.lookup.get(TAKES)))
    return Done(id=str(made["metadata"]["uid"]), outputs=outputs_of(made, step.lookup.get("outputs") or {}))


def _claim(platform: Platform, key: Key, step: Step) -> StepResult:
    """Make fields ours with the values they have; where they are gone nothing is claimed."""
    claims = [tuple(path) for path in step.lookup["claims"]]
    for attempt in range(_STALE_TRIES):
        live = platform.client.get(key)
        if live is None or live["metadata"]["uid"] != step.target:
            return Refused(error=ClusterError(Failure.STALE, f"{key} is gone, or another one.").diagnostic)
        try:
            platform.client.apply(key, claim_of(live, platform.identity.manager, claims))
            break
        except ClusterError as error:
            if error.failure is not Failure.STALE or attempt == _STALE_TRIES - 1:
                raise
    return Done()


def _make(platform: Platform, key: Key, body: Mapping[str, Any], step: Step) -> dict[str, Any] | Refused:
    """Apply to nothing, in one request: a server looks at the version of what exists alone, and refuses ours for it."""
    try:
        return platform.client.apply(key, _pinned(body, resourceVersion=_NEVER))
    except ClusterError as error:
        if error.failure not in (Failure.STALE, Failure.CONFLICT):
            raise
        live = platform.client.get(key)
        if live is None:
            raise
    return _foreign(key, step, platform, live) or platform.client.apply(key, _pinned(body, uid=live["metadata"]["uid"]))


def _pinned(body: Mapping[str, Any], **pins: Any) -> dict[str, Any]:
    return {**body, "metadata": {**body["metadata"], **pins}}


def _update(platform: Platform, key: Key, body: Mapping[str, Any], step: Step) -> dict[str, Any]:
    """Apply to the object with the step's uid alone; forced only in the version that was just looked at."""
    force = step.operation == "force_apply"
    for attempt in range(_STALE_TRIES):
        pinned = {"uid": step.target}
        if force:
            live = platform.client.get(key)
            pinned["resourceVersion"] = str(((live or {}).get("metadata") or {}).get("resourceVersion") or "")
        try:
            return platform.client.apply(key, _pinned(body, **pinned), force=force)
        except ClusterError as error:
            if error.failure is not Failure.STALE or attempt == _STALE_TRIES - 1:
                raise
    raise AssertionError("the loop returns or raises")


def _foreign(key: Key, step: Step, platform: Platform, live: Mapping[str, Any]) -> Refused | None:
    """Return the refusal to make what exists already, unless an earlier try of this very step made it."""
    meta = live["metadata"]
    if meta.get("deletionTimestamp"):
        raise ClusterError(Failure.BUSY, f"{key} is still being deleted.", after=1.0)
    if is_orphan(platform.client, live):
        raise ClusterError(Failure.BUSY, f"{key} is about to go with what it belongs to.", after=1.0)
    same = (meta.get("annotations") or {}).get(ADDRESS) in (None, step.lookup.get("address"))
    same = same and (lineage_of(live) or platform.lineage) == platform.lineage  # two states may begin at one time
    if platform.identity.owns(live) and same:
        return None
    return Refused(
        error=Diagnostic(
            summary="Object exists already",
            detail=f"{key} was made by somebody else after the plan.",
            fix="Plan again: it will be shown as an import.",
            address=Address(str(step.lookup.get("address") or "")) or None,
        )
    )


def _delete(platform: Platform, key: Key, uid: str) -> StepResult:
    try:
        platform.client.delete(key, uid)
    except ClusterError as error:
        # Another uid under that name is another object: the one that was meant is gone.
        if error.failure not in (Failure.NOT_FOUND, Failure.NO_KIND, Failure.STALE):
            raise
    return Done()


def _outcome(step: Step, error: ClusterError) -> StepResult:
    match error.failure:
        case Failure.BUSY if error.status in _UNCERTAIN:
            return UnknownOutcome(error=error.diagnostic)
        case Failure.BUSY | Failure.UNREACHABLE | Failure.STALE:
            return RefusedForNow(error=error.diagnostic, after=error.after)
        case Failure.LOST:
            return UnknownOutcome(error=error.diagnostic)
        case _:
            return Refused(error=error.diagnostic, in_doubt=step.makes and error.failure is Failure.UNAUTHORIZED)


def _read_only() -> Diagnostic:
    return Diagnostic(
        summary="Environment may only read",
        detail="The option read_only is set, so nothing is changed on the cluster.",
        fix="Apply with an account that may write, and without read_only.",
    )
