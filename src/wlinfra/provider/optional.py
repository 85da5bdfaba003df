"""The optional parts of the contract: what only some platforms need, each named by what it gives.

Found by `isinstance`, on the connection but for `WorksFromRecords` and `DescribesItself`, which are providers. One without
any is complete.
`plan` asks `SeesWholePlan`, `KnowsOwners`, `KnowsItsPlace`, `PlansInParallel` and `PlansFromFacts`, `apply` asks
`NotifiesChanges`; commands that have records alone ask `WorksFromRecords`, and what writes schemas `DescribesItself`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from wlinfra.changes.model import PlatformObject
from wlinfra.diff.model import AttributeChange
from wlinfra.errors import Diagnostic
from wlinfra.provider.base import Live, ReadRequest
from wlinfra.resources.base import Resource
from wlinfra.state.model import ObjectState
from wlinfra.values import Address, Json

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = [
    "DeclaresLive",
    "DescribesItself",
    "KnowsItsPlace",
    "KnowsItsTarget",
    "KnowsOwners",
    "NotifiesChanges",
    "PlansFromFacts",
    "PlansInParallel",
    "SeesWholePlan",
    "Stray",
    "WorksFromRecords",
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
class SeesWholePlan(Protocol):
    """A connection that sees in all of its declared objects together what no single resource shows."""

    def implied(self, objects: Sequence[PlatformObject]) -> Sequence[PlatformObject]:
        """Return what the objects need in common and is not declared, such as an inventory; pure, mostly nothing."""
        ...

    def review(self, objects: Sequence[PlatformObject], *, partial: bool) -> Sequence[Diagnostic]:
        """Return warnings and errors about the objects; pure, called when there are some.

        With ``partial`` there are more objects than these, so that one which is missing may be declared elsewhere.
        """
        ...


@runtime_checkable
class KnowsOwners(Protocol):
    """A connection whose platform knows who created and changed what, whatever the state says."""

    def strays(self, known: Sequence[ReadRequest]) -> Sequence[Stray]:
        """Return the objects this stack made that are not among ``known``: those declared or recorded.

        They are planned as recorded objects that are not declared, so that they go. Raises ProviderError when the
        platform cannot be asked.
        """
        ...

    def theirs(self, reading: Live, drift: Sequence[AttributeChange]) -> Sequence[AttributeChange]:
        """Return the drift that others made, without what the platform made of our own apply; pure."""
        ...

    def explain(self, reading: Live, drift: Sequence[AttributeChange]) -> Sequence[AttributeChange]:
        """Return the same drift with who made it in the notes, and paths as people write them on the platform; pure."""
        ...


@runtime_checkable
class KnowsItsPlace(Protocol):
    """A connection that distinguishes its platform and account from others, so that no record is taken for one about them."""

    def place(self) -> Mapping[str, str]:
        """Return what identifies the place, by the words users are shown, the most certain fact first.

        Facts that cannot be read are left out; none may follow from a token. Raises ProviderError when the platform
        does not answer.
        """
        ...


@runtime_checkable
class KnowsItsTarget(Protocol):
    """A connection that knows from its options alone where its platform is."""

    def target(self) -> Mapping[str, str]:
        """Return those facts of `KnowsItsPlace.place` that the options decide; calls no platform.

        Raises ConfigurationError when the options, and the usual places beside them, do not lead to a platform.
        """
        ...


@runtime_checkable
class DeclaresLive(Protocol):
    """A connection that finds what exists and what it would be declared as, for imports."""

    def find(self, model: type[Resource], identity: str) -> Sequence[str]:
        """Return the ids of what has the id, the lasting identity or the name; raises ProviderError."""
        ...

    def declared(self, model: type[Resource], identity: str, *, name: str) -> Resource:
        """Return the resource of that name which declares what has the id, without the values of secrets.

        Raises ProviderError, and DeclarationError for what no program can declare.
        """
        ...

    def existing(self, model: type[Resource]) -> Iterable[tuple[str, str]]:
        """Yield lasting identity and name of everything of the kind; raises ProviderError."""
        ...


@runtime_checkable
class PlansInParallel(Protocol):
    """A connection whose `plan` asks the platform, so that many objects are better planned at once."""

    @property
    def plan_parallelism(self) -> int:
        """How many objects may be planned at the same time."""
        ...


@runtime_checkable
class PlansFromFacts(Protocol):
    """A connection whose plans look at `Live.facts`, so that a record without any cannot stand in for the platform."""

    @property
    def fact_kinds(self) -> frozenset[str]:
        """The kinds whose readings have facts."""
        ...


@runtime_checkable
class NotifiesChanges(Protocol):
    """A connection that notices by itself what changes, so that a wait need not last until the next question."""

    def on_change(self, notify: Callable[[], None]) -> None:
        """Register a callback, called from any thread whenever an answer of `poll` may have changed; one at a time."""
        ...


@runtime_checkable
class WorksFromRecords(Protocol):
    """A provider, not a connection, that serves commands which have the state and no program; calls no platform."""

    def public_options(self, options: Mapping[str, Any]) -> Mapping[str, Json]:
        """Return the options that hold no secret, as plain JSON that `connect` takes: they are recorded for a destroy."""
        ...

    def how_to_let_go(self, item: ObjectState) -> str:
        """Return what the next apply does to an object that the state forgets, and what keeps it from that.

        Empty where nothing brings it back, as wherever a connection is not `KnowsOwners`.
        """
        ...


@runtime_checkable
class DescribesItself(Protocol):
    """A provider, not a connection, whose options and own resources other tools can learn; calls no platform."""

    def options_model(self) -> type[BaseModel]:
        """Return the model of an environment's options; the string below each attribute is its description."""
        ...

    def own_resources(self) -> Sequence[type[Resource]]:
        """Return the classes of resources that only this platform has."""
        ...
