"""The package schema: what Pulumi's engine, its YAML programs and its code generators know of the plugin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from wlinfra.pulumi.schema.names import (
    PACKAGE,
    first_paragraph,
    models_by_token,
    output_names,
    output_property,
)
from wlinfra.pulumi.schema.options import configuration
from wlinfra.pulumi.schema.types import Spec, Types
from wlinfra.resources.artifact import Artifact
from wlinfra.resources.base import Resource
from wlinfra.resources.workload import Workload

__all__ = ["package_schema"]

_RECORD: Final = {
    "type": "string",
    "secret": True,
    "description": "What the plugin recorded of its objects; without secrets, and for the plugin alone.",
}
_TYPES: Final[Mapping[str, Spec]] = {"version": {"oneOf": [{"type": "integer"}, {"type": "string"}]}}
"""The types of outputs that are no strings."""
_SELECTED: Final = {"type": "string", "description": "Lists what has this name on the platform only."}
_VALUES: Final = {
    "type": "object",
    "additionalProperties": {"$ref": "pulumi.json#/Any"},
    "description": "The outputs that `outputs` names, by name.",
}


def package_schema(version: str) -> Spec:
    """Return the schema of the package, with the resources and options of every platform that is installed.

    ``version`` is a semantic version. Nothing is replaced by the schema alone: which change replaces, and what, is
    the platform's to say.
    """
    models = models_by_token()
    types = Types({model: token for token, model in models.items()})
    resources = {token: _resource(types, model) for token, model in models.items()}
    variables = configuration()
    return {
        "name": PACKAGE,
        "displayName": "wlinfra",
        "version": version,
        "description": "AI workloads on DataRobot and Kubernetes, planned and applied by wlinfra.",
        "keywords": ["pulumi", "category/cloud", "kind/native"],
        "license": "Apache-2.0",
        "meta": {"moduleFormat": "(.*)"},
        "config": {"variables": variables, "defaults": []},
        "provider": {
            "description": "A platform, and how to reach it.",
            "inputProperties": variables,
        },
        "types": dict(sorted(types.found.items())),
        "resources": resources,
        "functions": dict([_lookup(Artifact), _lookup(Workload)]),
        "language": {},
    }


def _resource(types: Types, model: type[Resource]) -> Spec:
    properties, required = types.properties(model)
    outputs = _outputs(model)
    if "outputs" in properties:
        outputs["values"] = _VALUES
    present = [name for name in (output_property(model, "id"), "endpoint", "record") if name in {*outputs, "record"}]
    listed = {"listInputs": {"type": "object", "properties": {"name": _SELECTED}}} if "name" in properties else {}
    return {
        "description": first_paragraph(model.__doc__),
        **listed,
        "inputProperties": properties,
        "requiredInputs": required,
        "properties": {**properties, **outputs, "record": _RECORD},
        "required": [*required, *present],
    }


def _outputs(model: type[Resource]) -> dict[str, Spec]:
    return {
        output_property(model, name): {**_TYPES.get(name, {"type": "string"}), "description": description}
        for name, description in output_names(model).items()
    }


def _lookup(model: type[Resource]) -> tuple[str, Spec]:
    asked: Mapping[str, Any] = {
        "id": {"type": "string", "description": "Its id on the platform; either this or `name`."},
        "name": {"type": "string", "description": "Its name on the platform."},
    }
    outputs = {"name": {"type": "string", "description": "Its name on the platform."}, **_outputs(model)}
    word = model.type
    return f"{PACKAGE}:index:get{model.__name__}", {
        "description": f"Looks up {'an' if word[0] in 'aeiou' else 'a'} {word} that the program does not declare; it fails when there is none.",
        "inputs": {"type": "object", "properties": asked},
        "outputs": {
            "type": "object",
            "properties": outputs,
            "required": [output_property(model, "id")],
        },
    }
