"""The calls about complete objects: create, apply, delete.

An object is created only where there is none, which the server itself sees to, and looked at before it is forced, so
that nothing of another user's is taken over unseen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from wlinfra.errors import Diagnostic, ProviderError
from wlinfra.provider import (
    DidNotHappen,
    Done,
    Happened,
    Intent,
    Operation,
    Recovery,
    Refused,
    Repeat,
    Sent,
    StepResult,
    UnclearOutcome,
)
from wlinfra.values import Address
from wlinfra_kubernetes.cluster.failures import ClusterError, Failure, fits_when_one_goes, while_stale
from wlinfra_kubernetes.lineage import TAKES, claim, lineage_of
from wlinfra_kubernetes.ownership.identity import ADDRESS, APPLIED
from wlinfra_kubernetes.ownership.succession import is_orphan
from wlinfra_kubernetes.platform import Platform
from wlinfra_kubernetes.read import outputs_of
from wlinfra_manifests.document import Key, wire

from .step import PATH, applying, key_of_call, pinned

__all__ = ["APPLY", "CREATE", "DELETE", "EVIDENCE", "FORCE_APPLY", "OLD"]

EVIDENCE: Final = "applied"
"""What a step's lookup calls the digest that the object has once the step is done, and did not have before."""
OLD: Final = "old"
"""What a step's lookup calls the uid of the object whose name the new one takes."""
_NEVER: Final = "1"
"""A version that no object has, since a storage counts from it before it holds the first."""


# ---------------------------------------------------------------- create


def _create(platform: Platform, sent: Sent) -> StepResult:
    key, body = key_of_call(sent), wire(sent.payload)
    made = _created_once(platform, key, body, sent)
    return made if isinstance(made, Refused) else _done(platform, key, sent, made, is_new=True)


def _created_once(platform: Platform, key: Key, body: Mapping[str, Any], sent: Sent) -> dict[str, Any] | Refused:
    """Apply to nothing, in one request: a server looks at the version of what exists alone, and refuses ours for it."""
    try:
        return platform.client.apply(key, pinned(body, resourceVersion=_NEVER))
    except ClusterError as error:
        if error.failure not in (Failure.STALE, Failure.CONFLICT):
            raise
        live = platform.client.get(key)
        if live is None:
            raise
    meta = live["metadata"]
    if meta.get("deletionTimestamp"):
        raise ClusterError(Failure.BUSY, f"{key} is still being deleted.", after=1.0)
    if is_orphan(platform.client, live):
        raise ClusterError(Failure.BUSY, f"{key} is about to go with what it belongs to.", after=1.0)
    address = str(sent.lookup.get("address") or "")
    if _is_this(platform, live, address):  # an earlier try of this very step created it
        return platform.client.apply(key, pinned(body, uid=meta["uid"]))
    return Refused(
        error=Diagnostic(
            summary="Object exists already",
            detail=f"{key} was created by another user or tool after the plan.",
            fix="Plan again: it will be shown as an import.",
            address=Address(address) or None,
        )
    )


def _is_this(platform: Platform, live: Mapping[str, Any], address: str) -> bool:
    """Return whether this state created the object for the address; two states may begin at one time."""
    marked = (live["metadata"].get("annotations") or {}).get(ADDRESS)
    same = marked in (None, address) and (lineage_of(live) or platform.lineage) == platform.lineage
    return platform.identity.owns(live) and same


def _created(platform: Platform, intent: Intent) -> Recovery:
    key, live = _live(platform, intent)
    meta = live["metadata"] if live is not None else {}
    if live is None or meta["uid"] == intent.lookup.get(OLD) or meta.get("deletionTimestamp"):
        return DidNotHappen()
    if _is_this(platform, live, intent.address):
        return Happened(id=str(meta["uid"]), outputs=outputs_of(live, intent.lookup.get("outputs") or {}))
    return UnclearOutcome(
        error=Diagnostic(
            summary="Object of another user or tool",
            detail=f"{key} exists, but has no mark of {intent.address}: another user or tool created it.",
            fix="Delete or rename it, or adopt it with adopt=True; then run the command again.",
            address=intent.address,
        ),
        candidates=(str(meta["uid"]),),
    )


def _fits_when_the_old_one_goes(error: ProviderError, sent: Sent) -> bool:
    """True for a quota that has room once the cluster counts what is gone, a moment later."""
    return OLD in sent.lookup and isinstance(error, ClusterError) and fits_when_one_goes(error)


# ---------------------------------------------------------------- apply


def _apply(platform: Platform, sent: Sent) -> Done:
    """Apply to the object with the step's uid alone."""
    key, body = key_of_call(sent), wire(sent.payload)
    made = while_stale(lambda: platform.client.apply(key, pinned(body, uid=sent.target)))
    return _done(platform, key, sent, made)


def _force_apply(platform: Platform, sent: Sent) -> Done:
    """Apply the same, forced only in the version that was just looked at."""
    key, body = key_of_call(sent), wire(sent.payload)

    def force() -> dict[str, Any]:
        version = str(((platform.client.get(key) or {}).get("metadata") or {}).get("resourceVersion") or "")
        return platform.client.apply(key, pinned(body, uid=sent.target, resourceVersion=version), force=True)

    return _done(platform, key, sent, while_stale(force))


def _done(platform: Platform, key: Key, sent: Sent, made: Mapping[str, Any], *, is_new: bool = False) -> Done:
    takes = bool(sent.lookup.get(TAKES))
    if key == platform.identity.inventory and (takes or is_new):
        claim(platform, force=takes)
    return Done(id=str(made["metadata"]["uid"]), outputs=outputs_of(made, sent.lookup.get("outputs") or {}))


def _applied(platform: Platform, intent: Intent) -> Recovery:
    """Judge by the digest that the call puts on the object; one that changes none equals its second."""
    _, live = _live(platform, intent)
    evidence = intent.lookup.get(EVIDENCE)
    if live is None or not evidence or live["metadata"]["uid"] != intent.target:
        return DidNotHappen()
    shown = (live["metadata"].get("annotations") or {}).get(APPLIED) == evidence
    return Happened() if shown else DidNotHappen()


# ---------------------------------------------------------------- delete


def _delete(platform: Platform, sent: Sent) -> Done:
    try:
        platform.client.delete(key_of_call(sent), sent.target)
    except ClusterError as error:
        # Another uid under that name is another object: the one that was meant is gone.
        if error.failure not in (Failure.NOT_FOUND, Failure.NO_KIND, Failure.STALE):
            raise
    return Done()


def _deleted(platform: Platform, intent: Intent) -> Recovery:
    _, live = _live(platform, intent)
    meta = live["metadata"] if live is not None else {}
    return DidNotHappen() if meta.get("uid") == intent.target and not meta.get("deletionTimestamp") else Happened()


def _live(platform: Platform, intent: Intent) -> tuple[Key, dict[str, Any] | None]:
    """Return which object the call was about, and what is there now; names are deterministic."""
    key = Key.parse(intent.kind, str(intent.lookup.get("name") or intent.name))
    return key, platform.client.get(key)


CREATE: Final[Operation[Platform]] = applying(
    name="apply", call=_create, look=_created, makes=True, passes=_fits_when_the_old_one_goes
)
APPLY: Final[Operation[Platform]] = applying(name="apply", call=_apply, look=_applied)
FORCE_APPLY: Final[Operation[Platform]] = applying(name="force_apply", call=_force_apply, look=_applied)
DELETE: Final[Operation[Platform]] = Operation(
    name="delete", verb="DELETE", path=PATH, call=_delete, look=_deleted, repeat=Repeat.SAFE, removes=True
)
