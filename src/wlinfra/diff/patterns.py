"""Patterns of attribute paths, as `ignore_changes` and `replace_on` name them.

A pattern is written like a path in a plan: names with dots between them, ``[0]`` or ``[name=main]`` for an element of
a list, ``["a.b"]`` for a name with dots, and ``*`` for any one name. Names of keys may have dots without quotes, too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeAlias

from wlinfra.diff.leaves import is_list, is_object
from wlinfra.values import Json, Path

__all__ = ["Pattern", "below", "covers", "named_path", "names", "parse_pattern", "touches"]

Pattern: TypeAlias = tuple[str, ...]

_PART: Final = re.compile(r'\[("(?:[^"\\]|\\.)*")\]|\[([^\]]*)\]|([^.\[\]]+)')


def parse_pattern(text: str) -> Pattern:
    """Return the parts of a pattern.

    >>> parse_pattern("runtime.policies[0].target")
    ('runtime', 'policies', '0', 'target')
    >>> parse_pattern('data["model.name"]')
    ('data', 'model.name')
    """
    return tuple(_unquoted(match[1]) if match[1] else match[2] or match[3] for match in _PART.finditer(text))


def _unquoted(text: str) -> str:
    try:
        return str(json.loads(text))
    except ValueError:
        return text[1:-1]


def below(patterns: Iterable[Pattern], name: str) -> list[Pattern]:
    """Return what is left of each pattern whose first parts are the name; ``()`` covers all below the name."""
    return list(dict.fromkeys(rest for pattern in patterns for rest in _rests(pattern, name)))


def _rests(pattern: Pattern, name: str) -> Iterator[Pattern]:
    """Yield the rest of the pattern for every number of its parts that make up the name: a name may have dots."""
    for count in range(1, len(pattern) + 1):
        if names(".".join(pattern[:count]), name):
            yield pattern[count:]


def names(part: str, name: str) -> bool:
    """True when a part of a pattern names it: as it is, as ``*``, or as ``key=name``."""
    if part in ("*", name):
        return True
    key, equals, value = part.partition("=")
    return bool(equals and key.isalnum() and value.strip('"') in (name, "*"))


def covers(patterns: Sequence[Pattern], path: Path) -> bool:
    """True when a pattern names the path or one that it is below."""
    return () in _left(patterns, path)


def touches(patterns: Sequence[Pattern], path: Path) -> bool:
    """True when a pattern names the path, one that it is below, or one below it."""
    return bool(_left(patterns, path))


def _left(patterns: Sequence[Pattern], path: Path) -> list[Pattern]:
    """Return what is left of the patterns along the path; one that ends on the way stays as ``()``."""
    left = list(patterns)
    for part in path:
        if not left or () in left:
            return left
        left = below(left, str(part))
    return left


def named_path(path: Path, values: Json) -> Path:
    """Return the path with the names of list elements that have one in the place of their index."""
    found: list[str | int] = []
    for part in path:
        inner = None
        if is_object(values) and isinstance(part, str):
            inner = values.get(part)
        elif is_list(values) and isinstance(part, int) and part < len(values):
            inner = values[part]
            name = inner.get("name") if is_object(inner) else None
            part = name if isinstance(name, str) else part  # noqa: PLW2901
        found.append(part)
        values = inner
    return tuple(found)
