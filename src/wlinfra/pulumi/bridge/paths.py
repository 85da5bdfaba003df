"""Paths of properties, as the program has them: camelCase names and indexes, where the core has snake_case and names.

Nothing here decides what differs; it finds where a path of the core stands in the properties.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final, TypeAlias

from pydantic import AliasChoices
from pydantic.alias_generators import to_camel

from wlinfra.pulumi.bridge.secret_values import plain
from wlinfra.pulumi.contract import Properties
from wlinfra.pulumi.schema.names import property_name
from wlinfra.resources.model import Model
from wlinfra.values import UNKNOWN, Address, Json, Secret

__all__ = [
    "PropertyPath",
    "differences",
    "located",
    "located_at",
    "overlap",
    "parts_of",
    "value_at",
    "with_value",
    "without",
    "written",
]

PropertyPath: TypeAlias = tuple[str | int, ...]

_PART: Final = re.compile(r'\[("(?:[^"\\]|\\.)*")\]|\[([^\]]*)\]|([^.\[\]]+)')
_PLAIN: Final = re.compile(r"[A-Za-z_$][\w$]*", re.ASCII)
_ABSENT: Final = object()


def written(path: PropertyPath) -> str:
    """Return the path as Pulumi writes it.

    >>> written(("containers", 0, "env", "a.b", "value"))
    'containers[0].env["a.b"].value'
    """
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += f"[{json.dumps(part, ensure_ascii=False)}]"
    return text


def parts_of(text: str) -> tuple[str, ...]:
    """Return the parts of a path of the core or of Pulumi."""
    return tuple(json.loads(match[1]) if match[1] else match[2] or match[3] for match in _PART.finditer(text))


def located(properties: Properties, text: str) -> PropertyPath:
    """Return where the core's path stands in the properties, as far as it can be followed there.

    >>> located({"containers": [{"name": "main", "image": "a"}]}, "Artifact.containers[main].liveness.period_seconds")
    ('containers', 0, 'liveness', 'periodSeconds')
    >>> located({"name": "chat"}, "platform_name")
    ('name',)
    """
    parts = list(parts_of(text))
    if parts and parts[0][:1].isupper():
        parts.pop(0)
    if parts == ["platform_name"] and "platformName" not in properties:
        return ("name",)
    artifact = properties.get("artifact")
    if (
        parts
        and isinstance(artifact, Mapping)
        and _key(properties, parts[0]) is None
        and _is_of_artifact(artifact, parts)
    ):
        return ("artifact", *_followed(artifact, parts))
    return tuple(_followed(properties, parts))


def located_at(properties: Properties, address: Address, text: str) -> PropertyPath:
    """Return where the path of one object stands: what an artifact inside a workload has stands in its `artifact`."""
    artifact = properties.get("artifact")
    if address.type != "artifact" or artifact is None:
        return located(properties, text)
    return ("artifact", *(located(artifact, text) if isinstance(artifact, Mapping) else ()))


def _is_of_artifact(artifact: Mapping[str, Json], parts: Sequence[str]) -> bool:
    from wlinfra.resources.artifact import Artifact
    from wlinfra.resources.workload import Workload

    fields = Artifact.model_fields.keys() - Workload.model_fields.keys()
    return _key(artifact, parts[0]) is not None or parts[0] in fields


def _followed(value: Any, parts: Sequence[str]) -> Iterator[str | int]:
    left = list(parts)
    while left:
        part = left.pop(0)
        if isinstance(value, Secret) or value is UNKNOWN:
            return
        if isinstance(value, Mapping):
            key, used = _longest(value, part, left)
            del left[:used]
            yield key if key is not None else _spelled(part)
            value = value.get(key) if key is not None else None
        elif isinstance(value, list | tuple):
            index = _index(value, part)
            if index is None:
                return
            yield index
            value = value[index]
        elif value is None:
            yield _spelled(part)
        else:
            return


def _longest(value: Mapping[str, Json], part: str, left: Sequence[str]) -> tuple[str | None, int]:
    """Return the key that is meant, and how many of the following parts belong to it: keys may have dots in them."""
    if (key := _key(value, part)) is not None:
        return key, 0
    joined = part
    for used, more in enumerate(left, 1):
        joined = f"{joined}.{more}"
        if joined in value:
            return joined, used
    return None, 0


def _key(value: Mapping[str, Json], part: str) -> str | None:
    return next((key for key in (part, *_spellings().get(part, ()), to_camel(part)) if key in value), None)


def _spelled(part: str) -> str:
    return property_name(part) if part in _spellings() else part


def _index(value: Sequence[Json], part: str) -> int | None:
    if part.isdigit() and int(part) < len(value):
        return int(part)
    named = [
        at for at, item in enumerate(value) if isinstance(item, Mapping) and part in (item.get("name"), item.get("id"))
    ]
    if named:
        return named[0]
    return 0 if len(value) == 1 else None


@cache
def _spellings() -> Mapping[str, tuple[str, ...]]:
    """Return how each attribute of a model may be written in properties, the first one as the schema has it."""
    import wlinfra.resources.workload  # noqa: F401 - every model is imported with it

    found: dict[str, dict[str, None]] = {}
    pending: list[type[Model]] = [Model]
    while pending:
        model = pending.pop()
        pending += model.__subclasses__()
        for name, field in model.model_fields.items():
            alias = field.validation_alias
            choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
            known = [choice for choice in choices if isinstance(choice, str)]
            found.setdefault(name, {}).update(dict.fromkeys((*map(to_camel, known), to_camel(name))))
    return {name: tuple(words) for name, words in found.items()}


# ---------------------------------------------------------------- values at paths


def value_at(properties: Json, path: PropertyPath) -> Json:
    """Return what stands at the path; None where nothing does."""
    value = properties
    for part in path:
        match value, part:
            case Mapping(), str():
                value = value.get(part)
            case ((list() | tuple()), int()) if part < len(value):
                value = value[part]
            case _:
                return None
    return value


def with_value(properties: Json, path: PropertyPath, value: Json) -> Json:
    """Return the properties with another value at a path that exists."""
    if not path:
        return value
    head, *rest = path
    if isinstance(properties, Mapping):
        return {**properties, str(head): with_value(properties.get(str(head)), tuple(rest), value)}
    if isinstance(properties, list | tuple) and isinstance(head, int) and head < len(properties):
        return [with_value(item, tuple(rest), value) if at == head else item for at, item in enumerate(properties)]
    return properties


def without(properties: Json, path: PropertyPath) -> Json:
    """Return the properties without what stands at the path."""
    head, *rest = path
    if isinstance(properties, Mapping):
        if not rest:
            return {key: item for key, item in properties.items() if key != head}
        return {key: without(item, tuple(rest)) if key == head else item for key, item in properties.items()}
    if isinstance(properties, list | tuple):
        if not rest:
            return [item for at, item in enumerate(properties) if at != head]
        return [without(item, tuple(rest)) if at == head else item for at, item in enumerate(properties)]
    return properties


def overlap(one: PropertyPath, other: PropertyPath) -> bool:
    """True when one of the paths is the other, or above it."""
    shortest = min(len(one), len(other))
    return one[:shortest] == other[:shortest]


# ---------------------------------------------------------------- comparing


def differences(old: Json, new: Json, path: PropertyPath = ()) -> Iterator[tuple[PropertyPath, Json, Json]]:
    """Yield each path at which the inputs differ, with both values; None where one has nothing."""
    old, new = plain(old), plain(new)
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys((*old, *new)):
            yield from differences(old.get(key), new.get(key), (*path, key))
    elif isinstance(old, list | tuple) and isinstance(new, list | tuple):
        for index in range(max(len(old), len(new))):
            before = old[index] if index < len(old) else None
            after = new[index] if index < len(new) else None
            yield from differences(before, after, (*path, index))
    elif type(old) is not type(new) or old != new:
        yield path, old, new
