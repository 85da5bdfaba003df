"""Pods follow what they read at their start: a keyed digest of it in the pod template makes a change of it a roll.

`plan` asks for the stamp of an object and `context` sends it. A pod reads its variables once, so that a rotated secret
would otherwise never reach it. The digest is made with the state's key and has a mark of that key:

- a live stamp of this key is compared with what is wanted;
- a live stamp of another key, or none, stays as it is while nothing that the pods read changes in this plan; it is
  renewed with the next roll, so that a lost key and an object made before there were stamps restart nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from wlinfra.errors import ConfigurationError
from wlinfra.provider import Action, AttributeChange, Decision, Effect, PlanRequest, PlatformObject
from wlinfra.values import UNKNOWN, Path, Secret, is_open, map_leaves
from wlinfra_kubernetes.declared.readers import CONTENTS
from wlinfra_kubernetes.platform import Platform
from wlinfra_kubernetes.private import Read, private_of
from wlinfra_manifests.document import Key, at, canonical
from wlinfra_manifests.secrets import SECRETS_DIGEST, STAMPED

__all__ = ["RESTARTS", "STAMP", "Stamp", "has_read", "stamp_attribute", "stamp_of", "with_readers_named"]

RESTARTS: Final = "a secret or setting that its pods read at their start changes"
"""The note on a new stamp."""
STAMP: Final = "stamp"
"""The fact that records what pods have read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """The annotation of a pod template; empty where none is sent."""

    live: str = ""
    now: str = ""
    """What is sent when nothing else rolls the pods."""
    with_roll: str = ""
    """What is sent when the pods are replaced anyway."""

    @property
    def rolls(self) -> bool:
        """True when it alone replaces the pods."""
        return self.now != self.live

    @property
    def with_next_roll(self) -> Stamp:
        """The same, with what is sent when the pods are replaced anyway."""
        return replace(self, now=self.with_roll)

    @property
    def is_late(self) -> bool:
        """True when the next roll should renew it."""
        return self.with_roll != self.now


def stamp_of(platform: Platform, request: PlanRequest, desired: PlatformObject) -> Stamp:
    """Return the stamp of an object; an empty one for what reads nothing at its start.

    Where nothing was read of an object that exists, it is read for this. Raises ClusterError.
    """
    sources = private_of(desired).reads
    if not sources:
        return Stamp()
    path = STAMPED[str(desired.values["kind"])]
    document: Mapping[str, Any] = request.live.document if request.live is not None else {}
    if request.live is not None and not document:
        document = platform.client.get(Key.parse(desired.kind, desired.name)) or {}
    found = at(dict(document), (*path, SECRETS_DIGEST))
    live = found if isinstance(found, str) else ""
    wanted = _wanted(request, sources) or live
    if request.live is None:
        return Stamp(now=wanted, with_roll=wanted)
    same_key = bool(live) and live.partition("-")[0] == wanted.partition("-")[0]
    now = wanted if same_key or _is_changing(request, sources) else live
    return Stamp(live=live, now=now, with_roll=wanted)


def has_read(request: PlanRequest, desired: PlatformObject, facts: Mapping[str, Any]) -> bool:
    """Return whether the record says that the pods have read all that they are to read, and nothing of it changes."""
    sources = private_of(desired).reads
    if not sources:
        return True
    if _is_changing(request, sources):
        return False
    return bool(wanted := _wanted(request, sources)) and facts.get(STAMP) == wanted


def _wanted(request: PlanRequest, sources: Sequence[Read]) -> str:
    """Return the digest of everything that is read; empty where it is not known here."""
    digest = request.digest
    contents = [[str(source.address), request.filled(dict(source.contents))] for source in sources]
    if not digest.known or is_open(contents):
        return ""
    try:
        revealed = map_leaves(contents, lambda leaf: leaf.reveal() if isinstance(leaf, Secret) else leaf)
    except ConfigurationError:  # a secret that is not known here counts as unchanged
        return ""
    return f"{digest.fingerprint[:8]}-{digest(canonical(revealed))[:32]}"


def _is_changing(request: PlanRequest, sources: Sequence[Read]) -> bool:
    """Return whether this plan changes what is read."""
    changes = [request.dependencies.get(source.address) for source in sources]
    return any(change is not None and _changes_contents(change.decision) for change in changes)


def _changes_contents(change: Decision) -> bool:
    if change.action in (Action.CREATE, Action.REPLACE):
        return True
    return any(
        item.path[:1] and item.path[0] in CONTENTS
        for item in change.attributes
        if item.live != item.planned or item.sensitive
    )


def stamp_attribute(desired: PlatformObject, stamp: Stamp) -> AttributeChange:
    """Return the difference that a stamp makes, for a plan that did not ask the cluster."""
    path: Path = (*STAMPED[str(desired.values.get("kind"))], SECRETS_DIGEST)
    planned = stamp.now or UNKNOWN
    return AttributeChange(path=path, live=stamp.live or None, planned=planned, effect=Effect.ROLLS, note=RESTARTS)


def with_readers_named(change: Decision, desired: PlatformObject) -> Decision:
    """Return the change of a Secret or ConfigMap with a note of the pods that keep the old values."""
    readers = private_of(desired).readers
    if not readers or change.action is not Action.UPDATE or not change.steps or not _changes_contents(change):
        return change
    note = (
        f"pods of {', '.join(readers)} keep the old values of variables until they restart; "
        f"roll_on=[{desired.address.rpartition('.')[2]}] there makes it a roll"
    )
    return replace(change, notes=(*change.notes, note))
