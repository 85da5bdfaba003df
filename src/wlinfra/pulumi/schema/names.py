"""What things are called in Pulumi: tokens, properties and outputs, each derived from the models.

Everything of the plugin and the SDK that speaks of a property gets its name here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from inspect import cleandoc
from types import MappingProxyType
from typing import Final

from pydantic.alias_generators import to_camel

from wlinfra.errors import ConfigurationError
from wlinfra.provider.optional import DescribesItself
from wlinfra.provider.registry import installed_providers, load_provider
from wlinfra.resources.artifact import Artifact
from wlinfra.resources.base import Resource
from wlinfra.resources.model import Model
from wlinfra.resources.workload import Workload

__all__ = [
    "ENGINE_OPTIONS",
    "PACKAGE",
    "declared_name",
    "first_paragraph",
    "in_pulumi",
    "models_by_token",
    "names_itself",
    "output_names",
    "output_property",
    "platforms",
    "property_name",
]

PACKAGE: Final = "wlinfra"

ENGINE_OPTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "platform_name": "name",
        "protect": "protect",
        "retain": "retainOnDelete",
        "replace_order": "deleteBeforeReplace",
        "replace_on": "replaceOnChanges",
        "ignore_changes": "ignoreChanges",
        "aliases": "aliases",
        "timeouts": "customTimeouts",
        "depends_on": "dependsOn",
        "provider": "provider",
    }
)
"""Attributes that are no properties, and what says the same in Pulumi: the property `name`, else a resource option."""

_WRITTEN: Final = {"artifact_type": "type", "a2a_enabled": "a2aEnabled"}
"""Attributes whose property is not their name in camelCase."""


def property_name(attribute: str) -> str:
    """Return the property of an attribute: as programs write it, in camelCase.

    >>> property_name("container_groups"), property_name("artifact_type")
    ('containerGroups', 'type')
    """
    return _WRITTEN.get(attribute) or to_camel(attribute)


def names_itself(model: type[Resource]) -> bool:
    """Return whether the platform's name stands in another attribute, so that the resource has no property `name`."""
    return model.model_fields["name"].description != Resource.model_fields["name"].description


def declared_name(model: type[Model], name: str) -> str | None:
    """Return the attribute of a property; None when the model has none of that name."""
    return next((found for found in model.model_fields if property_name(found) == name), None)


def output_property(model: type[Resource], output: str) -> str:
    """Return the property of one of a resource's outputs; its ``id``, which may change, is no `id` of Pulumi's.

    >>> output_property(Artifact, "id"), output_property(Artifact, "repository_id")
    ('artifactId', 'repositoryId')
    """
    return f"{to_camel(model.type)}Id" if output == "id" else to_camel(output)


def output_names(model: type[Resource]) -> Mapping[str, str]:
    """Return the outputs that a class of resources offers, by their own names, with their descriptions."""
    return {
        name: first_paragraph(member.__doc__)
        for name, member in vars(model).items()
        if isinstance(member, property) and member.fget and member.fget.__annotations__.get("return") == "Ref"
    }


def models_by_token() -> Mapping[str, type[Resource]]:
    """Return the classes of resources by their tokens, such as ``wlinfra:kubernetes:Manifest``."""
    found: dict[str, type[Resource]] = {f"{PACKAGE}:index:{model.__name__}": model for model in (Artifact, Workload)}
    for name, provider in platforms():
        found |= {f"{PACKAGE}:{name}:{model.__name__}": model for model in provider.own_resources()}
    return found


def platforms() -> Iterator[tuple[str, DescribesItself]]:
    """Yield the installed providers that describe themselves; one whose extra is missing is left out."""
    for name in installed_providers():
        try:
            provider = load_provider(name)
        except ConfigurationError:
            continue
        if isinstance(provider, DescribesItself):
            yield name, provider


def first_paragraph(text: str | None) -> str:
    """Return the first paragraph of a docstring on one line, in Pulumi's spelling."""
    return in_pulumi(" ".join(cleandoc(text or "").partition("\n\n")[0].split()))


def in_pulumi(text: str) -> str:
    """Return the text with its names of attributes as properties.

    >>> in_pulumi("Needs ``container_groups`` or `port`.")
    'Needs `containerGroups` or `port`.'
    """
    return re.sub(r"`(\w+)`", lambda match: f"`{property_name(match[1])}`", text.replace("``", "`"))
