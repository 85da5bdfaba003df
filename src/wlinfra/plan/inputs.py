"""What planning and applying work on: one environment of a stack, connected to its platforms and its state.

`workspace.opened` creates it; `plan.planner` reads from it; `apply.applier` executes against it. It knows where each
platform is, because a record means nothing at another platform, installation or account: `refuse_other_place` is
called before anything is concluded from what a platform answers. Facts are compared, the most certain first: never a
token, because that changes while the place stays.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from wlinfra.errors import OtherPlaceError, WlinfraError
from wlinfra.plan.check import blaming
from wlinfra.provider.base import Connection
from wlinfra.provider.optional import KnowsItsPlace
from wlinfra.remedies import Advice, plan
from wlinfra.stack.program import Declared
from wlinfra.stack.stack import ProviderSettings
from wlinfra.state.key import Digest
from wlinfra.state.model import State
from wlinfra.state.siblings import Siblings

__all__ = ["Facts", "Inputs", "Places", "is_same_place", "places_to_record", "refuse_other_place"]

Facts = Mapping[str, str]
"""What identifies a place, such as the uid of a cluster; empty where nothing is known."""


@dataclass(slots=True)
class Places:
    """The places of the connections at hand; each is asked once, when someone wants to know."""

    connections: Mapping[str, Connection] = field(default_factory=dict)
    settings: Mapping[str, ProviderSettings] = field(default_factory=dict)
    _known: dict[str, Facts] = field(default_factory=dict, init=False)
    _mutex: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False, compare=False)

    def of(self, provider: str) -> Facts:
        """Return the facts of a provider's place; raises ProviderError when the platform does not answer."""
        with self._mutex:
            if provider not in self._known:
                self._known[provider] = self._ask(provider)
            return self._known[provider]

    def _ask(self, provider: str) -> Facts:
        connection, settings = self.connections.get(provider), self.settings.get(provider)
        if isinstance(connection, KnowsItsPlace):
            with blaming(provider, "its place was looked up"):
                return dict(connection.place())
        endpoint = settings.options.get("endpoint") if settings is not None else None
        if settings is None or not isinstance(endpoint, str):
            return {}
        return {"endpoint": endpoint.strip().rstrip("/")}


def is_same_place(now: Facts, recorded: Facts) -> bool:
    """Return whether both may be one place, by the most certain fact that both have."""
    if not now or not recorded:
        return True
    return next((recorded[name] == value for name, value in now.items() if name in recorded), False)


def refuse_other_place(state: State, places: Places) -> None:
    """Raise OtherPlaceError when the records are about another place; none of their objects counts as gone then."""
    used = {record.provider for record in state.objects.values() if not record.virtual}
    used |= {intent.provider for intent in state.intents}
    for provider in sorted(used & state.places.keys() & places.connections.keys()):
        recorded, now = state.places[provider], places.of(provider)
        if not is_same_place(now, recorded):
            raise _other_place(state, provider, recorded, now)


def places_to_record(state: State, places: Places) -> Mapping[str, Facts]:
    """Return the places to record: those at hand, completed by what was known of the same place before."""
    found: dict[str, Facts] = {name: dict(facts) for name, facts in state.places.items() if name in places.connections}
    for provider in places.connections:
        try:
            now = places.of(provider)
        except WlinfraError:
            continue  # what was planned was read; that this cannot be read stops nothing
        before = found.get(provider, {})
        if now:
            found[provider] = {**(before if is_same_place(now, before) else {}), **now}
    return found


def _other_place(state: State, provider: str, recorded: Facts, now: Facts) -> OtherPlaceError:
    return OtherPlaceError.of(
        "State belongs to another place",
        f"What this state records at the provider {provider!r} is at {_facts(recorded)}; what answers now is "
        f"{_facts(now)}. Nothing recorded counts as gone there, so nothing was planned.",
        Advice(
            "Point the provider at where the objects are, or add an environment of its own for the other place. If the platform "
            "moved, or all is to be created here as well (what is at the old place stays there, and no one deletes it):",
            plan(state.environment, new_place=True),
        ),
    )


def _facts(facts: Facts) -> str:
    return ", ".join(f"{name} {value}" for name, value in facts.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """One environment: what is declared, what is recorded, and the way to its platforms."""

    declared: Declared
    state: State
    connections: Mapping[str, Connection] = field(default_factory=dict)
    """By the provider's name in the environment."""
    digest: Digest = field(default_factory=Digest)
    places: Places = field(default_factory=Places)
    """Where the connections lead."""
    siblings: Siblings = field(default_factory=Siblings)
    """The other states of the state directory."""
