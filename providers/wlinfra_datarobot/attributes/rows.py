"""What is known of an attribute in one row, and what follows from the rows of a model.

A row names the declared attribute, its place on the wire and how its values compare. From the rows follow what is sent
(`Shape.written`), what is compared (`Shape.schema`), what a version of the API takes and lacks (`Shape.sent`)
and the inverse: what a live document would be declared as (`Shape.declared`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from wlinfra.provider import OPAQUE, Attribute
from wlinfra.resources.model import Model
from wlinfra.values import UNKNOWN, Json

from .dialects import Dialect

__all__ = ["Gap", "Requirement", "Row", "Shape"]

Document = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """What a version of the API must have for an attribute; ``neutral`` values need nothing and are left out."""

    what: str
    """What a version without it does not have, in words; `{}` is the value."""
    has: Callable[[Dialect], bool] = lambda _: True
    takes: Callable[[Dialect, Json], bool] = lambda _dialect, _value: True
    """Whether a version that has it takes this value."""
    neutral: tuple[Json, ...] = (None,)
    ignored: bool = False
    """A version without it accepts the value and does not apply it."""
    fix: str = ""
    """What to do about it; by default, to leave it out."""

    def is_met(self, dialect: Dialect, value: Json) -> bool:
        """Return whether a version of the API can take the value."""
        return self.has(dialect) and self.takes(dialect, value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A value that a version of the API cannot take, or does not apply."""

    path: tuple[str, ...]
    """Its place in the document, elements of lists by their key."""
    name: str
    """The declared attribute."""
    what: str
    """What the version does not have, in words."""
    fix: str
    ignored: bool = False
    """It is accepted and not applied."""


def _same(value: Json) -> Json:
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One attribute; paths are dotted."""

    declared: str = ""
    """Its name in the program; empty for what only the platform has."""
    wire: str = ""
    """Its place in the platform's document."""
    attribute: Attribute = OPAQUE
    """How its values compare; its fields or items come from ``shape``."""
    shape: Shape | None = None
    """The rows of the model that stands there."""
    flat: bool = False
    """The rows of ``shape`` belong to the same model, one level deeper on the wire."""
    listed: bool = False
    """A list of that model; the attribute says by what its elements are matched."""
    read: Callable[[Any], Json] | None = None
    """Reads the value from the declared model, where it is not simply the attribute of that name."""
    to_wire: Callable[[Any], Json] = _same
    to_declared: Callable[[Any], Json] = _same
    if_declared: bool = False
    """Left alone on the platform while the program does not mention it, whatever its default."""
    inner: tuple[tuple[str, str], ...] = ()
    """What has no rows of its own below it: places on the wire, as the program has them; `[]` is an element."""
    server_only: bool = False
    """Only the platform sets it, so it is never sent."""
    need: Requirement | None = None
    send: Callable[[Any, Dialect], Json] | None = None
    """Turns the compared value into what a version of the API calls it."""

    def value(self, model: Model) -> Json:
        """Return what the model declares, on the wire; None for nothing."""
        if self.flat and self.shape is not None:
            return self.shape.written(model)
        if self.if_declared and self.declared not in model.model_fields_set:
            return None
        found = self.read(model) if self.read is not None else getattr(model, self.declared)
        if found is None:
            return None
        if self.shape is None:
            return self.to_wire(found)
        return [self.shape.written(item) for item in found] if self.listed else self.shape.written(found)

    def compared(self) -> Attribute:
        """Return the attribute with the attributes below it."""
        if self.shape is None:
            return self.attribute
        if self.listed:
            return replace(self.attribute, items=self.shape.schema())
        return replace(self.attribute, fields=self.shape.schema().fields)

    def gap(self, value: Json) -> Gap:
        """Return what a version without its need lacks for the value."""
        need = self.need or Requirement(what="")
        fix = need.fix or f"Leave {self.declared} out."
        path = tuple(self.wire.split("."))
        return Gap(path=path, name=self.declared, what=need.what.format(value), fix=fix, ignored=need.ignored)

    def below(self, value: Any, dialect: Dialect | None) -> tuple[Any, list[Gap]]:
        """Return the document of the model that stands there, or a list of them, as `Shape.sent` does."""
        shape, at = self.shape or Shape(rows=()), tuple(self.wire.split("."))
        if not self.listed:
            sent, gaps = shape.sent(value, dialect)
            return sent, [replace(gap, path=(*at, *gap.path)) for gap in gaps]
        pairs = [shape.sent(item, dialect) for item in value]
        keys = [str(item.get(self.attribute.keyed_by) or index) for index, item in enumerate(value)]
        return [sent for sent, _ in pairs], [
            replace(gap, path=(*at, key, *gap.path)) for key, (_, gaps) in zip(keys, pairs, strict=True) for gap in gaps
        ]

    def inverted(self, value: Any) -> Json:
        """Return what a live value would be declared as."""
        if self.shape is None:
            return self.to_declared(value)
        return [self.shape.declared(item) for item in value] if self.listed else self.shape.declared(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The attributes of one model."""

    rows: tuple[Row, ...]
    root: Attribute = field(default_factory=Attribute)

    def written(self, model: Model) -> Document:
        """Return what the model declares as the platform's document."""
        document: Document = {}
        for row in self.rows:
            if (row.declared or row.flat) and (value := row.value(model)) is not None:
                _put(document, row.wire, value)
        return document

    def schema(self) -> Attribute:
        """Return the tree that the differ walks."""
        tree: dict[str, Any] = {}
        for row in self.rows:
            _put(tree, row.wire, row.compared())
        return replace(self.root, fields=_fields(tree))

    def declared(self, document: Mapping[str, Any]) -> Document:
        """Return the attributes that would declare the document; what is absent or null is left out."""
        attributes: Document = {}
        for row in self.rows:
            value = _get(document, row.wire)
            if value is None or not (row.declared or row.flat):
                continue
            inverse = row.inverted(value)
            if row.flat:
                attributes |= inverse
            elif inverse is not None and inverse != {}:
                _put(attributes, row.declared, inverse)
        return attributes

    def sent(self, document: Mapping[str, Any], dialect: Dialect | None) -> tuple[Document, list[Gap]]:
        """Return the document as a version of the API takes it, and what it cannot take of it.

                Without a version, only what the platform alone sets is left out. Keys that no row knows stay, so that writing
        a complete document deletes nothing.
        """
        sent = dict(document)
        gaps: list[Gap] = []
        for row in self.rows:
            value = _find(sent, row.wire)
            if value is _ABSENT or value is UNKNOWN:
                continue
            if row.server_only:
                sent = _without(sent, row.wire)
            elif row.need is not None and dialect is not None and not row.need.is_met(dialect, value):
                if value not in row.need.neutral:
                    gaps.append(row.gap(value))
                if not row.need.ignored:
                    sent = _without(sent, row.wire)
            elif row.shape is not None and value is not None:
                below, more = row.below(value, dialect)
                gaps += more
                sent = _with(sent, row.wire, below)
            elif row.send is not None and value is not None and dialect is not None:
                sent = _with(sent, row.wire, row.send(value, dialect))
        return sent, gaps

    def paths(self, declared: str = "", wire: str = "") -> Iterator[tuple[str, str, Row]]:
        """Yield every row with its full declared path and its full path on the wire."""
        for row in self.rows:
            ours = ".".join(filter(None, (declared, row.declared))) if row.declared else ""
            theirs = ".".join(filter(None, (wire, row.wire)))
            yield ours, theirs, row
            if row.shape is not None:
                yield from row.shape.paths(ours + "[]" * row.listed, theirs + "[]" * row.listed)

    def names(self) -> Iterator[tuple[str, str]]:
        """Yield what the program calls each place on the wire, elements of lists and maps among them."""
        for ours, theirs, row in self.paths():
            if row.declared:
                yield theirs, ours
                yield from ((theirs + below, ours + declared) for below, declared in row.inner)
                if row.listed:
                    yield f"{theirs}[]", f"{ours}[]"


_ABSENT: Final = object()


def _find(document: Any, path: str) -> Any:
    for name in path.split("."):
        if not isinstance(document, Mapping) or name not in document:
            return _ABSENT
        document = document[name]
    return document


def _get(document: Any, path: str) -> Any:
    found = _find(document, path)
    return None if found is _ABSENT else found


def _put(document: Document, path: str, value: Any) -> None:
    *above, name = path.split(".")
    for part in above:
        document = document.setdefault(part, {})
    document[name] = value


def _with(document: Document, path: str, value: Any) -> Document:
    first, _, rest = path.partition(".")
    return {**document, first: _with(document[first], rest, value) if rest else value}


def _without(document: Document, path: str) -> Document:
    first, _, rest = path.partition(".")
    if rest:
        return {**document, first: _without(document[first], rest)}
    return {key: value for key, value in document.items() if key != first}


def _fields(tree: Mapping[str, Any]) -> Mapping[str, Attribute]:
    return {
        name: item if isinstance(item, Attribute) else Attribute(fields=_fields(item)) for name, item in tree.items()
    }
