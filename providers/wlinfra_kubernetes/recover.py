"""Finds out whether an interrupted step took effect: names are deterministic, so the object itself tells.

`provider` calls `recover` for every intent a killed run left. An apply that only changed something is known by the
digest of the declaration it put on the object; one that did not change the digest counts as not done, for applying it
twice is the same as once.
"""

from __future__ import annotations

from wlinfra.errors import Diagnostic
from wlinfra.provider import DidNotHappen, Happened, Intent, Recovery, UnclearOutcome
from wlinfra_manifests.document import Key

from .cluster.failures import ClusterError
from .lineage import lineage_of
from .ownership.identity import ADDRESS, APPLIED
from .planning.steps import EVIDENCE
from .platform import Platform
from .read import outputs_of

__all__ = ["recover"]


def recover(platform: Platform, intent: Intent) -> Recovery:
    """Return what became of the step."""
    key = Key.parse(intent.kind, str(intent.lookup.get("name") or intent.name))
    try:
        live = platform.client.get(key)
    except ClusterError as error:
        return UnclearOutcome(error=error.diagnostic)
    if intent.removes:
        ending = live is not None and live["metadata"].get("deletionTimestamp")
        gone = live is None or live["metadata"]["uid"] != intent.target
        return Happened() if gone or ending else DidNotHappen()
    if live is None:
        return DidNotHappen()
    meta = live["metadata"]
    if not intent.makes:
        evidence = intent.lookup.get(EVIDENCE)
        shown = evidence and (meta.get("annotations") or {}).get(APPLIED) == evidence
        return Happened() if shown and meta["uid"] == intent.target else DidNotHappen()
    if meta["uid"] == intent.lookup.get("old") or meta.get("deletionTimestamp"):
        return DidNotHappen()
    address = (meta.get("annotations") or {}).get(ADDRESS)
    of_another_state = (lineage_of(live) or platform.lineage) != platform.lineage
    if platform.identity.owns(live) and address in (None, intent.address) and not of_another_state:
        return Happened(id=str(meta["uid"]), outputs=outputs_of(live, intent.lookup.get("outputs") or {}))
    return UnclearOutcome(
        error=Diagnostic(
            summary="Object of somebody else",
            detail=f"{key} exists, but bears no mark of {intent.address}: somebody else made it.",
            fix="Delete or rename it, or adopt it with adopt=True; then run the command again.",
            address=intent.address,
        ),
        candidates=(str(meta["uid"]),),
    )
