"""Paths of `ignore_changes` and `replace_on` that name nothing: they would protect nothing, in silence.

Called by `plan.expand`. Paths are those a plan shows, which a provider's schema knows; a declaration's short forms are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from wlinfra.changes.model import PlatformObject
from wlinfra.diff.schema import OPAQUE, Attribute
from wlinfra.errors import Diagnostic
from wlinfra.resources.base import Resource

__all__ = ["check_paths"]

_PART = re.compile(r"\[\d+\]|[^.\[\]]+")


def check_paths(resource: Resource, objects: Sequence[PlatformObject]) -> Iterator[Diagnostic]:
    """Yield an error for each path that no object of the resource can have."""
    lifecycle = resource.lifecycle
    named = (("ignore_changes", lifecycle.ignore_changes), ("replace_on", lifecycle.replace_on))
    for option, patterns in named:
        for pattern in patterns:
            if objects and not any(_reaches(item.schema, _PART.findall(pattern)) for item in objects):
                yield Diagnostic(
                    summary="No such attribute path",
                    detail=f"{option} of {resource.address} names {pattern!r}, which nothing it stands for on the platform has, so that it would have no effect.",
                    fix=f"Write the path as a plan shows it, elements of lists by their name or as *; the first part is one of {', '.join(_first_parts(objects))}.",
                    address=resource.address,
                    path=option,
                    location=resource.location,
                )


def _reaches(schema: Attribute, parts: Sequence[str]) -> bool:
    """True when the path may exist; where nothing is known of what is below, every path may."""
    if not parts:
        return True
    part, below = parts[0], parts[1:]
    if schema.fields is not None:
        chosen = schema.fields.values() if part == "*" else [schema.fields.get(part)]
        return any(child is not None and _reaches(child, below) for child in chosen)
    if schema.values is not None:
        return _reaches(schema.values, below)
    if schema.keyed_by is not None:
        return not part.startswith("[") and _reaches(schema.items or OPAQUE, below)
    if schema.items is not None:
        return (part == "*" or part.strip("[]").isdigit()) and _reaches(schema.items, below)
    return True


def _first_parts(objects: Sequence[PlatformObject]) -> list[str]:
    return sorted({name for item in objects for name in item.schema.fields or ()})
