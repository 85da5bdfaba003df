"""One row for each attribute that has a field of its own in an object: from it follow the field, its path and the inverse.

`probes` and `security` are written with rows; `attributes` names the paths of all other fields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from wlinfra.resources.model import Model
from wlinfra.values import Json

__all__ = ["Row", "declared", "paths", "written"]


def _same(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One attribute; the path on the wire is dotted."""

    declared: str
    wire: str
    default: Json = None
    """What is written where nothing is declared; None for nothing."""
    rows: tuple[Row, ...] = ()
    """The rows of the model that stands there."""
    to_wire: Callable[[Any], Json] = _same
    to_declared: Callable[[Any], Json] = _same


def written(rows: tuple[Row, ...], model: Model) -> dict[str, Json]:
    """Return what the model becomes; what it leaves out gets the row's default."""
    document: dict[str, Json] = {}
    for row in rows:
        value = getattr(model, row.declared)
        value = row.default if value is None else written(row.rows, value) if row.rows else row.to_wire(value)
        if value is not None:
            _put(document, row.wire, value)
    return document


def declared(rows: tuple[Row, ...], document: Mapping[str, Any]) -> dict[str, Json]:
    """Return the attributes that would be written as the document; defaults are left out."""
    found: dict[str, Json] = {}
    for row in rows:
        value = _get(document, row.wire)
        if value is not None and value != row.default:
            found[row.declared] = declared(row.rows, value) if row.rows else row.to_declared(value)
    return found


def paths(rows: tuple[Row, ...]) -> Iterator[tuple[str, str]]:
    """Yield the path of each attribute on the wire and in the declaration."""
    for row in rows:
        yield row.wire, row.declared
        yield from ((f"{row.wire}.{wire}", f"{row.declared}.{name}") for wire, name in paths(row.rows))


def _get(document: Any, path: str) -> Any:
    for name in path.split("."):
        document = document.get(name) if isinstance(document, Mapping) else None
    return document


def _put(document: dict[str, Any], path: str, value: Any) -> None:
    *above, name = path.split(".")
    for part in above:
        document = document.setdefault(part, {})
    document[name] = value
