"""Live values that may be another user's secret: the platform returns them in plain text, and no program declares them.

`Attribute.private` marks where they may stand, such as the value of an environment variable. Such a value is neither
shown nor recorded in plain text, unless the program or the record has it in plain text at the same place.
"""

from __future__ import annotations

from typing import Any

from wlinfra.diff.leaves import is_list, is_object, is_special
from wlinfra.diff.project import key_elements
from wlinfra.diff.schema import OPAQUE, Attribute
from wlinfra.values import Json, Secret

__all__ = ["conceal", "is_open_to_all"]


def is_open_to_all(live: Json, wanted: Json, recorded: Json) -> bool:
    """True when a live private value may be shown: it is known in plain text, or its place is declared and recorded so."""
    if any(side is not None and not is_special(side) and side == live for side in (wanted, recorded)):
        return True
    return all(side is not None and not is_special(side) for side in (wanted, recorded))


def conceal(live: Json, wanted: Json, recorded: Json, schema: Attribute) -> Json:
    """Return the live values with a `Secret` in place of each private one that must not be shown or recorded."""
    if live is None or is_special(live):
        return live
    if schema.private and not (is_object(live) or is_list(live)):
        return live if is_open_to_all(live, wanted, recorded) else _hidden(live)
    if is_object(live):
        fields = schema.fields or {}
        want, was = (side if is_object(side) else {} for side in (wanted, recorded))
        inner = schema.values or (Attribute(private=True) if schema.private else OPAQUE)
        found = {
            name: conceal(item, want.get(name), was.get(name), fields.get(name, inner)) for name, item in live.items()
        }
        return live if all(found[name] is item for name, item in live.items()) else found
    if is_list(live):
        return _concealed_list(live, wanted, recorded, schema)
    return live


def _concealed_list(live: Json, wanted: Json, recorded: Json, schema: Attribute) -> Json:
    inner = schema.items or (Attribute(private=True) if schema.private else OPAQUE)
    names = [_name(item, index, schema.keyed_by) for index, item in enumerate(live)]
    want, was = (_elements(side, schema.keyed_by) for side in (wanted, recorded))
    found = [conceal(item, want.get(name), was.get(name), inner) for name, item in zip(names, live, strict=True)]
    return live if all(new is old for new, old in zip(found, live, strict=True)) else found


def _elements(side: Json, key: str | None) -> dict[str, Json]:
    if not is_list(side):
        return {}
    keyed = key_elements(side, key) if key is not None else None
    return keyed if keyed is not None else {str(index): item for index, item in enumerate(side)}


def _name(item: Json, index: int, key: str | None) -> str:
    return str(item[key]) if key is not None and is_object(item) and key in item else str(index)


def _hidden(value: Json) -> Any:
    text = value if isinstance(value, str) else repr(value)
    return Secret(lambda: text, describe="its live value")
