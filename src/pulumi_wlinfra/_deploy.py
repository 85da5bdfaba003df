"""A whole environment of a wlinfra stack as one component: the program that the command line reads runs in Pulumi as it is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi

from pulumi_wlinfra._base import Configured, Declared
from pulumi_wlinfra._options import options_of
from pulumi_wlinfra._values import attributes_of, of_form

if TYPE_CHECKING:
    from wlinfra.resources.base import Resource
    from wlinfra.resources.lookup import Lookup
    from wlinfra.stack.program import Declared as Declaration
    from wlinfra.stack.stack import Stack

__all__ = ["Deployment", "deploy"]


class Deployment(pulumi.ComponentResource):
    """The resources of one environment of a stack."""

    def __init__(self, resource_name: str, declared: Declaration, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("wlinfra:index:Deployment", resource_name, None, opts)
        making = _Making(self, resource_name, declared)
        self.resources: Mapping[str, Declared] = making.resources()
        """By their addresses in the stack, such as ``workload.chat``."""
        self.outputs: Mapping[str, pulumi.Output[Any]] = making.outputs()
        """What the stack yields as outputs, by name."""
        self.register_outputs(dict(self.outputs))


def deploy(
    stack: Stack[Any] | str | Path,
    environment: str,
    *,
    resource_name: str | None = None,
    overrides: Mapping[str, str] | None = None,
    opts: pulumi.ResourceOptions | None = None,
) -> Deployment:
    """Declare everything that a wlinfra stack declares for one of its environments.

    ``stack`` is the stack or the path of its program. ``overrides`` are settings by name, as ``--set`` gives them. The
    environment's providers become providers of Pulumi, references between resources become outputs, and the options of
    a resource become resource options. ``protect`` of the environment itself has no effect here: Pulumi asks before
    each update. Raises pulumi.RunError with all that is wrong with the program.
    """
    from wlinfra.errors import WlinfraError
    from wlinfra.stack.program import declare, load_stack

    try:
        loaded = load_stack(stack) if isinstance(stack, str | Path) else stack
        declared = declare(loaded, environment, overrides=overrides, environ=os.environ)
        for warning in declared.warnings:
            pulumi.log.warn(f"{warning.summary}: {warning.detail}")
        return Deployment(resource_name or loaded.name, declared, opts)
    except WlinfraError as error:
        raise pulumi.RunError(str(error)) from error


class _Making:
    """Creates the resources, each after those that it refers to."""

    def __init__(self, component: pulumi.Resource, name: str, declared: Declaration) -> None:
        self._component = component
        self._name = name
        self._declared = declared
        self._by_address: dict[str, Resource] = {one.address: one for one in declared.resources}
        self._made: dict[str, Declared] = {}
        self._found: dict[str, pulumi.Output[Any]] = {}
        self._providers = {word: self._provider(word) for word in declared.providers}

    def resources(self) -> Mapping[str, Declared]:
        for resource in self._declared.resources:
            if not resource.lookup:
                self._resource(resource)
        return self._made

    def outputs(self) -> Mapping[str, pulumi.Output[Any]]:
        from wlinfra.stack.form import to_form

        found: dict[str, pulumi.Output[Any]] = {}
        for output in self._declared.outputs:
            value = of_form(to_form(output.value), "", self._refer)
            found[output.name] = pulumi.Output.secret(value) if output.sensitive else pulumi.Output.from_input(value)
        return found

    def _provider(self, word: str) -> Configured:
        from pydantic.alias_generators import to_camel

        settings = self._declared.providers[word]
        options = {to_camel(name): value for name, value in settings.options.items()}
        where = pulumi.ResourceOptions(parent=self._component)
        return Configured(f"{self._name}-{word}", {"platform": settings.type, **options}, where)

    def _resource(self, resource: Resource) -> Declared:
        made = self._made.get(resource.address)
        if made is None:
            kind = _class_of(resource)
            needed = [self._made_at(address) for address in resource.depends_on]
            attributes = of_form(attributes_of(resource), kind._shape, self._refer)
            options = options_of(resource, attributes, kind._shape, self._pulumi_name)
            where = pulumi.ResourceOptions(
                parent=self._component,
                provider=self._providers[resource.provider],
                depends_on=[one for one in needed if one is not None],
            )
            made = kind.declare(
                self._pulumi_name(resource.address), attributes, pulumi.ResourceOptions.merge(options, where)
            )
            self._made[resource.address] = made
        return made

    def _pulumi_name(self, address: str) -> str:
        *scopes, _, name = address.split(".")
        return "-".join((self._name, *scopes, name))

    def _made_at(self, address: str) -> Declared | None:
        resource = self._by_address.get(address)
        return None if resource is None or resource.lookup else self._resource(resource)

    def _refer(self, mark: str, content: Any, shape: str) -> Any:
        """Return what a mark in a form stands for: an output, a string with outputs in it, or a resource."""
        if mark == "$ref":
            address, _, name = content.partition("#")
            return self._output(address, name)
        if mark == "$template":
            return pulumi.Output.concat(*(of_form(piece, "", self._refer) for piece in content))
        made = self._made_at(content)
        if made is None:  # it is declared inside the resource that is being made
            return of_form(attributes_of(self._part(content)), shape, self._refer)
        return made.declaration() if shape.endswith("Declaration") else made.own_id

    def _part(self, address: str) -> Resource:
        from wlinfra.resources.base import Resource

        parts = (part for one in self._declared.resources for part in one.references() if isinstance(part, Resource))
        return next(part for part in parts if part.address == address)

    def _output(self, address: str, name: str) -> Any:
        from wlinfra.pulumi.schema.names import output_property

        resource = self._by_address.get(address)
        if resource is None:
            part = self._part(address)
            raise pulumi.RunError(
                f"{address} is declared inside another resource, so its output {name} is not known to Pulumi. "
                f"Yield {part.address}, so that it is a resource of its own."
            )
        if resource.lookup:
            looked_up = self._looked_up(resource)
            return looked_up[f"{address.split('.')[-2]}_id" if name == "id" else name]
        made = self._resource(resource)
        output = made.output(output_property(type(resource), name))
        if output is not None:
            return output
        values: Any = made.output("values")
        return values[name]

    def _looked_up(self, lookup: Any) -> Any:
        if lookup.address not in self._found:
            self._found[lookup.address] = _invoke(lookup, self._component, self._providers)
        return self._found[lookup.address]


def _invoke(lookup: Lookup, component: pulumi.Resource, providers: Mapping[str, Configured]) -> pulumi.Output[Any]:
    from pulumi_wlinfra._lookups import get_artifact, get_workload

    functions: dict[str, Any] = {"artifact": get_artifact, "workload": get_workload}
    function = functions.get(lookup.lookup_type)
    if function is None or lookup.filters:
        raise pulumi.RunError(
            f"{lookup.address} cannot be looked up in Pulumi, which finds artifacts and workloads by id or name. "
            "Read it in the Pulumi program, and give the stack its value as a setting."
        )
    opts = pulumi.InvokeOptions(parent=component, provider=providers[lookup.provider])
    found: pulumi.Output[Any] = function(id=lookup.lookup_id, name=lookup.platform_name, opts=opts)
    return found


def _class_of(resource: Resource) -> type[Declared]:
    from wlinfra.pulumi.schema.names import models_by_token

    model = type(resource)
    for token, one in models_by_token().items():
        if one is model:
            _, module, name = token.split(":")
            home = import_module("pulumi_wlinfra._resources" if module == "index" else f"pulumi_wlinfra.{module}")
            found: type[Declared] = getattr(home, name)
            return found
    raise pulumi.RunError(
        f"{resource.address} is a {model.__name__}, which this package has no resource for. "
        "Let its provider name the class in `own_resources`."
    )
