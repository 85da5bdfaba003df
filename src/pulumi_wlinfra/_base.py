"""What every resource of this package is: its attributes sent with the names of the plugin, its outputs read back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar, Generic, Self, TypeVar, overload

import pulumi

from pulumi_wlinfra._options import path_of
from pulumi_wlinfra._shapes import SHAPES
from pulumi_wlinfra._values import from_wire, to_wire

__all__ = ["Configured", "Declared", "Result", "version"]

T = TypeVar("T")


@cache
def version() -> str:
    """Return the version of the package, and so of the plugin, as Pulumi writes versions."""
    from wlinfra.version import semantic_version, tool_version

    return semantic_version(tool_version())


class Result(Generic[T]):
    """An output of a resource, under the name that programs write."""

    __slots__ = ("_property", "_shape")

    def __init__(self, property_: str, shape: str = "") -> None:
        self._property = property_
        self._shape = shape

    @overload
    def __get__(self, resource: None, owner: type) -> Result[T]: ...

    @overload
    def __get__(self, resource: pulumi.Resource, owner: type) -> pulumi.Output[T]: ...

    def __get__(self, resource: pulumi.Resource | None, owner: type) -> Result[T] | pulumi.Output[T]:
        if resource is None:
            return self
        output: pulumi.Output[T] = resource.__dict__[self._property]
        return output.apply(lambda value: from_wire(value, self._shape)) if self._shape else output

    def __set__(self, resource: pulumi.Resource, value: object) -> None:
        raise AttributeError("An output cannot be set.")


class Declared(pulumi.CustomResource):
    """A resource that wlinfra plans and applies."""

    _kind: ClassVar[str]
    _shape: ClassVar[str]
    _own_id: ClassVar[str]

    def __init__(self, resource_name: str, attributes: Mapping[str, Any], opts: pulumi.ResourceOptions | None) -> None:
        given = {name: value for name, value in attributes.items() if value is not None}
        self._sent: dict[str, Any] = to_wire(given, self._shape)
        ours = pulumi.ResourceOptions(version=version(), additional_secret_outputs=["record"])
        properties = {**{name: None for name, _ in SHAPES[self._shape].values()}, **self._sent}
        merged = pulumi.ResourceOptions.merge(ours, opts)
        for option in ("additional_secret_outputs", "ignore_changes", "replace_on_changes"):
            if paths := getattr(merged, option):
                setattr(merged, option, [path_of(path, self._sent, self._shape) for path in paths])
        super().__init__(self._kind, resource_name, properties, merged)

    @classmethod
    def declare(cls, resource_name: str, attributes: Mapping[str, Any], opts: pulumi.ResourceOptions | None) -> Self:
        """Return the resource with these attributes, which the plugin checks."""
        made = cls.__new__(cls)
        Declared.__init__(made, resource_name, attributes, opts)
        return made

    @classmethod
    def get(cls, resource_name: str, id: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None) -> Self:  # noqa: A002 - Pulumi's word
        """Return what exists and is not of this program, by its id or its name on the platform."""
        return cls.declare(resource_name, {}, pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(id=id)))

    def output(self, name: str) -> pulumi.Output[Any] | None:
        """Return one of its properties by the plugin's name; None when it has none of that name."""
        return self.__dict__.get(name)

    @property
    def own_id(self) -> pulumi.Output[str]:
        """The id of what is current on the platform, to which others refer."""
        output: pulumi.Output[str] = self.__dict__[self._own_id]
        return output

    def declaration(self) -> Any:
        """Return what a resource that refers to this one sends: its declaration with its id, of which only the id may be unknown."""
        if not self._sent:  # it was looked up
            return self.own_id
        name = {"name": self._name} if "name" in SHAPES[self._shape] else {}
        return {**name, **self._sent, "id": self.own_id}

    def translate_input_property(self, prop: str) -> str:
        """Return the name: those inside dicts are the plugin's already."""
        return prop

    def translate_output_property(self, prop: str) -> str:
        """Return the name: `Result` reads what has names of the plugin."""
        return prop


class Configured(pulumi.ProviderResource):
    """A platform and how to reach it, for programs with several of them."""

    def __init__(self, resource_name: str, options: Mapping[str, Any], opts: pulumi.ResourceOptions | None) -> None:
        ours = pulumi.ResourceOptions(version=version())
        sent = {name: _as_text(value) for name, value in options.items() if value is not None}
        super().__init__("wlinfra", resource_name, sent, pulumi.ResourceOptions.merge(ours, opts))


def _as_text(value: Any) -> Any:
    """Return an option as a string: the configuration of a provider has nothing else."""
    if isinstance(value, str):
        return value
    if type(value).__module__ == "wlinfra.values":  # a secret: a provider fetches none
        return pulumi.Output.secret(value.reveal())
    return pulumi.Output.from_input(value).apply(lambda known: known if isinstance(known, str) else json.dumps(known))
