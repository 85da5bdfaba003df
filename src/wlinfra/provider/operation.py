"""One mutating call of a platform as one object: how it is planned, made, found out after a lost answer, and waited with.

A provider has one `Operation` for each call that changes something, in an `Operations` by name; its planners ask an
operation for its step, and `run` and `recover` find it again by the name that plans and journals have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from wlinfra.changes.model import Gate, Repeat, Step
from wlinfra.errors import ProviderError
from wlinfra.provider.base import DidNotHappen, Recovery, StepResult, UnclearOutcome
from wlinfra.state.model import Intent
from wlinfra.values import Json, Ref

__all__ = ["Operation", "Operations", "Sent"]

P = TypeVar("P")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What a call is made with, references filled in."""

    target: str = ""
    """The id that the call is about; empty where it makes one."""
    payload: Json = field(default=None, repr=False)
    lookup: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, step: Step) -> Sent:
        """Return what a step's call is made with."""
        return cls(target=str(step.target or ""), payload=step.payload, lookup=step.lookup)


def _none_needed(platform: object, intent: Intent) -> Recovery:
    """Look nothing up: a second call equals one."""
    del platform, intent
    return DidNotHappen()


def _never(error: ProviderError, sent: Sent) -> bool:
    del error, sent
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation(Generic[P]):
    """One mutating call of a platform ``P``."""

    name: str
    verb: str
    path: str
    """Where it goes, with the names that `step` fills in, in braces; ``{id}`` stays."""
    call: Callable[[P, Sent], StepResult]
    """Makes exactly one mutating request; raises ProviderError for a refusal."""
    look: Callable[[P, Intent], Recovery] = _none_needed
    """Finds out by reads whether an interrupted call took effect; raises ProviderError."""
    repeat: Repeat = Repeat.LOOK_FIRST
    makes: bool = False
    removes: bool = False
    gone_is_done: bool = False
    """What it would end may be gone already."""
    passes: Callable[[ProviderError, Sent], bool] = _never
    """Whether a refusal passes by itself, so that the call is made again later."""

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
        """Return the call as a step of a plan; ``named`` is what its path shows, besides the id of the target."""
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
        return step.operation == self.name and step.makes == self.makes


class Operations(Generic[P]):
    """All mutating calls of a platform; two of one name differ in whether they give an object its identity."""

    def __init__(self, operations: Iterable[Operation[P]]) -> None:
        self._by_name: dict[str, list[Operation[P]]] = {}
        for operation in operations:
            self._by_name.setdefault(operation.name, []).append(operation)

    def of(self, item: Step | Intent) -> Operation[P]:
        """Return the call that a step is, or that an interrupted one was; raises KeyError for an unknown one."""
        found = self._by_name[item.operation]
        return next((one for one in found if one.makes == item.makes), found[0])

    def recover(self, platform: P, intent: Intent) -> Recovery:
        """Return whether an interrupted call took effect: only reads are made, and doubt is returned as doubt."""
        try:
            return self.of(intent).look(platform, intent)
        except ProviderError as error:
            return UnclearOutcome(error=error.diagnostics[0])
