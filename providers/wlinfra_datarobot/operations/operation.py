"""One mutating call of the API as one object: how it is planned, made, found out after a lost answer, and waited with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from wlinfra.errors import Diagnostic
from wlinfra.http.failures import ApiError, Call, FailureKind
from wlinfra.provider import DidNotHappen, Done, Gate, Intent, Recovery, Repeat, Step
from wlinfra.values import Json, Ref

from .. import fetch
from ..platform import Platform

__all__ = ["Operation", "Sent", "identity_in", "live_document", "none_needed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What a call is made with, references filled in."""

    target: str = ""
    """The id that the call is about; empty where it makes one."""
    payload: Json = field(default=None, repr=False)
    lookup: Mapping[str, Any] = field(default_factory=dict)


def none_needed(platform: Platform, intent: Intent) -> Recovery:
    """Look nothing up: a second call equals one."""
    del platform, intent
    return DidNotHappen()


def no_reason(platform: Platform, sent: Sent) -> Diagnostic | None:
    """Know no reason why a conflict would last."""
    del platform, sent
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One mutating call."""

    name: str
    verb: str
    path: str
    call: Callable[[Platform, Sent], Done]
    """Makes exactly one mutating request; raises ApiError."""
    look: Callable[[Platform, Intent], Recovery] = none_needed
    """Finds out by reads whether an interrupted call took effect; raises ApiError."""
    repeat: Repeat = Repeat.LOOK_FIRST
    makes: bool = False
    removes: bool = False
    gone_is_done: bool = False
    """What it would end may be gone already."""
    waits_when_busy: bool = False
    """A conflict means that the platform is busy, so that the call is made again later."""
    lasting: Callable[[Platform, Sent], Diagnostic | None] = no_reason
    """Looks up why a conflict does not end by waiting; None where it does. Raises ApiError."""

    def step(
        self,
        summary: str,
        target: str | Ref | None = None,
        *,
        payload: Json = None,
        lookup: Mapping[str, Any] | None = None,
        gate: Gate | None = None,
        supersedes: bool = False,
        named: Mapping[str, str] | None = None,
    ) -> Step:
        """Return the call as a step of a plan; ``named`` are the ids that its path shows, besides that of the target."""
        return Step(
            operation=self.name,
            verb=self.verb,
            path=self.path.format_map({"id": "{id}", **(named or {})}),
            summary=summary,
            target=target,
            payload=payload,
            makes=self.makes,
            supersedes=supersedes,
            removes=self.removes,
            repeat=self.repeat,
            lookup=lookup or {},
            gate=gate,
        )

    def made(self, step: Step) -> bool:
        """Return whether a step is this call."""
        return step.operation == self.name


def identity_in(answer: Mapping[str, Any] | None, method: str, path: str) -> str:
    """Return the id in the answer to a create; raises ApiError where there is none."""
    match answer:
        case {"id": str() as identity}:
            return identity
        case _:
            raise ApiError(
                Call(method=method, path=path, platform="DataRobot"), FailureKind.UNKNOWN, "The answer has no id."
            )


def live_document(platform: Platform, kind: str, identity: str | None) -> fetch.Document | None:
    """Return an object by its id, None where it is gone; raises ApiError for what the platform does not tell."""
    found = fetch.get(platform, kind, identity or "")
    if isinstance(found, ApiError):
        raise found
    return found
