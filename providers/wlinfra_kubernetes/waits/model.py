"""What the judges of single kinds share: the question, conditions, and the answers.

`poll` makes a `Look` for each object; the judges return a `Status`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from wlinfra.errors import Diagnostic
from wlinfra.provider import Failed, Ready, Status, Waiting, WaitingStill
from wlinfra_kubernetes.platform import Platform
from wlinfra_manifests.document import Key

__all__ = ["Look", "age", "condition", "failed", "is_observed", "one_line", "waits"]

_SLACK: Final = 5.0
"""Seconds that may pass from what a call of ours caused to the first look at it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One object that is awaited, as it is now."""

    platform: Platform
    waiting: Waiting
    key: Key
    document: Mapping[str, Any]
    remembered: bool = False
    """What is looked at beside it may come from what is watched."""

    def __post_init__(self) -> None:
        """Note when this wait looked first."""
        self.platform.first_look(str(self.document["metadata"].get("uid")))

    @property
    def since(self) -> float:
        """When this run looked at the object for the first time, in seconds since the epoch."""
        return self.platform.first_look(str(self.meta.get("uid")))

    def lasted(self, *times: str | None) -> float:
        """Return for how many seconds something has been so since the latest of the times, and this run looked on.

        What an earlier run gave up for gets its time again: someone may have put it right meanwhile.
        """
        now = self.platform.now()
        return min([max(0.0, now - self.since), *(age(text, now) for text in times if text)])

    def precedes(self, text: str | None) -> bool:
        """True when that time was well before this run looked first."""
        return bool(text) and age(text, self.platform.now()) > self.platform.now() - self.since + _SLACK

    def list(self, kind: Key, *, labels: str = "", fields: str = "") -> Sequence[Mapping[str, Any]]:
        """Return other objects that tell about it; raises ClusterError as a request does."""
        if self.remembered:
            return list(self.platform.watches.objects(kind, labels=labels, fields=fields).values())
        return self.platform.client.list(kind, labels=labels, fields=fields)

    @property
    def spec(self) -> Mapping[str, Any]:
        """What is wanted."""
        found: Mapping[str, Any] = self.document.get("spec") or {}
        return found

    @property
    def status(self) -> Mapping[str, Any]:
        """What is."""
        found: Mapping[str, Any] = self.document.get("status") or {}
        return found

    @property
    def meta(self) -> Mapping[str, Any]:
        """Its metadata."""
        found: Mapping[str, Any] = self.document["metadata"]
        return found

    def ready(self) -> Status:
        """Return that it is ready, with its outputs."""
        from wlinfra_kubernetes.read import outputs_of

        return Ready(outputs=outputs_of(self.document, self.waiting.details.get("outputs") or {}))


def waits(reason: str) -> Status:
    """Return that it is not ready yet, and why, on one line."""
    return WaitingStill(reason=one_line(reason))


def one_line(text: str) -> str:
    """Return the text on one line, so that who searches a log for the reason finds all of it."""
    return " ".join(text.split())


def failed(look: Look, detail: str) -> Status:
    """Return that it cannot become ready by itself."""
    return Failed(
        error=Diagnostic(
            summary=f"{look.key.kind} did not become ready",
            detail=f"{look.key}: {one_line(detail)}",
            fix="Correct the cause, then run the command again: it goes on from here.",
            address=look.waiting.address,
        )
    )


def condition(status: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """Return the condition of that type, empty when there is none; the list is null right after a create."""
    for item in status.get("conditions") or ():
        if item.get("type") == kind:
            found: Mapping[str, Any] = item
            return found
    return {}


def is_observed(look: Look) -> bool:
    """True when the controller has seen the current version, or does not say which one it saw."""
    seen = look.status.get("observedGeneration")
    return seen is None or seen >= (look.meta.get("generation") or 0)


def age(text: str | None, now: float) -> float:
    """Return how many seconds ago a time of the cluster was; 0 when there is none."""
    if not text:
        return 0.0
    return max(0.0, now - datetime.fromisoformat(text).timestamp())
