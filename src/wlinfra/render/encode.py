"""Values of a plan as plain JSON with what cannot be shown beside it: unknown leaves and secret leaves by path.

Both machine formats build on this, so that neither can leak what the other hides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from wlinfra.changes.model import Change
from wlinfra.diff.project import mask
from wlinfra.diff.schema import OPAQUE
from wlinfra.plan.model import Plan
from wlinfra.render.values import is_secret
from wlinfra.values import Json, Path, Ref, Template, Unknown

__all__ = ["Encoded", "encode_value", "shown_values"]

_PLAIN: Final = frozenset((str, int, float, bool, type(None)))


def shown_values(plan: Plan, change: Change) -> Mapping[str, Json]:
    """Return the change's wanted values as they may be shown, what its schema calls sensitive hidden."""
    wanted = plan.objects.get(change.address)
    shown: Mapping[str, Json] = mask(dict(change.values), wanted.schema if wanted else OPAQUE)
    return shown


@dataclass(slots=True)
class Encoded:
    """A value as plain JSON; unknown and secret leaves are null in it and listed by their paths."""

    value: Any = None
    unknown: list[Path] = field(default_factory=list)
    sensitive: list[Path] = field(default_factory=list)


def encode_value(value: Json, *, sensitive: bool = False) -> Encoded:
    """Return the value without anything that must not be seen; a sensitive one is hidden as a whole."""
    if sensitive:
        return Encoded(sensitive=[()] if value is not None else [])
    encoded = Encoded()
    encoded.value = _encode(value, (), encoded)
    return encoded


def _encode(value: Json, path: Path, into: Encoded) -> Any:
    kind = type(value)
    if kind in _PLAIN:  # the plain types first: a plan of thousands of objects has millions of leaves
        return value
    if kind is dict:
        return {str(key): _encode(item, (*path, str(key)), into) for key, item in value.items()}
    if is_secret(value):
        into.sensitive.append(path)
        return None
    match value:
        case Unknown() | Ref() | Template():
            into.unknown.append(path)
            return None
        case Mapping():
            return _encode(dict(value), path, into)
        case list() | tuple():
            return [_encode(item, (*path, index), into) for index, item in enumerate(value)]
        case None | bool() | int() | float() | str():
            return value
        case _:
            return str(value)
