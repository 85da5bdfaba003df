"""A second validator for each model, which lets `UNKNOWN` and secrets stand for any attribute and any element.

Only `stack.form.build` opens it, for a declaration that has such values: a program of a user must not pass a mistake
because it could be an unknown value. What is known is validated as strictly as ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import fields, is_dataclass
from functools import lru_cache, partial
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic_core import SchemaValidator, core_schema

from wlinfra.errors import ConfigurationError
from wlinfra.resources.declaring import Problem, declaring
from wlinfra.resources.fields import broken_rule
from wlinfra.values import UNKNOWN, Secret

__all__ = [
    "Confidential",
    "admits_unknown",
    "is_confidential",
    "is_incomplete",
    "is_unknown",
    "lenient",
    "opened",
    "opened_unless_text",
    "validate_leniently",
]

_reading: ContextVar[Callable[[Any], Any] | None] = ContextVar("wlinfra_lenient", default=None)
_PLAIN: Final = frozenset((str, int, float, bool, type(None)))
_ELEMENTS: Final = ("items_schema", "values_schema")


class Confidential(Secret):
    """A secret where the attribute takes none: the platform gets and stores its value, and it is never shown here."""

    __slots__ = ("value",)

    def __init__(self, secret: Secret, value: Any) -> None:
        super().__init__(secret.reveal, describe=secret.describe, source=secret.source)
        self.value = value
        """The value as the attribute has it."""


@contextmanager
def lenient(read: Callable[[Any], Any]) -> Iterator[None]:
    """Let declarations created inside have unknown values, and secrets where an attribute takes none.

    ``read`` returns what the content of such a secret stands for.
    """
    token = _reading.set(read)
    try:
        yield
    finally:
        _reading.reset(token)


def admits_unknown() -> bool:
    """Return whether unknown values are let through."""
    return _reading.get() is not None


def opened(value: Any) -> Any:
    """Return a secret as one whose value is sent to the platform, where such are let through; else the value."""
    return Confidential(value, value.reveal()) if isinstance(value, Secret) and admits_unknown() else value


def opened_unless_text(value: Any) -> Any:
    """Return a secret as `opened` does where it is no string, which only free JSON can have; else the value."""
    with suppress(ConfigurationError):  # its source has none here, and what has a source is a string
        return value if isinstance(value, Secret) and isinstance(value.reveal(), str) else opened(value)
    return value


def is_incomplete(value: Any) -> bool:
    """Return whether some value inside a declared value is unknown or confidential, so that no provider can take it."""
    return _holds(value, lambda leaf: leaf is UNKNOWN or isinstance(leaf, Confidential))


def is_unknown(value: Any) -> bool:
    """Return whether some value inside a declared value is unknown."""
    return _holds(value, lambda leaf: leaf is UNKNOWN)


def is_confidential(value: Any) -> bool:
    """Return whether some value inside a declared value is a secret where the attribute takes none."""
    return _holds(value, lambda leaf: isinstance(leaf, Confidential))


def _holds(value: Any, test: Callable[[Any], bool]) -> bool:
    if type(value) in _PLAIN:
        return False
    if test(value):
        return True
    match value:
        case BaseModel():
            return any(_holds(item, test) for item in value.__dict__.values())
        case Mapping():
            return any(_holds(item, test) for item in value.values())
        case list() | tuple():
            return any(_holds(item, test) for item in value)
        case _ if is_dataclass(value):
            return any(_holds(getattr(value, part.name), test) for part in fields(value))
        case _:
            return False


def validate_leniently(model: BaseModel, attributes: Mapping[str, Any]) -> None:
    """Give a new model its attributes; raises ValidationError for those that are wrong."""
    made = _twin_of(type(model)).validate_python(attributes)
    for name in _STATE:
        object.__setattr__(model, name, getattr(made, name))


_STATE: Final = ("__dict__", "__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__")


@lru_cache(maxsize=64)
def _twin_of(model: type[BaseModel]) -> SchemaValidator:
    model.model_rebuild()
    return SchemaValidator(_twin(model.__pydantic_core_schema__), _config_of(model))


def _config_of(model: type[BaseModel]) -> core_schema.CoreConfig:
    """Return the configuration that pydantic gives the validator of a model, which all models share."""
    pending: list[Any] = [model.__pydantic_core_schema__]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            if item.get("type") == "model" and item["cls"] is model:
                config: core_schema.CoreConfig = item["config"]
                return config
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)
    raise TypeError(f"{model.__name__} has no schema of its own")


def _twin(schema: Any) -> Any:
    match schema:
        case {"type": "model-field"}:
            return {**schema, "schema": _admitting(schema["schema"])}
        case {"type": "model", "cls": cls}:  # which would validate with the strict validator of its class
            return core_schema.no_info_wrap_validator_function(partial(_make, cls), _twin(schema["schema"]))
        case {"type": "list" | "tuple" | "dict" | "set"}:
            return {key: _elements(item) if key in _ELEMENTS else item for key, item in schema.items()}
        case {"type": str()}:
            return {key: item if key in ("metadata", "cls") else _twin(item) for key, item in schema.items()}
        case dict():
            return {key: _twin(item) for key, item in schema.items()}
        case list():
            return [_twin(item) for item in schema]
        case _:
            return schema


def _elements(schema: Any) -> Any:
    return [_admitting(item) for item in schema] if isinstance(schema, list) else _admitting(schema)


def _admitting(schema: Any) -> Any:
    if schema["type"] == "default":  # what is left out must still find it
        return {**schema, "schema": _admitting(schema["schema"])}
    return core_schema.no_info_wrap_validator_function(_admit, _twin(schema))


def _admit(value: Any, validate: core_schema.ValidatorFunctionWrapHandler) -> Any:
    if value is UNKNOWN:
        return value
    if not isinstance(value, Secret):
        return validate(value)
    try:
        return validate(value)
    except ValidationError:  # the attribute takes no secret
        return Confidential(value, _opened(value, validate))


def _opened(secret: Secret, validate: core_schema.ValidatorFunctionWrapHandler) -> Any:
    read = _reading.get()
    content = secret.reveal()
    with declaring() as gathering, suppress(ValidationError):  # both would quote it
        made = validate(read(content) if read is not None else content)
        if not gathering.diagnostics:
            return made
    raise broken_rule(
        Problem(
            summary="Value not allowed",
            detail="It is a secret, which is not shown, and the attribute does not take its value.",
            fix="Correct the value where it comes from.",
        )
    )


def _make(model: type[BaseModel], value: Any, validate: core_schema.ValidatorFunctionWrapHandler) -> Any:
    if isinstance(value, model):
        return value
    made = model.__new__(model)
    for name, part in zip(_STATE, _parts_of(validate(value)), strict=True):
        object.__setattr__(made, name, part)
    return made


def _parts_of(validated: tuple[Any, Any, Any]) -> tuple[Any, ...]:
    attributes, extra, declared = validated
    return attributes, declared, extra, None
