"""The optional parts of the contract: what only some platforms need, found by `isinstance` on the connection.

`plan.expand` asks `Implying` and `Reviewing`, `plan.planner` asks `Owning`, `Asking`, `Attributing` and `Explaining`, `apply.scheduler` `Hearing`, `plan.place` `Placed`; of the provider itself `wlinfra state rm` asks `Holding` and an apply `Reachable`. A provider without them is complete.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from wlinfra.changes.model import PlatformObject
from wlinfra.diff.model import AttributeChange
from wlinfra.errors import Diagnostic
from wlinfra.provider.base import Live, Wanted
from wlinfra.state.model import ObjectState
from wlinfra.values import Address, Json

__all__ = [
    "Asking",
    "Attributing",
    "Explaining",
    "Factual",
    "Hearing",
    "Holding",
    "Implying",
    "Owning",
    "Placed",
    "Reachable",
    "Reviewing",
    "Stray",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stray:
    """An object that the platform proves this stack made."""

    address: Address
    """Where it was declared, as the platform has it, or an address made up for it."""
    kind: str
    name: str
    id: str


@runtime_checkable
class Implying(Protocol):
    """A connection whose objects need something in common that nobody declares, such as an inventory."""

    def implied(self, objects: Sequence[PlatformObject]) -> Sequence[PlatformObject]:
        """Return what the connection's declared objects need together; pure, and nothing when there are none."""
        ...


@runtime_checkable
class Reviewing(Protocol):
    """A connection that sees in all objects together what no single resource tells."""

    def review(self, objects: Sequence[PlatformObject]) -> Sequence[Diagnostic]:
        """Return what people should know about the connection's declared objects; pure, called when there are some."""
        ...


@runtime_checkable
class Owning(Protocol):
    """A connection whose platform proves which objects this stack made, whatever the state says."""

    def strays(self, known: Sequence[Wanted]) -> Sequence[Stray]:
        """Return the objects this stack made that are not among ``known``: those declared or recorded.

        They are planned as recorded objects that nobody declares, so that they go. Raises ProviderError when the
        platform cannot be asked.
        """
        ...


@runtime_checkable
class Placed(Protocol):
    """A connection that tells its platform and account from others, so that no record is taken for one about them."""

    def place(self) -> Mapping[str, str]:
        """Return what identifies the place, by the words people are told, the most certain fact first.

        Facts that cannot be read are left out; none may follow from a token. Raises ProviderError when the platform
        does not answer.
        """
        ...


@runtime_checkable
class Holding(Protocol):
    """A provider, not a connection, whose connections are `Owning`: what the state forgets is not let go by that."""

    def how_to_let_go(self, item: ObjectState) -> str:
        """Return what the next apply does to a forgotten object, and what keeps it from that; calls no platform."""
        ...


@runtime_checkable
class Reachable(Protocol):
    """A provider, not a connection, that can be connected to again by what is recorded of its options."""

    def public_options(self, options: Mapping[str, Any]) -> Mapping[str, Json]:
        """Return the options that hold no secret, as plain JSON that `connect` takes; calls no platform."""
        ...


@runtime_checkable
class Asking(Protocol):
    """A connection whose `plan` asks the platform, so that many objects are better planned at once."""

    @property
    def plan_parallelism(self) -> int:
        """How many objects may be planned at the same time."""
        ...


@runtime_checkable
class Explaining(Protocol):
    """A connection whose platform tells who changed what."""

    def explain(self, reading: Live, drift: Sequence[AttributeChange]) -> Sequence[AttributeChange]:
        """Return the same drift with who made it in the notes, and paths as people write them on the platform; pure."""
        ...


@runtime_checkable
class Attributing(Protocol):
    """A connection whose platform tells what it made itself of an apply, such as by a webhook."""

    def theirs(self, reading: Live, drift: Sequence[AttributeChange]) -> Sequence[AttributeChange]:
        """Return the drift that others made: what is live since our own apply is nobody's change; pure."""
        ...


@runtime_checkable
class Factual(Protocol):
    """A connection whose plans look at `Live.facts`, so that a record without any cannot stand in for the platform."""

    @property
    def fact_kinds(self) -> frozenset[str]:
        """The kinds whose readings have facts."""
        ...


@runtime_checkable
class Hearing(Protocol):
    """A connection whose platform tells it what changes, so that a wait need not go on until the next question."""

    def hear(self, tell: Callable[[], None]) -> None:
        """Take whom to tell, from any thread, whenever an answer of `poll` may have changed; there is one at a time."""
        ...
