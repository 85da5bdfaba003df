"""The outputs of a resource as Pulumi's state has them: its inputs, what the platform says of it, and the record."""

from __future__ import annotations

from collections.abc import Mapping

from wlinfra.pulumi.bridge.records import RECORD, Record, encoded
from wlinfra.pulumi.contract import Properties
from wlinfra.pulumi.schema.names import output_names, output_property
from wlinfra.resources.base import Resource
from wlinfra.values import Json

__all__ = ["result_of"]


def result_of(
    resource: Resource | type[Resource], inputs: Properties, outputs: Mapping[str, Json], record: Record | Json
) -> Properties:
    """Return the outputs; one of the platform's that is not known is UNKNOWN, as is a record that is still to be written.

    The platform's id of the object is called after its type, such as ``artifactId``: Pulumi's own one never changes.
    Outputs that a declaration names itself, such as those of a manifest, are in ``values``.
    """
    kind = resource if isinstance(resource, type) else type(resource)
    own = output_names(kind) if "outputs" in kind.model_fields else outputs
    named = {output_property(kind, name): value for name, value in outputs.items() if name in own}
    values = {name: value for name, value in outputs.items() if name not in own}
    if values:
        named["values"] = values
    return {**inputs, **named, RECORD: encoded(record, inputs) if isinstance(record, Record) else record}
