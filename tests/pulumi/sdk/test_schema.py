"""The package schema says of every attribute what the models say, and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic.alias_generators import to_camel

import wlinfra as wl
from wlinfra.pulumi.schema import (
    ENGINE_OPTIONS,
    declared_name,
    models_by_token,
    output_names,
    output_property,
    package_schema,
    property_name,
)
from wlinfra.resources.base import Resource
from wlinfra.resources.model import Model
from wlinfra_datarobot.configuration import DataRobotConfig
from wlinfra_kubernetes import Manifest
from wlinfra_kubernetes.configuration import KubernetesConfig

SCHEMA = package_schema("1.2.3")
MODELS: dict[str, type[Resource]] = {
    "wlinfra:index:Artifact": wl.Artifact,
    "wlinfra:index:Workload": wl.Workload,
    "wlinfra:kubernetes:Manifest": Manifest,
}


def parts_of(annotation: Any) -> Iterator[type[Model]]:
    """Yield every model in an annotation, and in the attributes of those."""
    if isinstance(annotation, type) and issubclass(annotation, Model):
        if not issubclass(annotation, Resource):
            yield annotation
            for field in annotation.model_fields.values():
                yield from parts_of(field.annotation)
        return
    for argument in get_args(annotation):
        yield from parts_of(argument)


def parts() -> dict[str, type[Model]]:
    found = [
        part
        for model in MODELS.values()
        for field in model.model_fields.values()
        for part in parts_of(field.annotation)
    ]
    return {part.__name__: part for part in found}


def test_it_has_the_resources_of_every_platform() -> None:
    assert SCHEMA["resources"].keys() == MODELS.keys()
    assert models_by_token() == MODELS


@pytest.mark.parametrize("token", MODELS)
def test_a_resource_has_every_attribute_and_no_other(token: str) -> None:
    model, written = MODELS[token], SCHEMA["resources"][token]
    left_out = {*ENGINE_OPTIONS, "name"} if model is Manifest else set(ENGINE_OPTIONS)
    assert set(written["inputProperties"]) == {property_name(name) for name in model.model_fields.keys() - left_out}
    outputs = {output_property(model, name) for name in output_names(model)}
    values = {"values"} & written["properties"].keys() if model is Manifest else set()
    assert set(written["properties"]) == {*written["inputProperties"], *outputs, *values, "record"}
    needed = {name for name, field in model.model_fields.items() if field.is_required() and name != "name"}
    assert set(written["requiredInputs"]) == needed


@pytest.mark.parametrize("name", sorted(parts()))
def test_a_part_has_every_attribute_and_no_other(name: str) -> None:
    model, written = parts()[name], SCHEMA["types"][f"wlinfra:index:{name}"]
    assert set(written["properties"]) == {property_name(attribute) for attribute in model.model_fields}
    assert set(written.get("required", ())) == {
        property_name(attribute) for attribute, field in model.model_fields.items() if field.is_required()
    }


def test_every_type_is_of_a_model_or_stands_for_a_value_without_one() -> None:
    objects = {token.rpartition(":")[2] for token, spec in SCHEMA["types"].items() if spec["type"] == "object"}
    marks = {"SecretSource", "SecretPlace", "StoredCredential", "CredentialKey", "SuppliedApiKey"}
    assert objects == {*parts(), *marks, "ArtifactDeclaration", "ManifestDeclaration"}


def test_every_reference_leads_to_a_type() -> None:
    references = set(re.findall(r'"#/types/([^"]+)"', json.dumps(SCHEMA)))
    assert references == SCHEMA["types"].keys()


def test_everything_is_described() -> None:
    def specs(value: Any) -> Iterator[dict[str, Any]]:
        if isinstance(value, dict):
            for name in ("properties", "inputProperties", "variables"):
                if isinstance(found := value.get(name), dict):
                    yield from (spec for spec in found.values() if isinstance(spec, dict) and "properties" not in spec)
            for inner in value.values():
                yield from specs(inner)

    found = list(specs(SCHEMA))
    assert len(found) > 200
    assert [spec for spec in found if not re.fullmatch(r"(\w+: )?\S[^\n]*[^:\s]", spec.get("description", ""))] == []


def test_each_attribute_of_the_engine_is_an_option_there_or_the_name() -> None:
    assert set(Resource.model_fields) == {*ENGINE_OPTIONS, "name", "adopt"}


def test_a_property_is_written_as_the_model_accepts_it() -> None:
    models: list[type[Model]] = [*MODELS.values(), *parts().values()]
    for model in models:
        for name, field in model.model_fields.items():
            alias = field.validation_alias
            choices = {alias} if isinstance(alias, str) else set(getattr(alias, "choices", ()))
            assert property_name(name) in {*choices, name}
            assert declared_name(model, property_name(name)) == name


def test_the_configuration_has_every_option_of_every_platform() -> None:
    variables = SCHEMA["config"]["variables"]
    options = {to_camel(name) for model in (DataRobotConfig, KubernetesConfig) for name in model.model_fields}
    assert set(variables) == {"platform", "journal", *options}
    assert SCHEMA["provider"]["inputProperties"] == variables
    assert {name for name, spec in variables.items() if spec.get("secret")} == {"token", "proxy"}


def test_the_record_is_the_only_secret_of_a_resource() -> None:
    for resource in SCHEMA["resources"].values():
        assert [name for name, spec in resource["properties"].items() if spec.get("secret")] == ["record"]


def test_nothing_is_replaced_by_the_schema_alone() -> None:
    assert "replaceOnChanges" not in json.dumps(SCHEMA)


def test_a_field_that_takes_several_kinds_is_a_union() -> None:
    workload = SCHEMA["resources"]["wlinfra:index:Workload"]["inputProperties"]
    assert workload["memory"]["oneOf"] == [{"type": "integer"}, {"type": "string"}]
    assert workload["artifact"]["oneOf"] == [{"type": "string"}, {"$ref": "#/types/wlinfra:index:ArtifactDeclaration"}]
    assert len(workload["autoscaling"]["oneOf"]) == 3
