"""A declared resource as properties: what an import writes into a program."""

from __future__ import annotations

from wlinfra.pulumi.contract import Properties, SecretValue
from wlinfra.pulumi.schema.names import property_name
from wlinfra.resources.base import Resource
from wlinfra.resources.model import Model
from wlinfra.resources.variables import EnvVar
from wlinfra.stack.form import to_form
from wlinfra.values import Json, Secret

__all__ = ["properties_of"]


def properties_of(resource: Resource, *, without: frozenset[str] = frozenset()) -> Properties:
    """Return the declared attributes as properties, without those that are named.

    >>> from wlinfra.resources.workload import Workload
    >>> properties_of(Workload("chat", artifact="65f0"))
    {'name': 'chat', 'artifact': '65f0'}
    """
    return {name: value for name, value in _object(resource).items() if name not in without}


def _object(model: Model) -> dict[str, Json]:
    declared = model.__pydantic_fields_set__
    return {property_name(name): _value(getattr(model, name)) for name in type(model).model_fields if name in declared}


def _value(value: Json) -> Json:
    if isinstance(value, Model):
        return _object(value)
    if isinstance(value, Secret) and value.source is None:
        return SecretValue(value.reveal())
    if isinstance(value, list | tuple):
        if value and all(isinstance(item, EnvVar) for item in value):
            return {item.name: _value(item.value) for item in value}
        return [_value(item) for item in value]
    if isinstance(value, dict):
        return {key: _value(item) for key, item in value.items()}
    return to_form(value)
