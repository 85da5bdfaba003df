"""Which places of an object hold a secret on any side, so that no side is shown there.

Called by `diff.compare` when it reports a difference. A secret on one side covers the same place on the others:
the platform may return in plain text what the program declares as a secret, or what was recorded as one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TypeAlias

from wlinfra.diff.leaves import is_list, is_object, is_open_leaf, is_plain
from wlinfra.diff.model import SENSITIVE
from wlinfra.diff.project import key_elements
from wlinfra.diff.schema import Attribute
from wlinfra.errors import ConfigurationError
from wlinfra.state.key import Digest
from wlinfra.state.model import SecretDigest
from wlinfra.values import UNKNOWN, Json, Path, Secret

__all__ = ["Cover"]

_Place: TypeAlias = tuple[str, ...]
"""A path with ``*`` for every index: elements without a key may have moved, so one secret covers all of its column."""


class Cover:
    """The places of one object that must not be shown."""

    def __init__(self, sides: Sequence[Json], schema: Attribute, digest: Digest) -> None:
        self._places: set[_Place] = set()
        self._texts: set[str] = set()
        self._digests: set[str] = set()
        self._digest = digest
        for side in sides:
            if is_plain(side):
                continue
            for place, leaf in _leaves(side, schema, ()):
                self._learn(place, leaf)

    def _learn(self, place: _Place, leaf: Json) -> None:
        if isinstance(leaf, SecretDigest):
            self._places.add(place)
            self._digests.add(leaf.digest)
        elif isinstance(leaf, Secret):
            self._places.add(place)
            with suppress(ConfigurationError):  # a secret without a source here cannot be recognised elsewhere
                self._texts.add(leaf.reveal())

    def hides(self, path: Path) -> bool:
        """True when a secret stands there or above."""
        return bool(self._places) and self._covers(_place(path))

    def show(self, value: Json, path: Path, schema: Attribute) -> Json:
        """Return the value with SENSITIVE where a secret stands and UNKNOWN where only the apply will tell."""
        return self._show(value, _place(path), schema)

    def _show(self, value: Json, place: _Place, schema: Attribute) -> Json:
        if value is None:
            return None
        if is_open_leaf(value):
            return UNKNOWN
        if schema.sensitive or isinstance(value, Secret | SecretDigest) or (self._places and self._covers(place)):
            return SENSITIVE
        if is_object(value) or is_list(value):
            return self._show_container(value, place, schema)
        return SENSITIVE if isinstance(value, str) and self._is_secret(value) else value

    def _show_container(self, value: Json, place: _Place, schema: Attribute) -> Json:
        shown = [
            (name, self._show(item, inner, child), item) for name, item, child, inner in _children(value, schema, place)
        ]
        if all(new is old for _, new, old in shown):
            return value
        return {name: new for name, new, _ in shown} if is_object(value) else [new for _, new, _ in shown]

    def _is_secret(self, text: str) -> bool:
        """True for a secret's text that stands under another name, such as that of a renamed variable."""
        return text in self._texts or (
            bool(self._digests) and self._digest.known and self._digest(text) in self._digests
        )

    def _covers(self, place: _Place) -> bool:
        return any(place[:length] in self._places for length in range(len(place) + 1))


def _place(path: Path) -> _Place:
    return tuple("*" if isinstance(part, int) else part for part in path)


def _leaves(value: Json, schema: Attribute, place: _Place) -> Iterator[tuple[_Place, Json]]:
    if is_object(value) or is_list(value):
        for _, item, child, inner in _children(value, schema, place):
            yield from _leaves(item, child, inner)
    else:
        yield place, value


def _children(value: Json, schema: Attribute, place: _Place) -> Iterator[tuple[str, Json, Attribute, _Place]]:
    """Yield name, element, attribute and place of everything right below."""
    if is_object(value):
        for name, item in value.items():
            yield name, item, schema.member(name), (*place, name)
        return
    keyed = key_elements(value, schema.keyed_by) if schema.keyed_by is not None else None
    for index, item in enumerate(value):
        part = "*" if keyed is None else str(item[schema.keyed_by])
        yield str(index), item, schema.element, (*place, part)
