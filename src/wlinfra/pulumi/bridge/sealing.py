"""Secrets in what is recorded, where the platform gets them as plain values: a digest stands for each.

The core records such a value as it was sent. Pulumi has all of them, encrypted, in the inputs and outputs of the resource,
so that each call puts them back: whatever plans sees the values themselves, and no file and no record has them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from wlinfra.pulumi.bridge.secret_values import plain, revealed
from wlinfra.pulumi.contract import Properties
from wlinfra.state.key import Digest
from wlinfra.state.ledger import Entry
from wlinfra.state.model import HistoryEntry, Intent, ObjectState, State
from wlinfra.state.session import StateSession
from wlinfra.values import Address, Json, Secret, leaves

__all__ = ["Seal", "SealedSession", "Seals"]

_MARK: Final = "\u27e6"
_TOKEN: Final = re.compile("\u27e6[0-9a-f]{40}\u27e7")
_OLD_HALF: Final = re.compile(r"^replaced-[0-9a-f]{8}\.")
_SHORTEST: Final = 3
"""Shorter strings are replaced where they stand alone, not inside others."""


class Seal:
    """What stands for the secrets of one resource, and what it stands for."""

    def __init__(self, digest: Digest, *given: Properties) -> None:
        """Learn the secrets in the properties, and every other value, which may have been one before."""
        self._values: dict[str, str | int | float] = {}
        self._tokens: dict[str | float, str] = {}
        for properties in given:
            for value in leaves(revealed(dict(properties))):
                if _is_sealable(value):
                    self._values[_token(digest, value)] = value
            for value in _secrets(dict(properties)):
                self._tokens[value] = _token(digest, value)
        self._inside = sorted(
            (text for text in self._tokens if isinstance(text, str) and len(text) >= _SHORTEST), key=len, reverse=True
        )

    def closed(self, item: ObjectState) -> ObjectState:
        """Return the record without secrets."""
        if not self._tokens:
            return item
        return replace(
            item,
            name=self._closed(item.name, numbers=False),
            values=self._closed(dict(item.values)),
            outputs=self._closed(dict(item.outputs), numbers=False),
            memory=self._closed(dict(item.memory), numbers=False),
            facts=self._closed(dict(item.facts)),
            running=self._closed(dict(item.running)),
        )

    def closed_intent(self, intent: Intent) -> Intent:
        """Return the intent without secrets."""
        if not self._tokens:
            return intent
        return replace(
            intent,
            name=self._closed(intent.name, numbers=False),
            record=self.closed(intent.record) if intent.record is not None else None,
            lookup=self._closed(dict(intent.lookup)),
            digests=self._closed(intent.digests),
        )

    def opened(self, item: ObjectState) -> ObjectState:
        """Return the record with its secrets, as far as they are known."""
        return replace(
            item,
            name=self._opened(item.name),
            values=self._opened(dict(item.values)),
            outputs=self._opened(dict(item.outputs)),
            memory=self._opened(dict(item.memory)),
            facts=self._opened(dict(item.facts)),
            running=self._opened(dict(item.running)),
        )

    def opened_intent(self, intent: Intent) -> Intent:
        """Return the intent with its secrets, as far as they are known."""
        return replace(
            intent,
            name=self._opened(intent.name),
            record=self.opened(intent.record) if intent.record is not None else None,
            lookup=self._opened(dict(intent.lookup)),
            digests=self._opened(intent.digests),
        )

    def _closed(self, value: Any, *, numbers: bool = True) -> Any:
        match value:
            case Mapping():
                return {self._without(str(key)): self._closed(item, numbers=numbers) for key, item in value.items()}
            case list() | tuple():
                return [self._closed(item, numbers=numbers) for item in value]
            case str():
                return self._tokens.get(value) or self._without(value)
            case int() | float() if numbers and not isinstance(value, bool):
                return self._tokens.get(value, value)
            case _:
                return value

    def _without(self, text: str) -> str:
        for secret in self._inside:
            text = text.replace(str(secret), self._tokens[secret])
        return text

    def _opened(self, value: Any) -> Any:
        match value:
            case Mapping():
                return {self._with(str(key)): self._opened(item) for key, item in value.items()}
            case list() | tuple():
                return [self._opened(item) for item in value]
            case str() if _MARK in value:
                return self._values[value] if value in self._values else self._with(value)
            case _:
                return value

    def _with(self, text: str) -> str:
        return _TOKEN.sub(lambda found: str(self._values.get(found[0], found[0])), text) if _MARK in text else text


def _token(digest: Digest, value: str | float) -> str:
    text = value if isinstance(value, str) else f"number {float(value)!r}"
    return f"{_MARK}{digest(text)}\u27e7"


def _is_sealable(value: Any) -> bool:
    return type(value) in (str, int, float) and value != ""


def _secrets(value: Json) -> Iterator[str | int | float]:
    for leaf in leaves(value):
        if isinstance(leaf, Secret):
            inner = revealed(plain(leaf))
            yield from (one for one in leaves(inner) if _is_sealable(one))


class Seals:
    """The seals of all resources of one journal."""

    def __init__(self, key: bytes) -> None:
        self._digest = Digest(key)
        self._of: dict[str, Seal] = {}

    def learn(self, resources: Iterable[Address], *given: Properties) -> None:
        """Know what the properties of a resource have, which stands at these addresses."""
        seal = Seal(self._digest, *given)
        self._of.update({_base(address): seal for address in resources})

    def of(self, address: Address) -> Seal | None:
        """Return the seal of what is at an address; None where nothing is known of it in this process."""
        return self._of.get(_base(address.resource))


def _base(resource: Address) -> str:
    return _OLD_HALF.sub("", str(resource))


class SealedSession(StateSession):
    """A state open for writing that has no secret on the disk."""

    def __init__(self, inner: StateSession, seals: Seals) -> None:
        self._inner = inner
        self._seals = seals
        self._cache: dict[Address, tuple[ObjectState, Seal, ObjectState]] = {}

    @property
    def state(self) -> State:
        """What is recorded now."""
        found = self._inner.state
        return replace(
            found,
            objects={address: self._opened(item) for address, item in found.objects.items()},
            intents=tuple(map(self._opened_intent, found.intents)),
        )

    def find(self, address: Address) -> ObjectState | None:
        """Return what is recorded of one object."""
        found = self._inner.find(address)
        return self._opened(found) if found is not None else None

    def reserve(self) -> None:
        """Make sure that results can be written."""
        self._inner.reserve()

    def begin(self, intent: Intent) -> Intent:
        """Record that a step is about to run."""
        begun = self._inner.begin(self._closed_intent(intent))
        return replace(intent, sequence=begun.sequence, epoch=begun.epoch)

    def record(self, entry: Entry) -> None:
        """Make one record of several changes."""
        begin = self._closed_intent(entry.begin) if entry.begin is not None else None
        self._inner.record(replace(entry, begin=begin, put=tuple(map(self._closed, entry.put))))

    def add_history(self, entry: HistoryEntry) -> None:
        """Add one apply to the history."""
        self._inner.add_history(entry)

    def close(self) -> None:
        """Finish writing."""
        self._inner.close()

    def _opened(self, item: ObjectState) -> ObjectState:
        seal = self._seals.of(item.address)
        if seal is None:
            return item
        known = self._cache.get(item.address)
        if known is None or known[0] is not item or known[1] is not seal:
            known = self._cache[item.address] = (item, seal, seal.opened(item))
        return known[2]

    def _opened_intent(self, intent: Intent) -> Intent:
        seal = self._seals.of(intent.address)
        return seal.opened_intent(intent) if seal is not None else intent

    def _closed(self, item: ObjectState) -> ObjectState:
        seal = self._seals.of(item.address)
        return seal.closed(item) if seal is not None else item

    def _closed_intent(self, intent: Intent) -> Intent:
        seal = self._seals.of(intent.address)
        return seal.closed_intent(intent) if seal is not None else intent
