"""Paths of `ignore_changes` and `replace_on` that name nothing: they would protect nothing, in silence.

Called by `plan.expand`. Paths are those of the declaration, or those of the platform, which a provider's schema knows.
Where no schema says what may be there, such as in a manifest, the path must lead to something declared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wlinfra.changes.model import PlatformObject
from wlinfra.diff.leaves import is_list, is_object, is_open_leaf
from wlinfra.diff.patterns import Pattern, below, parse_pattern
from wlinfra.diff.schema import Attribute
from wlinfra.errors import Diagnostic
from wlinfra.resources.base import Resource
from wlinfra.values import Json

__all__ = ["check_paths"]


def check_paths(resource: Resource | PlatformObject, objects: Sequence[PlatformObject]) -> Iterator[Diagnostic]:
    """Yield an error for each path that no object of the resource can have.

    Paths that an object came with are those of another resource, which is checked by itself.
    """
    lifecycle = resource.lifecycle
    for option, patterns in (("ignore_changes", lifecycle.ignore_changes), ("replace_on", lifecycle.replace_on)):
        for pattern in dict.fromkeys(patterns):
            if objects and not any(_leads_somewhere(item, pattern) for item in objects):
                yield Diagnostic(
                    summary="No such attribute path",
                    detail=f"{option} of {resource.address} names {pattern!r}, which nothing it stands for on the platform has, so that it would have no effect.",
                    fix=_fix(pattern, objects),
                    address=resource.address,
                    path=option,
                    location=resource.location,
                )


def _leads_somewhere(item: PlatformObject, pattern: str) -> bool:
    found = item.declared.on_platform(pattern)
    if found and item.declared.knows(pattern):
        return True
    return any(_reaches(item.schema, parse_pattern(path), item.values) for path in (pattern, *found))


def _fix(pattern: str, objects: Sequence[PlatformObject]) -> str:
    meant = next(filter(None, (item.declared.alike(pattern) for item in objects)), "")
    roots = {name for item in objects for name in (*item.declared.roots, *(item.schema.fields or ()))}
    return (
        (f"Did you mean {meant!r}? " if meant else "")
        + "Write the path as it is declared or as a plan shows it, elements of lists by their name or as *; "
        + f"the first part is one of {', '.join(sorted(roots))}."
    )


def _reaches(schema: Attribute, parts: Pattern, value: Json) -> bool:
    """True when the path may exist: the schema has it, or where no schema says, what is declared."""
    if not parts:
        return True
    if schema.fields is not None:
        named = [(child, name) for name, child in schema.fields.items() if below([parts], name)]
        return any(
            _reaches(child, rest, value.get(name) if is_object(value) else None)
            for child, name in named
            for rest in below([parts], name)
        )
    part, rest = parts[0], parts[1:]
    if schema.values is schema or schema.free:
        return _declared(parts, value)
    if schema.values is not None:
        return _reaches(schema.values, rest, None)
    if schema.keyed_by is not None:
        return not part.isdigit() and _reaches(schema.element, rest, None)
    if schema.items is not None:
        return (part == "*" or part.isdigit()) and _reaches(schema.items, rest, None)
    return value is None or is_object(value) or is_list(value)  # nothing is below a plain value


def _declared(parts: Pattern, value: Json) -> bool:
    """True when the path leads to something in the value, or to something below a value that is not known yet."""
    if not parts or is_open_leaf(value):
        return True
    if is_object(value):
        return any(_declared(rest, item) for name, item in value.items() for rest in below([parts], str(name)))
    if is_list(value):
        named = [*enumerate(value), *((name, item) for item in value for name in _names(item))]
        return any(_declared(rest, item) for name, item in named for rest in below([parts], str(name)))
    return False


def _names(element: Json) -> list[str]:
    """Return what may distinguish the element of a list that no schema describes: its own plain values."""
    return [str(item) for item in element.values() if isinstance(item, str | int)] if is_object(element) else []
