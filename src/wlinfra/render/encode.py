"""Values of a plan as plain JSON with what cannot be shown beside it: unknown leaves and secret leaves by path.

Both machine formats build on this, so that neither can leak what the other hides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from wlinfra.changes.change import Change
from wlinfra.diff.project import mask
from wlinfra.diff.schema import OPAQUE
from wlinfra.plan.model import Plan
from wlinfra.render.values import is_secret
from wlinfra.values import Json, Path, Ref, Template, Unknown

__all__ = ["Brief", "Encoded", "brief_values", "encode_value", "shown_values"]

_PLAIN: Final = frozenset((str, int, float, bool, type(None)))


def shown_values(plan: Plan, change: Change) -> Mapping[str, Json]:
    """Return the change's wanted values as they may be shown, what its schema calls sensitive hidden."""
    wanted = plan.objects.get(change.address)
    shown: Mapping[str, Json] = mask(dict(change.values), wanted.schema if wanted else OPAQUE)
    return shown


@dataclass(frozen=True, slots=True)
class Brief:
    """Wanted values without what is evident, and how many attributes that leaves out."""

    values: Mapping[str, Json]
    hidden: int = 0


def brief_values(plan: Plan, change: Change) -> Brief:
    """Return what people are shown of a new object; machine formats have it all."""
    values = dict(shown_values(plan, change))
    wanted = plan.objects.get(change.address)
    if wanted is None or not wanted.evident:
        return Brief(values)
    hidden: list[Path] = []
    return Brief(_without(values, (), wanted.evident, hidden), len(hidden))


def _without(values: Mapping[str, Json], path: Path, evident: frozenset[Path], hidden: list[Path]) -> dict[str, Json]:
    """Return the values without the evident ones, noted as hidden, and without objects that hold nothing else."""
    kept: dict[str, Json] = {}
    for name, value in values.items():
        here = (*path, name)
        if here in evident:
            hidden.append(here)
            continue
        left = _without(value, here, evident, hidden) if isinstance(value, Mapping) and value else value
        if left != {} or value == {}:
            kept[name] = left
    return kept


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
