"""Checking and expanding a resource whose values are not all known, or of which some are confidential.

Called by `plan.expand`. Providers get the resource completed in several ways (`resources.samples`). What is the same in
all that they return stands; what differs depends on an unknown value and is UNKNOWN, whether that is a number or
an object that may be there or not. No sample gets into a plan.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import partial
from itertools import chain
from typing import Any, Final

from wlinfra.changes.model import Decision, PlatformObject
from wlinfra.diff.leaves import is_list, is_object
from wlinfra.diff.schema import Attribute
from wlinfra.errors import DeclarationError, Diagnostic, WlinfraError
from wlinfra.plan.check import blaming
from wlinfra.provider.base import Connection
from wlinfra.resources.base import Resource
from wlinfra.resources.lenient import is_confidential
from wlinfra.resources.samples import SAMPLE, UNKNOWN_REF, Filling, fillings, shared, unknown_paths
from wlinfra.values import UNKNOWN, Address, Json, Path, Ref, Secret, Template, contains_unknown, map_leaves

__all__ = ["Expanded", "as_unknown", "expand_one", "is_incomplete"]

_MISSING: Final = object()
_ENOUGH: Final = 4
_UNKNOWN_NAME: Final = repr(UNKNOWN)
_SAMPLES: Final = re.compile(rf"{SAMPLE}\d*")


@dataclass(frozen=True, slots=True)
class Expanded:
    """What a resource stands for, and what is wrong or odd about it."""

    objects: tuple[PlatformObject, ...]
    diagnostics: tuple[Diagnostic, ...] = ()
    is_reference: bool = False
    """True where every unknown value is a string, for which a reference stands."""
    drawn: tuple[str, ...] = ()
    """What stands for the unknown values in it."""
    is_exhaustive: bool = True
    """False when an unknown value may have others than those that were tried."""


def is_incomplete(resource: Resource) -> bool:
    """Return whether no provider can take the resource, or an artifact in it, as it is."""
    return resource.is_incomplete or any(
        isinstance(part, Resource) and part.is_incomplete for part in resource.__dict__.values()
    )


def expand_one(connection: Connection, resource: Resource, declared: Mapping[Address, Resource]) -> Expanded:
    """Return what the provider makes of the resource; nothing where it refuses it."""
    if not any(map(is_incomplete, (resource, *_used(resource, declared)))):
        return _answer(connection, resource, declared)
    answers = list(_ways(connection, resource, declared, hiding=False))
    allowed = [answer for answer in answers if not _is_refused(answer)]
    if not allowed:
        return Expanded((), shared([answer.diagnostics for answer in answers]))
    diagnostics = [one for one in allowed[0].diagnostics if all(one in answer.diagnostics for answer in allowed)]
    objects = _merged_objects([answer.objects for answer in allowed])
    if not allowed[0].is_exhaustive:
        is_sole = len({answer.drawn for answer in allowed}) == 1 and not allowed[0].is_reference
        objects = [_all_unknown(item) if is_sole or _is_unseen(item, resource) else item for item in objects]
    if is_confidential(resource):
        hidden = _ways(connection, resource, declared, hiding=True)
        objects = list(_concealed(objects, [answer.objects for answer in hidden if not _is_refused(answer)]))
    return Expanded(tuple(objects), tuple(diagnostics))


def _used(resource: Resource, declared: Mapping[Address, Resource]) -> Iterator[Resource]:
    """Yield the declared resources that it refers to, which its provider may look into."""
    for part in resource.references():
        found = declared.get(part.address.resource if isinstance(part, Ref) else part.address)
        if found is not None:
            yield found


def _ways(
    connection: Connection, resource: Resource, declared: Mapping[Address, Resource], *, hiding: bool
) -> Iterator[Expanded]:
    first: Filling | None = None
    allowed: set[tuple[str, ...]] = set()
    for filling in fillings(resource, hiding=hiding):
        first = first or filling
        if len(allowed) > 1 and filling.as_text is not first.as_text:
            return
        try:
            made = filling.made(resource)
            completed = {address: _beside(filling, other) for address, other in declared.items()}
            answer = _answer(connection, made, completed)
        except WlinfraError as error:
            yield Expanded((), error.diagnostics)
        else:
            yield replace(
                answer,
                drawn=tuple(filling.drawn),
                is_exhaustive=filling.is_exhaustive,
                is_reference=filling.is_only_one,
            )
            if not _is_refused(answer):
                if filling.is_only_one or (filling.is_plain and _is_told(filling, allowed)):
                    return
                allowed.add(tuple(filling.drawn))


def _is_told(filling: Filling, allowed: set[tuple[str, ...]]) -> bool:
    """Return whether further ways bring nothing new: all values of a choice were tried, or enough of others."""
    return tuple(filling.drawn) in allowed if filling.is_exhaustive else len(allowed) >= _ENOUGH


def _beside(filling: Filling, other: Resource) -> Resource:
    """Return another declared resource as it is in this way; in any way that its own rules allow where they refuse it."""
    for way in chain([filling], fillings(other)):
        with suppress(DeclarationError):
            return way.made(other)
    return other


def _answer(connection: Connection, resource: Resource, declared: Mapping[Address, Resource]) -> Expanded:
    blamed = partial(blaming, resource.provider, address=resource.address, location=resource.location)
    with blamed(f"{resource.address} was checked"):
        found = tuple(one.placed(resource.address, resource.location) for one in connection.check(resource))
    if any(one.is_error for one in found):
        return Expanded((), found)
    with blamed(f"{resource.address} was expanded"):
        return Expanded(tuple(connection.expand(resource, declared)), found)


def _is_refused(answer: Expanded) -> bool:
    return any(diagnostic.is_error for diagnostic in answer.diagnostics)


# ---------------------------------------------------------------- what all ways have in common


def _merged_objects(ways: Sequence[Sequence[PlatformObject]]) -> list[PlatformObject]:
    found: dict[Address, list[PlatformObject]] = {}
    for objects in ways:
        for item in objects:
            found.setdefault(item.address, []).append(item)
    return [_merged_object(items) for items in found.values()]


def _merged_object(items: Sequence[PlatformObject]) -> PlatformObject:
    first = items[0]
    ways = [dict(item.values) for item in items]
    merged = _merged(ways)
    known = merged if isinstance(merged, dict) else dict.fromkeys(first.values, UNKNOWN)
    values = _shaped(known, ways)
    is_named = all(item.name == first.name for item in items) and SAMPLE not in first.name
    return replace(
        first,
        kind=first.kind if SAMPLE not in first.kind else _UNKNOWN_NAME,
        name=first.name if is_named else _UNKNOWN_NAME,
        name_is_unique=first.name_is_unique and is_named,
        values=values,
        unknown=tuple(_shapes(known, values, first.schema, ())),
        known_outputs=_merged([dict(item.known_outputs) for item in items]),
        outputs=tuple(dict.fromkeys(name for item in items for name in item.outputs if SAMPLE not in name)),
        depends_on=tuple(dict.fromkeys(one for item in items for one in item.depends_on if SAMPLE not in one)),
        ends_first=tuple(dict.fromkeys(address for item in items for address in item.ends_first)),
        notes=tuple(note for note in first.notes if all(note in item.notes for item in items)),
        evident=frozenset.intersection(*(item.evident for item in items)),
        private=_merged_private([item.private for item in items]),
        refers=tuple(ref for ref in first.refers if ref.key != UNKNOWN_REF.key),
    )


def _all_unknown(item: PlatformObject) -> PlatformObject:
    """Return an object of which no sample shows what an unknown value does: anything but its identity may change."""
    kept = {path[0] for path in item.evident}
    known = {name: value if name in kept else UNKNOWN for name, value in item.values.items()}
    values = _shaped(known, [dict(item.values)])
    return replace(item, values=values, unknown=tuple(_shapes(known, values, item.schema, ())))


def _shaped(merged: Json, values: Sequence[Json]) -> Json:
    """Return the tree with a shape in place of each list and object that is unknown: providers look into those."""
    if merged is UNKNOWN:
        shapes = [value for value in values if is_object(value) or is_list(value)]
        return _blank(max(shapes, key=lambda shape: len(repr(shape)))) if shapes else UNKNOWN
    if is_object(merged):
        return {name: _shaped(item, [value.get(name, _MISSING) for value in values]) for name, item in merged.items()}
    if is_list(merged):
        return [_shaped(item, elements) for item, *elements in zip(merged, *values, strict=True)]
    return merged


def _blank(shape: Json) -> Json:
    """Return the tree with no values but the names of its elements."""
    if is_object(shape):
        return {
            _SAMPLES.sub(_UNKNOWN_NAME, name): _leaf(item) if name == "name" and isinstance(item, str) else _blank(item)
            for name, item in shape.items()
        }
    return [_blank(item) for item in shape] if is_list(shape) else UNKNOWN


def _shapes(merged: Json, values: Json, schema: Attribute, path: Path) -> Iterator[Path]:
    """Yield the paths where a shape stands, as differences name them."""
    if merged is UNKNOWN:
        if values is not UNKNOWN:
            yield path
    elif is_object(merged):
        for name, item in merged.items():
            yield from _shapes(item, values[name], schema.member(name), (*path, name))
    elif is_list(merged):
        for index, (item, value) in enumerate(zip(merged, values, strict=True)):
            key = item.get(schema.keyed_by) if is_object(item) and schema.keyed_by else None
            yield from _shapes(item, value, schema.element, (*path, key if isinstance(key, str) else index))


def as_unknown(decision: Decision, item: PlatformObject) -> Decision:
    """Return the decision as it is shown and recorded: below a shape it has only that it is not known."""
    if not item.unknown:
        return decision
    attributes = list(decision.attributes)
    for path in item.unknown:
        below = [change for change in attributes if change.path[: len(path)] == path]
        if below:
            strongest = max(below, key=lambda change: change.effect)
            whole = replace(strongest, path=path, recorded=None, live=None, planned=UNKNOWN, declared="")
            rest = {id(change) for change in below[1:]}
            attributes = [whole if change is below[0] else change for change in attributes if id(change) not in rest]
    values = dict(decision.values)
    for path in item.unknown:
        values = _without_shape(values, path, item.schema)
    return replace(decision, attributes=tuple(attributes), values=values)


def _without_shape(value: Json, path: Path, schema: Attribute) -> Json:
    if not path:
        return UNKNOWN
    part, rest = path[0], path[1:]
    if is_object(value):
        return {
            name: _without_shape(item, rest, schema.member(name)) if name == part else item
            for name, item in value.items()
        }
    if is_list(value):
        return [
            _without_shape(item, rest, schema.element)
            if part == index or (is_object(item) and schema.keyed_by and item.get(schema.keyed_by) == part)
            else item
            for index, item in enumerate(value)
        ]
    return value


def _is_unseen(item: PlatformObject, resource: Resource) -> bool:
    """True where an unknown value stands for something on the platform, and the object does not show it."""
    if contains_unknown(dict(item.values)):
        return False
    return any(item.declared.on_platform(path) for path in unknown_paths(resource))


def _merged(values: Sequence[Json]) -> Json:
    """Return the tree with UNKNOWN wherever the values differ, or hold a sample."""
    first = values[0]
    if all(map(is_object, values)):
        names = dict.fromkeys(name for value in values for name in value)
        if any(SAMPLE in name for name in names):  # which keys there are is not known
            return UNKNOWN
        return {name: _merged([value.get(name, _MISSING) for value in values]) for name in names}
    if all(map(is_list, values)) and len({len(value) for value in values}) == 1:
        return [_merged(elements) for elements in zip(*values, strict=True)]
    return _leaf(first) if all(_is_same(first, value) for value in values[1:]) else UNKNOWN


def _is_same(left: Json, right: Json) -> bool:
    if left is right:
        return True
    if type(left) is not type(right) or isinstance(left, Secret):
        return False
    return left.key == right.key if isinstance(left, Ref) else repr(left) == repr(right)


def _leaf(leaf: Any) -> Any:
    match leaf:
        case str():
            return UNKNOWN if SAMPLE in leaf or str(UNKNOWN_REF) in leaf else leaf
        case Ref():
            return UNKNOWN if leaf.key == UNKNOWN_REF.key else leaf
        case Template(pieces):
            return UNKNOWN if any(_leaf(piece) is UNKNOWN for piece in pieces) else leaf
        case _:
            return leaf


def _merged_private(notes: Sequence[Any]) -> Any:
    """Return the notes of a provider: its trees merged, and of anything else what the first way has."""
    first = notes[0]
    if is_dataclass(first) and not isinstance(first, type) and all(type(note) is type(first) for note in notes):
        if isinstance(first, Ref | Template):
            return first
        names = [part.name for part in fields(first) if part.init]
        return replace(first, **{name: _merged_private([getattr(note, name) for note in notes]) for name in names})
    if is_object(first) and all(map(is_object, notes)):
        if any(is_dataclass(item) for item in first.values()):
            shared_keys = [key for key in first if all(key in note for note in notes)]
            return {key: _merged_private([note[key] for note in notes]) for key in shared_keys}
        merged = _merged(notes)
        return merged if is_object(merged) else {}
    if isinstance(first, tuple) and all(isinstance(note, tuple) and len(note) == len(first) for note in notes):
        return tuple(_merged_private(elements) for elements in zip(*notes, strict=True))
    return first


# ---------------------------------------------------------------- what is confidential


def _concealed(
    objects: Sequence[PlatformObject], hidden: Sequence[Sequence[PlatformObject]]
) -> Iterator[PlatformObject]:
    """Yield the objects; what differs where only confidential values do is not shown."""
    for item in objects:
        alike = [other for way in hidden for other in way if other.address == item.address]
        if not alike:
            yield item
            continue
        places = list(_differing(dict(item.values), _merged([dict(other.values) for other in (item, *alike)]), ()))
        yield _hiding(item, places)


def _differing(value: Json, merged: Json, path: Path) -> Iterator[Path]:
    if merged is UNKNOWN:
        if value is not UNKNOWN:
            yield path
    elif is_object(value) and is_object(merged):
        for name, item in merged.items():
            if name in value:
                yield from _differing(value[name], item, (*path, name))
    elif is_list(value) and is_list(merged):
        for index, (inner, other) in enumerate(zip(value, merged, strict=False)):
            yield from _differing(inner, other, (*path, index))


def _hiding(item: PlatformObject, places: Iterable[Path]) -> PlatformObject:
    values, schema = dict(item.values), item.schema
    for path in places:
        marked = _sensitive_at(schema, path)
        if marked is not None:
            schema = marked
        else:
            values = _with_secrets(values, path)
    return replace(item, values=values, schema=schema)


def _sensitive_at(schema: Attribute, path: Path) -> Attribute | None:
    """Return the schema with what is at the path marked as sensitive; None where it does not name what is there."""
    if not path:
        return replace(schema, sensitive=True)
    if schema.free or schema.values is schema:
        return None
    part, rest = path[0], path[1:]
    inner = _sensitive_at(schema.element if isinstance(part, int) else schema.member(str(part)), rest)
    if inner is None:
        return None
    if isinstance(part, int):
        return replace(schema, items=inner)
    if schema.fields is None and schema.values is not None:
        return replace(schema, values=inner)
    return replace(schema, fields={**(schema.fields or {}), str(part): inner})


def _with_secrets(value: Json, path: Path) -> Json:
    """Return the tree with every string at or below the path as a secret."""
    if not path:
        return map_leaves(value, lambda leaf: _secret(leaf) if isinstance(leaf, str) else leaf)
    part = path[0]
    if is_object(value):
        return {name: _with_secrets(item, path[1:]) if name == part else item for name, item in value.items()}
    return [_with_secrets(item, path[1:]) if index == part else item for index, item in enumerate(value)]


def _secret(text: str) -> Secret:
    return Secret(lambda: text, describe="a secret of the program")
