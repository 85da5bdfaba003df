"""The Pulumi package schema, generated from the models, and what things are called in it."""

from __future__ import annotations

from wlinfra.pulumi.schema.names import (
    ENGINE_OPTIONS,
    declared_name,
    models_by_token,
    output_names,
    output_property,
    property_name,
)
from wlinfra.pulumi.schema.package import package_schema

__all__ = [
    "ENGINE_OPTIONS",
    "declared_name",
    "models_by_token",
    "output_names",
    "output_property",
    "package_schema",
    "property_name",
]
