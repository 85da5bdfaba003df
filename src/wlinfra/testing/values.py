"""A resource's attributes as plain JSON, for platforms that take them as they are.

Called by the in-memory provider and by small providers that need no mapping of their own.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from wlinfra.resources.base import Resource
from wlinfra.resources.model import Model
from wlinfra.values import Address, Json, Ref, Secret, Template, parse_template

__all__ = ["plain_values"]

_ENGINE_ATTRIBUTES = frozenset(Resource.model_fields)


def plain_values(resource: Resource, declared: Container[Address] = frozenset()) -> dict[str, Json]:
    """Return the resource's own attributes, without the ones every resource has and without those left out.

    A resource inside becomes a reference to its id when its address is in ``declared``, else its attributes.
    """
    own = {name: value for name, value in resource.__dict__.items() if name in type(resource).model_fields}
    values = {name: value for name, value in own.items() if name not in _ENGINE_ATTRIBUTES}
    return {name: _plain(value, declared) for name, value in values.items() if value is not None}


def _plain(value: Any, declared: Container[Address]) -> Json:
    match value:
        case Resource():
            return value.ref("id") if value.address in declared else plain_values(value, declared)
        case Model():
            names = type(value).model_fields
            return _plain({name: item for name, item in value.__dict__.items() if name in names}, declared)
        case Ref() | Template() | Secret():
            return value
        case Enum():
            return value.value
        case str():
            return parse_template(value)
        case Mapping():
            return {str(key): _plain(item, declared) for key, item in value.items() if item is not None}
        case list() | tuple() | set() | frozenset():
            return [_plain(item, declared) for item in value]
        case _ if is_dataclass(value):
            return _plain({field.name: getattr(value, field.name) for field in fields(value)}, declared)
        case _:
            return value
