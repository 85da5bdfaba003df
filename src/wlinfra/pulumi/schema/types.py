"""The models' JSON Schema as Pulumi's types: objects and enums by token, unions, maps and lists.

`schema.package` asks for the properties of each resource; the types that they need are gathered meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias, get_args

from wlinfra.pulumi.schema.names import ENGINE_OPTIONS, PACKAGE, in_pulumi, names_itself, output_property, property_name
from wlinfra.resources.base import Resource
from wlinfra.stack.form import form_schema

__all__ = ["Spec", "Types"]

Spec: TypeAlias = dict[str, Any]
"""A part of the schema, as JSON."""

_ANY: Final[Spec] = {"$ref": "pulumi.json#/Any"}
_PLAIN: Final = frozenset({"string", "integer", "number", "boolean"})
_SAID: Final = {
    "name": "Its name on the platform; the name of the resource in the program when left out.",
    "artifact": "What runs: the declaration of an artifact, with its id where it is a resource of its own, or the id alone.",
}
"""What attributes are that programs of Pulumi write in another way."""

_MARKS: Final[Mapping[str, tuple[str, Spec]]] = {
    "$secret": (
        "SecretSource",
        {
            "description": "A secret that the plugin fetches where it runs, so that it never enters Pulumi's state.",
            "properties": {
                "$secret": {
                    "$ref": f"#/types/{PACKAGE}:index:SecretPlace",
                    "description": "Where it is fetched from.",
                }
            },
            "required": ["$secret"],
        },
    ),
    "$credential": (
        "StoredCredential",
        {
            "description": "A value that the platform takes from a credential that it stores.",
            "properties": {
                "$credential": {
                    "$ref": f"#/types/{PACKAGE}:index:CredentialKey",
                    "description": "Which credential.",
                }
            },
            "required": ["$credential"],
        },
    ),
    "$apiKey": (
        "SuppliedApiKey",
        {
            "description": "An API key that the platform creates and fills in.",
            "properties": {
                "$apiKey": {"type": "object", "additionalProperties": _ANY, "description": "Nothing, written as {}."}
            },
            "required": ["$apiKey"],
        },
    ),
}
"""What a value may be instead of a string, by the only key of the object that stands for it."""

_PARTS_OF_MARKS: Final[Mapping[str, Spec]] = {
    "SecretPlace": {
        "description": "Where a secret is fetched from: one of these.",
        "properties": {
            "env": {"type": "string", "description": "An environment variable."},
            "file": {"type": "string", "description": "A file."},
            "command": {
                "type": "array",
                "items": {"type": "string"},
                "description": "A command that prints it, word by word.",
            },
        },
    },
    "CredentialKey": {
        "description": "A key inside a stored credential.",
        "properties": {
            "id": {"type": "string", "description": "The id of the credential."},
            "key": {"type": "string", "description": "The key inside it."},
        },
        "required": ["id", "key"],
    },
}


class Types:
    """Writes properties of models, and gathers the types that they refer to."""

    def __init__(self, tokens: Mapping[type[Resource], str]) -> None:
        self._tokens = tokens
        self.found: dict[str, Spec] = {}
        """The types by token."""

    def properties(self, model: type[Resource]) -> tuple[dict[str, Spec], list[str]]:
        """Return the properties of a resource, and which of them are required."""
        module = self._tokens[model].split(":")[1]
        return _Writer(self, model, module).properties()

    def add(self, name: str, spec: Spec, module: str = "index") -> Spec:
        """Add a type and return what refers to it."""
        token = f"{PACKAGE}:{module}:{name}"
        self.found.setdefault(token, spec)
        return {"$ref": f"#/types/{token}"}

    def declaration(self, model: type[Resource]) -> Spec:
        """Return the type of a resource inside another one: its declaration, with its id where it stands alone."""
        package, module, name = self._tokens[model].split(":")
        token = f"{package}:{module}:{name}Declaration"
        if token not in self.found:
            self.found[token] = {}  # it may contain itself
            properties, required = self.properties(model)
            description = f"A declaration of {name}, alone or with the id of the resource that it declares."
            id_ = {
                "type": "string",
                "description": f"Its `{output_property(model, 'id')}`, where it is a resource of its own.",
            }
            self.found[token] = _object(description, {"id": id_, **properties}, required)
        return {"$ref": f"#/types/{token}"}


class _Writer:
    """Writes one resource: its own properties and the types among its definitions."""

    def __init__(self, types: Types, model: type[Resource], module: str) -> None:
        self._types = types
        self._model = model
        self._module = module
        self._schema = form_schema(model)

    def properties(self) -> tuple[dict[str, Spec], list[str]]:
        left_out = {*ENGINE_OPTIONS, "name"} if names_itself(self._model) else set(ENGINE_OPTIONS)
        chosen = {name: spec for name, spec in self._schema["properties"].items() if name not in left_out}
        found = {
            property_name(name): self._property(
                self._model.__name__, name, {**spec, "description": _SAID.get(name, spec["description"])}
            )
            for name, spec in chosen.items()
        }
        return found, [property_name(name) for name in self._schema["required"] if name != "name"]

    def _property(self, owner: str, name: str, spec: Spec) -> Spec:
        written = self._type(f"{owner}{property_name(name)[0].upper()}{property_name(name)[1:]}", name, spec)
        return {**written, "description": in_pulumi(spec["description"])}

    def _type(self, name: str, attribute: str, spec: Spec) -> Spec:
        if "const" in spec and spec.get("default") == spec["const"]:
            return {"type": "string", "const": spec["const"]}
        match spec:
            case {"anyOf": members}:
                return self._union(name, attribute, members)
            case {"$ref": reference}:
                return self._definition(reference.rpartition("/")[2])
            case {"const": only}:
                return self._enum(name, [only])
            case {"enum": choices}:
                return self._enum(name, choices)
            case {"type": "array", "items": items}:
                return {"type": "array", "items": self._type(name, attribute, items)}
            case {"type": "object", "properties": content}:
                return self._mark(next(iter(content)), attribute)
            case {"type": "object", "additionalProperties": inner}:
                return {"type": "object", "additionalProperties": self._type(name, attribute, inner)}
            case {"type": "object", "patternProperties": patterns}:
                return {"type": "object", "additionalProperties": self._type(name, attribute, *patterns.values())}
            case {"type": "object"}:
                return {"type": "object", "additionalProperties": _ANY}
            case {"type": str(plain)} if plain in _PLAIN:
                return {"type": plain}
            case {"type": [*several]} if _PLAIN.issuperset(several):
                return {"oneOf": [{"type": one} for one in several]}
            case _:
                return _ANY

    def _union(self, name: str, attribute: str, members: list[Spec]) -> Spec:
        written: list[Spec] = []
        for member in members:
            if member.get("type") != "null" and (one := self._type(name, attribute, member)) not in written:
                written.append(one)
        return written[0] if len(written) == 1 else {"oneOf": written}

    def _mark(self, key: str, attribute: str) -> Spec:
        """Return what stands for a mark: Pulumi's outputs take the place of references and unknown values."""
        if key == "$resource":
            return self._types.declaration(_resource_in(self._model.model_fields[attribute].annotation))
        if key not in _MARKS:
            return {"type": "string"}
        for part, spec in _PARTS_OF_MARKS.items():
            self._types.add(part, _object(**spec))
        name, spec = _MARKS[key]
        return self._types.add(name, _object(**spec))

    def _definition(self, name: str) -> Spec:
        schema = self._schema["$defs"][name]
        module = "index" if f"{PACKAGE}:index:{name}" in self._types.found else self._module
        if "enum" in schema:
            return self._enum(name, schema["enum"], schema["description"])
        token = f"{PACKAGE}:{module}:{name}"
        if token not in self._types.found:
            self._types.found[token] = {}
            properties = {
                property_name(attribute): self._property(name, attribute, spec)
                for attribute, spec in schema["properties"].items()
            }
            required = [property_name(attribute) for attribute in schema.get("required", ())]
            self._types.found[token] = _object(in_pulumi(schema["description"]), properties, required)
        return {"$ref": f"#/types/{token}"}

    def _enum(self, name: str, values: list[str], description: str = "") -> Spec:
        spec: Spec = {"type": "string", "enum": [{"value": value} for value in values]}
        return self._types.add(name, {"description": description, **spec} if description else spec, self._module)


def _object(description: str, properties: Mapping[str, Spec], required: list[str] | tuple[str, ...] = ()) -> Spec:
    spec: Spec = {"type": "object", "description": description, "properties": dict(properties)}
    return {**spec, "required": list(required)} if required else spec


def _resource_in(annotation: Any) -> type[Resource]:
    """Return the class of resources that an annotation contains."""
    if isinstance(annotation, type) and issubclass(annotation, Resource):
        return annotation
    found = [_resource_in(part) for part in get_args(annotation) if _is_about_resources(part)]
    return found[0]


def _is_about_resources(annotation: Any) -> bool:
    if isinstance(annotation, type):
        return issubclass(annotation, Resource)
    return any(map(_is_about_resources, get_args(annotation)))
