"""What programs write as what the plugin takes, and back: names in camelCase, declarations of wlinfra as plain values.

A shape says which names an object has: the name of a type in `_shapes.SHAPES`, several with ``|`` between them, ``*`` before it
for a map of such objects; empty for what is sent as it stands. Lists have the shape of their items.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from functools import cache
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, TypeAlias

import pulumi

from pulumi_wlinfra._shapes import SHAPES

if TYPE_CHECKING:
    from wlinfra.resources.base import Resource

__all__ = ["Refer", "attributes_of", "from_wire", "names_of", "of_form", "to_wire"]

Refer: TypeAlias = Callable[[str, Any, str], Any]
"""Returns what a mark of a wlinfra declaration stands for in Pulumi: its key, its content, and the shape of its place."""


def to_wire(value: Any, shape: str = "", refer: Refer | None = None) -> Any:
    """Return a value with names as the plugin takes them; an Output in it stays one, at any level.

    Raises TypeError for a reference of a wlinfra stack, which only `deploy` can follow.
    """
    match value:
        case None | bool() | int() | float():
            return value
        case Enum():
            return value.value
        case str():
            return _text(value, refer)
        case pulumi.Output():
            return value.apply(lambda known: to_wire(known, shape, refer))
        case pulumi.Resource():
            return _of_resource(value, shape)
        case Mapping():
            return _of_mapping(value, shape, refer)
        case list() | tuple():
            return [to_wire(item, shape, refer) for item in value]
    if isawaitable(value):
        return to_wire(pulumi.Output.from_input(value), shape, refer)
    if type(value).__module__.startswith("wlinfra"):
        return _of_wlinfra(value, shape, refer)
    return value


def _text(value: str, refer: Refer | None) -> Any:
    if "${wlinfra:" not in value:
        return value
    from wlinfra.values import parse_template

    parsed = parse_template(value)
    return value if isinstance(parsed, str) else _of_wlinfra(parsed, "", refer)


def _of_resource(resource: pulumi.Resource, shape: str) -> Any:
    from pulumi_wlinfra._base import Declared

    if not isinstance(resource, Declared):
        return resource
    return resource.declaration() if shape.endswith("Declaration") else resource.own_id


def _of_mapping(value: Mapping[Any, Any], shape: str, refer: Refer | None) -> dict[str, Any]:
    if shape.startswith("*"):
        return {key: to_wire(item, shape[1:], refer) for key, item in value.items()}
    names = names_of(shape)
    found = {}
    for key, item in value.items():
        name, inner = names.get(key, (key, ""))
        found[name] = to_wire(item, inner, refer)
    return found


@cache
def names_of(shape: str) -> Mapping[str, tuple[str, str]]:
    """Return the names of an object's attributes, in each spelling, with the properties and their shapes."""
    found: dict[str, tuple[str, str]] = {}
    for one in filter(None, shape.split("|")):
        for name, (camel, inner) in SHAPES[one].items():
            found[name] = found[camel] = (camel, inner)
    return found


def _of_wlinfra(value: Any, shape: str, refer: Refer | None) -> Any:
    """Return a declaration, or another value of wlinfra, by its form; a secret without a form as a secret of Pulumi's."""
    from wlinfra.resources.base import Resource
    from wlinfra.stack.form import to_form
    from wlinfra.values import Secret

    if isinstance(value, Secret) and value.source is None:
        return pulumi.Output.secret(value.reveal())
    return of_form(attributes_of(value) if isinstance(value, Resource) else to_form(value), shape, refer)


def attributes_of(resource: Resource) -> dict[str, Any]:
    """Return the form of a resource of wlinfra's without what Pulumi's resource options say, under its platform's name."""
    from wlinfra.pulumi.schema.names import ENGINE_OPTIONS, names_itself
    from wlinfra.stack.form import to_form

    form = {name: item for name, item in to_form(resource).items() if name not in ENGINE_OPTIONS}
    return form if names_itself(type(resource)) else {**form, "name": resource.name_on_platform}


def of_form(form: Any, shape: str, refer: Refer | None) -> Any:
    """Return the form of a declaration with names as the plugin takes them, and its references followed."""
    match form:
        case {"$ref": content} | {"$template": content} | {"$resource": content} if len(form) == 1:
            if refer is None:
                raise TypeError(
                    f"A reference of a wlinfra stack ({content}) stands for nothing here: "
                    "give an output of a Pulumi resource, or deploy the stack with pulumi_wlinfra.deploy()."
                )
            return refer(next(iter(form)), content, shape)
        case {"$literal": content} if len(form) == 1:
            return {"$literal": {key: of_form(item, "", refer) for key, item in content.items()}}
        case {"$credential": {"id": identity, "key": key}} if len(form) == 1:
            return {"$credential": {"id": of_form(identity, "", refer), "key": key}}
        case Mapping():
            return _of_items(form, shape, refer)
        case list():
            return [of_form(item, shape, refer) for item in form]
        case _:
            return form


def _of_items(form: Mapping[str, Any], shape: str, refer: Refer | None) -> dict[str, Any]:
    if shape.startswith("*"):
        return {key: of_form(item, shape[1:], refer) for key, item in form.items()}
    names = names_of(shape)
    found = {}
    for key, item in form.items():
        name, inner = names.get(key, (key, ""))
        found[name] = of_form(item, inner, refer)
    return found


def from_wire(value: Any, shape: str = "") -> Any:
    """Return a value of the plugin's with the names that programs write."""
    if isinstance(value, list):
        return [from_wire(item, shape) for item in value]
    if not isinstance(value, Mapping) or not shape:
        return value
    if shape.startswith("*"):
        return {key: from_wire(item, shape[1:]) for key, item in value.items()}
    names = _written(shape)
    found = {}
    for key, item in value.items():
        name, inner = names.get(key, (key, ""))
        found[name] = from_wire(item, inner)
    return found


@cache
def _written(shape: str) -> Mapping[str, tuple[str, str]]:
    return {camel: (name, inner) for one in shape.split("|") for name, (camel, inner) in SHAPES[one].items()}
