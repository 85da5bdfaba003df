"""A declaration as plain JSON: nothing is lost, nothing secret is in it, and its schema types every attribute."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # its stubs are a separate package
from pydantic.alias_generators import to_camel

import wlinfra as wl
from wlinfra.errors import DeclarationError
from wlinfra.resources.base import Resource
from wlinfra.resources.model import Model
from wlinfra_kubernetes import Manifest

MODELS = [
    found
    for name in wl.__all__
    if isinstance(found := getattr(wl, name), type) and issubclass(found, Model) and found not in (Model, wl.Settings)
]
DOCUMENT = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"$ref": "literal"}}


def typed(schema: Any) -> bool:
    """Return whether every value that the schema allows has a type."""
    match schema:
        case {"anyOf": options} | {"oneOf": options}:
            return all(map(typed, options))
        case {"$ref": _} | {"enum": _} | {"const": _}:
            return True
        case {"type": "array", "items": items}:
            return typed(items)
        case {"type": "array"}:
            return False
        case {"type": _, "additionalProperties": dict(inner)}:
            return typed(inner)
        case {"type": _}:
            return True
        case _:
            return False


@pytest.mark.parametrize("model", [*MODELS, Manifest], ids=lambda model: model.__name__)
def test_the_schema_types_every_attribute_by_its_own_name(model: type[Model]) -> None:
    schema = wl.form_schema(model)
    Draft202012Validator.check_schema(schema)
    assert [name for name in model.model_fields if not typed(schema["properties"].get(name))] == []


@pytest.mark.parametrize("model", [*MODELS, Manifest], ids=lambda model: model.__name__)
def test_every_attribute_may_be_written_in_camel_case(model: type[Model]) -> None:
    for name, field in model.model_fields.items():
        alias = field.validation_alias
        spellings = {name, alias} if isinstance(alias, str) else {name, *getattr(alias, "choices", ())}
        assert {name, to_camel(name)} <= spellings


def declared() -> Iterator[Resource]:
    peer = wl.Workload("peer", artifact="65f0c0ffee0123456789abcd", description="", aliases=["workload.old"])
    env = {
        "PLAIN": "",
        "URL": f"{peer.endpoint}v1",
        "ID": peer.id,
        "TOKEN": wl.secret_env("HF_TOKEN"),
        "FILE": wl.secret_file("token.txt"),
        "COMMAND": wl.secret_command(["pass", "show", "hf"]),
        "STORED": wl.credential(peer.id, "apiToken"),
        "KEY": wl.api_key(),
    }
    server = wl.Artifact("server", containers=[wl.Container(image="ghcr.io/acme/chat:1", port=8080, env=env)])
    yield from (peer, server)
    yield wl.Workload(
        "chat",
        artifact=server,
        autoscaling=[wl.cpu(target=70, max=4)],
        replace_order="create-then-delete",
        depends_on=[peer],
        timeouts={"create": 60.5},
        tags={"größe": "1"},
    )
    config = Manifest("config", DOCUMENT)
    yield from (
        config,
        Manifest("pod", {**DOCUMENT, "kind": "DaemonSet", "spec": {"$secret": {"a": 1}}, "n": None}, roll_on=[config]),
    )


def test_what_is_declared_comes_back_from_its_json() -> None:
    known: dict[str, Resource] = {}
    for resource in declared():
        form = json.loads(json.dumps(wl.to_form(resource)))
        Draft202012Validator(wl.form_schema(type(resource))).validate(form)
        again = wl.from_form(type(resource), form, resources=known)
        assert wl.to_form(again) == form
        assert again.__pydantic_fields_set__ == resource.__pydantic_fields_set__
        known[resource.address] = again


def test_no_secret_is_in_a_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "canary")
    assert "canary" not in json.dumps([wl.to_form(resource) for resource in declared()])


def test_a_secret_from_a_source_of_the_programs_own_has_no_form() -> None:
    class Vault:
        describe = "the vault"

        def fetch(self) -> str:
            return "canary"

    container = wl.Container(image="a", port=8080, env={"TOKEN": wl.secret(Vault())})
    with pytest.raises(DeclarationError, match="the vault"):
        wl.to_form(container)


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ([], "Workload is an object"),
        ({"name": "chat", "artifact": {"$ref": "server"}}, "address and an output"),
        ({"name": "chat", "artifact": {"$ref": 1}}, "address and an output"),
        ({"name": "chat", "artifact": {"$resource": "artifact.none"}}, "no resource 'artifact.none'"),
        ({"name": "chat", "artifact": {"$template": []}}, "strings and references"),
        ({"name": "chat", "artifact": {"$secret": {"vault": "x"}}}, "one source"),
        ({"name": "chat", "artifact": {"$secret": {"command": []}}}, "one source"),
        ({"name": "chat", "artifact": {"$credential": {"id": "x"}}}, "an id and a key"),
        ({"name": "chat", "artifact": {"$literal": 1}}, "wraps an object"),
        ({"name": "chat", "artifact": "x", "replcas": 2}, "replicas"),
    ],
)
def test_a_form_that_cannot_be_read_names_what_is_wrong(form: Any, why: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        wl.from_form(wl.Workload, form)
    assert why in f"{caught.value.diagnostics[0].detail} {caught.value.diagnostics[0].fix}"


def test_a_form_that_holds_itself_is_refused() -> None:
    form: dict[str, Any] = {"name": "chat"}
    form["artifact"] = form
    with pytest.raises(DeclarationError):
        wl.from_form(wl.Workload, form)
