"""Paths as the API server writes them: in conflicts (text) and in ``managedFields`` (fieldsV1).

`conflicts` parses what a refusal names, finds who owns it and takes it out of what is sent.

>>> parse('.spec.template.spec.containers[name="c"].image')[-2:]
({'name': 'c'}, 'image')
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from wlinfra.values import Json, Path

__all__ = [
    "FieldPath",
    "by_key",
    "find",
    "is_path",
    "leaves_of",
    "owned_part",
    "owners_of",
    "owns",
    "parse",
    "put",
    "resolved",
    "shown",
    "with_value",
    "without",
]

FieldPath: TypeAlias = tuple[str | int | Mapping[str, Any], ...]
"""Field names, indexes, and for elements of keyed lists the keys; ``{"": value}`` is an element of a set."""

_PART = re.compile(r'\.([^.\[\]]+)|\[((?:[^\]"]|"(?:[^"\\]|\\.)*")*)\]')
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_PAIR = re.compile(r'([A-Za-z0-9_]*)=("(?:[^"\\]|\\.)*"|[^,]+)')


def parse(text: str) -> FieldPath:
    """Return the path of a cause; a dot in front may be left out."""
    text = text if text.startswith((".", "[")) else f".{text}"
    return tuple(_part(match) for match in _PART.finditer(text))


def is_path(text: str) -> bool:
    """Return whether all of the text is a path: nothing of it is left over, and no key list is empty."""
    text = text if text.startswith((".", "[")) else f".{text}"
    return "".join(match[0] for match in _PART.finditer(text)) == text and {} not in parse(text)


def resolved(text: str, value: Json) -> FieldPath | None:
    """Return the path by which the text leads to something in the tree; None when nothing stands there.

    Keys such as ``app.kubernetes.io/name`` have dots, which the API server writes like those between the parts.
    """
    return _resolved(parse(text), value)


def _resolved(parts: FieldPath, value: Json) -> FieldPath | None:
    if not parts:
        return ()
    for count in range(1, _words(parts) + 1):
        part = ".".join(map(str, parts[:count])) if count > 1 else parts[0]
        child = _child(value, part)
        if child is not None and (rest := _resolved(parts[count:], child)) is not None:
            return (part, *rest)
    return None


def _words(parts: Sequence[Any]) -> int:
    """Return how many names the path starts with, at least one: so many may be one key."""
    count = next((index for index, part in enumerate(parts) if not isinstance(part, str)), len(parts))
    return max(1, count)


def _part(match: re.Match[str]) -> str | int | Mapping[str, Any]:
    name, inside = match[1], match[2]
    if name is not None:
        return name
    if _QUOTED.fullmatch(inside):
        return str(_literal(inside))
    if inside.isdigit():
        return int(inside)
    return {pair[1]: _literal(pair[2]) for pair in _PAIR.finditer(inside)}


def _literal(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def shown(path: FieldPath) -> str:
    """Return the path as people write it: ``spec.template.spec.containers[name=c].image``."""
    text = ""
    for part in path:
        match part:
            case str():
                text += f".{part}" if text else part
            case int():
                text += f"[{part}]"
            case _:
                text += "[" + ",".join(f"{key}={value}" for key, value in part.items()) + "]"
    return text


def by_key(path: FieldPath) -> Path:
    """Return the path with each element by the first of its keys, as a plan shows it."""
    return tuple(next(iter(map(str, part.values()))) if isinstance(part, Mapping) else part for part in path)


def find(value: Json, path: FieldPath) -> Json:
    """Return what stands at the path; None when nothing does."""
    for part in path:
        value = _child(value, part)
        if value is None:
            return None
    return value


def _child(value: Json, part: str | int | Mapping[str, Any]) -> Json:
    match part:
        case str():
            return value.get(part) if isinstance(value, Mapping) else None
        case int():
            return value[part] if isinstance(value, list) and part < len(value) else None
        case _:
            return next((item for item in value if _has(item, part)), None) if isinstance(value, list) else None


def _has(item: Json, keys: Mapping[str, Any]) -> bool:
    if set(keys) == {""}:
        return bool(item == keys[""])
    # A key the server fills in by default, such as a port's protocol, may be missing where it was declared.
    return isinstance(item, Mapping) and all(item.get(key, value) == value for key, value in keys.items())


def without(value: Json, path: FieldPath) -> Json:
    """Return the tree without what stands at the path; containers on the way stay."""
    if not path:
        return value
    part, rest = path[0], path[1:]
    match part:
        case str():
            if not isinstance(value, Mapping) or part not in value:
                return value
            if not rest:
                return {key: item for key, item in value.items() if key != part}
            return {**value, part: without(value[part], rest)}
        case int():
            if not isinstance(value, list) or part >= len(value):
                return value
            changed = [] if not rest else [without(value[part], rest)]
            return [*value[:part], *changed, *value[part + 1 :]]
        case _:
            if not isinstance(value, list):
                return value
            return [without(item, rest) if _has(item, part) else item for item in value if rest or not _has(item, part)]


def with_value(tree: Json, path: FieldPath, value: Json) -> dict[str, Json]:
    """Return the tree with the value at a path of names, and with the maps that lead there."""
    here = tree if isinstance(tree, Mapping) else {}
    name, rest = str(path[0]), path[1:]
    return {**here, name: with_value(here.get(name), rest, value) if rest else value}


def put(tree: Json, path: FieldPath, value: Json) -> Json:
    """Return the tree with another value at a path that exists, through elements of lists too."""
    if not path:
        return value
    part, rest = path[0], path[1:]
    if isinstance(part, str):
        return {**tree, part: put(tree.get(part), rest, value)} if isinstance(tree, Mapping) else tree
    if not isinstance(part, Mapping) or not isinstance(tree, list):
        return tree
    return [put(item, rest, value) if _has(item, part) else item for item in tree]


def owned_part(value: Json, fields: Mapping[str, Any]) -> Json:
    """Return what a manager's fieldsV1 hold of a live object, as an apply of it would send it."""
    names = [name for name in fields if name != "."]
    if not fields:
        return value
    if isinstance(value, Mapping):
        return {name: owned_part(item, fields[f"f:{name}"]) for name, item in value.items() if f"f:{name}" in fields}
    if not isinstance(value, list):
        return value
    found: list[Json] = []
    for item in value:
        name = next((name for name in names if _has(item, _keys_of(name))), None)
        found += [owned_part(item, fields[name])] if name is not None else []
    return found


def _keys_of(name: str) -> Mapping[str, Any]:
    part = _unkey(name)
    return part if isinstance(part, Mapping) else {"": object()}


def owns(fields: Mapping[str, Any], path: FieldPath) -> bool:
    """Return whether a manager's fieldsV1 hold the path."""
    node: Any = fields
    for part in path:
        key = _key(part)
        if not isinstance(node, Mapping) or key not in node:
            return False
        node = node[key]
    return True


def owners_of(document: Mapping[str, Any], path: FieldPath) -> Iterator[Mapping[str, Any]]:
    """Yield the entries of ``managedFields`` that hold the path."""
    for entry in (document.get("metadata") or {}).get("managedFields") or ():
        if owns(entry.get("fieldsV1") or {}, path):
            yield entry


def _key(part: str | int | Mapping[str, Any]) -> str:
    match part:
        case str():
            return f"f:{part}"
        case int():
            return f"i:{part}"
        case _ if set(part) == {""}:
            return "v:" + _compact(part[""])
        case _:
            return "k:" + _compact(dict(part))


def _compact(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def leaves_of(fields: Mapping[str, Any], above: FieldPath = ()) -> Iterator[FieldPath]:
    """Yield the path of every leaf a manager's fieldsV1 hold."""
    for key, below in fields.items():
        if key == ".":
            continue
        path = (*above, _unkey(key))
        if isinstance(below, Mapping) and any(name != "." for name in below):
            yield from leaves_of(below, path)
        else:
            yield path


def _unkey(key: str) -> str | int | Mapping[str, Any]:
    kind, _, rest = key.partition(":")
    try:
        match kind:
            case "f":
                return rest
            case "i":
                return int(rest)
            case "k":
                return dict(json.loads(rest))
            case _:
                return {"": json.loads(rest)}
    except (ValueError, TypeError):  # no key of the known forms: it names itself
        return key
