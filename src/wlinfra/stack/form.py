"""Resources as plain JSON and back: what a file, another process or another engine stores of a declaration.

Only declared attributes are written, by their own names. What JSON has no word for is an object with one key, a mark:
``$ref``, ``$template``, ``$resource``, ``$secret``, ``$credential``, ``$apiKey`` and ``$unknown``; an object of the user's
that looks like one is wrapped in ``$literal``. No secret is revealed: its form names the source.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Final, TypeVar

from wlinfra.errors import DeclarationError
from wlinfra.resources.base import Resource
from wlinfra.resources.declaring import caller, locate, require
from wlinfra.resources.lenient import lenient, opened
from wlinfra.resources.model import Model
from wlinfra.resources.samples import problems_of
from wlinfra.resources.variables import ApiKey, Credential, EnvVar
from wlinfra.stack.secrets import secret_command, secret_env, secret_file
from wlinfra.values import UNKNOWN, Address, Json, Ref, Secret, Template, Unknown, is_boundless

__all__ = ["build", "form_schema", "from_form", "to_form"]

M = TypeVar("M", bound=Model)

_LITERAL: Final = "$literal"
_SECRETS: Final[Mapping[str, Callable[[Any], Secret]]] = {
    "env": secret_env,
    "file": secret_file,
    "command": secret_command,
}


def to_form(value: Json) -> Json:
    """Return a resource, or any declared value, as plain JSON.

    >>> from wlinfra.resources.workload import Workload
    >>> to_form(Workload("chat", artifact="65f0c0ffee0123456789abcd", replicas=2))
    {'name': 'chat', 'artifact': '65f0c0ffee0123456789abcd', 'replicas': 2}

    Raises DeclarationError for a secret from a source of the user's own, which has no form.
    """
    match value:
        case Model():
            declared = value.__pydantic_fields_set__
            return {name: _attribute(getattr(value, name)) for name in type(value).model_fields if name in declared}
        case Ref(address, attribute):
            return {"$ref": f"{address}#{attribute}"}
        case Template(pieces):
            return {"$template": [to_form(piece) for piece in pieces]}
        case Secret():
            return {"$secret": _source_of(value)}
        case Credential(id, key):
            return {"$credential": {"id": to_form(id), "key": key}}
        case ApiKey():
            return {"$apiKey": {}}
        case Unknown():
            return {"$unknown": {}}
        case Enum():
            return value.value
        case Mapping():
            form = {key: _attribute(item) for key, item in value.items()}
            return {_LITERAL: form} if _is_mark(form) else form
        case list() | tuple():
            return _sequence(value)
        case str():
            return str(value)
        case _:
            return value


def _attribute(value: Json) -> Json:
    return {"$resource": str(value.address)} if isinstance(value, Resource) else to_form(value)


def _sequence(items: list[Json] | tuple[Json, ...]) -> Json:
    if items and all(isinstance(item, EnvVar) for item in items):
        return to_form({item.name: item.value for item in items})
    return [_attribute(item) for item in items]


def _source_of(secret: Secret) -> Json:
    if secret.source is None:
        raise DeclarationError.of(
            "Secret has no form",
            f"The secret from {secret.describe} is fetched by code of the program, which JSON cannot represent.",
            "Take it from wl.secret_env, wl.secret_file or wl.secret_command.",
            location=locate(caller()),
        )
    return dict(secret.source)


def _is_mark(form: Mapping[str, Json]) -> bool:
    return len(form) == 1 and next(iter(form)) in (*_MARKS, _LITERAL)


def from_form(model: type[M], form: Json, *, resources: Mapping[str, Resource] | None = None) -> M:
    """Return the model that a form describes; attributes may also be in camelCase, or the API's words.

    ``resources`` are those that ``$resource`` may name, by address. Raises DeclarationError for what the form or the
    model does not know, naming each attribute.
    """
    _require_model(model, "wl.from_form")
    if not isinstance(form, Mapping) or is_boundless(form):
        raise _wrong(f"A {model.__name__} is an object of at most 200 levels", "Write its attributes as an object.")
    return model(**_loaded_items(form, resources or {}))


def build(model: type[M], properties: Mapping[str, Json], *, resources: Mapping[str, Resource] | None = None) -> M:
    """Return the model that a tool's properties describe; as `from_form`, and `UNKNOWN` and secrets may stand anywhere.

    A secret stays one where the attribute takes it. Elsewhere the platform gets and stores its value, and it is not
    shown. Raises DeclarationError for what is wrong whatever the unknown values are; it quotes no secret.
    """
    known = resources or {}
    with lenient(lambda content: _loaded(content, known)):
        made = model(**_loaded_items(properties, known))
        incomplete = made.is_incomplete
    if incomplete and not made.is_broken and (problems := problems_of(made)):
        raise DeclarationError(*problems)
    return made


def _loaded_items(form: Mapping[str, Json], resources: Mapping[str, Resource]) -> dict[str, Json]:
    return {str(key): _loaded(item, resources) for key, item in form.items()}


def _loaded(form: Json, resources: Mapping[str, Resource]) -> Json:
    match form:
        case Mapping() if _is_mark(form):
            ((mark, content),) = form.items()
            return _of_mark(mark, content, resources)
        case Mapping():
            return _loaded_items(form, resources)
        case list() | tuple():
            return [_loaded(item, resources) for item in form]
        case _:
            return form


def _of_mark(mark: str, content: Json, resources: Mapping[str, Resource]) -> Json:
    if mark == _LITERAL:
        if not isinstance(content, Mapping):
            raise _wrong("$literal wraps an object", "Leave it out around anything else.")
        return _loaded_items(content, resources)
    return _MARKS[mark](content, resources)


def _wrong(what: str, fix: str) -> DeclarationError:
    return DeclarationError.of("Form not readable", f"{what}.", fix, location=locate(caller()))


def _require_model(model: object, call: str) -> None:
    if not isinstance(model, type) or not issubclass(model, Model):
        require(
            model,
            (),
            call,
            "a class of declarations",
            f"Write it as {call}(wl.Workload{', form' * (call == 'wl.from_form')}).",
        )


def _ref(content: Json, _: Mapping[str, Resource]) -> Ref:
    address, mark, attribute = content.partition("#") if isinstance(content, str) else ("", "", "")
    if not mark or address.count(".") < 1 or not attribute:
        raise _wrong("$ref has an address and an output", 'Write it as {"$ref": "workload.chat#endpoint"}.')
    return Ref(Address(address), attribute)


def _template(content: Json, resources: Mapping[str, Resource]) -> Template:
    pieces = _loaded(content, resources) if isinstance(content, list) else None
    if not pieces or not all(isinstance(piece, str | Ref) for piece in pieces):
        raise _wrong("$template has strings and references", 'Write it as {"$template": ["http://", {"$ref": ...}]}.')
    return Template(tuple(pieces))


def _resource(content: Json, resources: Mapping[str, Resource]) -> Resource:
    if not isinstance(content, str) or content not in resources:
        raise _wrong(f"There is no resource {content!r} to refer to", "Give it in resources, or name another.")
    return resources[content]


def _secret(content: Json, _: Mapping[str, Resource]) -> Secret:
    match list(content.items()) if isinstance(content, Mapping) else []:
        case [("env" | "file" as source, str(name))]:
            return _SECRETS[source](name)
        case [("command" as source, [*words])] if words and all(isinstance(word, str) for word in words):
            return _SECRETS[source](words)
        case _:
            raise _wrong(
                "$secret names one source: env, file or command", 'Write it as {"$secret": {"env": "HF_TOKEN"}}.'
            )


def _credential(content: Json, resources: Mapping[str, Resource]) -> Credential:
    match content:
        case {"id": id_, "key": str(key), **rest} if not rest:
            return Credential(opened(_loaded(id_, resources)), key)
        case _:
            raise _wrong("$credential has an id and a key", 'Write it as {"$credential": {"id": "...", "key": "..."}}.')


_MARKS: Final[Mapping[str, Callable[[Any, Mapping[str, Resource]], Json]]] = {
    "$ref": _ref,
    "$template": _template,
    "$resource": _resource,
    "$secret": _secret,
    "$credential": _credential,
    "$apiKey": lambda content, resources: ApiKey(),
    "$unknown": lambda content, resources: UNKNOWN,
}


def form_schema(model: type[Model]) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a model's form: every attribute by its own name, with its type."""
    _require_model(model, "wl.form_schema")
    model.model_rebuild()
    return model.model_json_schema(by_alias=False)
