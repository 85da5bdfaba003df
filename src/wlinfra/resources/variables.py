"""Environment variables of containers: strings, references, secrets, and what the platform itself supplies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final, TypeAlias

from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from wlinfra.resources.declaring import Problem
from wlinfra.resources.fields import (
    TEXT_SCHEMA,
    broken_rule,
    marked,
    problem_of_line,
    problem_of_text,
    to_text,
    type_of,
)
from wlinfra.resources.lenient import Confidential, admits_unknown
from wlinfra.values import UNKNOWN, Ref, Secret, Template, Unknown, find_refs, parse_template

__all__ = ["ApiKey", "Credential", "EnvValue", "EnvVar", "Variables", "api_key", "credential"]


@dataclass(frozen=True, slots=True)
class Credential:
    """A value that the platform takes from a credential it stores."""

    id: str | Ref | Template
    key: str

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with the id and the key, as with the attributes of a model."""
        if _is_unknown(self.id) or isinstance(self.id, Confidential):
            pass
        elif not isinstance(self.id, str | Ref | Template):
            yield _wrong_part("id", f"must be a string or a reference, not {type_of(self.id)}", _WRITTEN)
        elif isinstance(self.id, str) and problem_of_line(self.id) is not None:
            yield _wrong_part("id", "is not Unicode, or has a control character", _WRITTEN)
        elif isinstance(self.id, str) and not self.id:
            yield _wrong_part("id", "is empty", _WRITTEN)
        if not isinstance(self.key, str):
            fix = 'Write it as wl.credential(id, "apiToken").'
            yield _wrong_part("key", f"must be a string, not {type_of(self.key)}", fix)
        elif not self.key or problem_of_line(self.key) is not None:
            yield _wrong_part("key", "must be the name of a value in the credential", 'Write it as "apiToken".')

    def references(self) -> tuple[Ref, ...]:
        """Return the references in its id."""
        return tuple(find_refs(self.id))


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key of the platform that it creates or reuses for the workload; users need not know it."""


_WRITTEN = 'Write it as wl.credential("65f0c0ffee0123456789abcd", "apiToken").'

EnvValue: TypeAlias = str | Ref | Template | Secret | Credential | ApiKey


@dataclass(frozen=True, slots=True)
class EnvVar:
    """One environment variable."""

    name: str
    value: EnvValue

    def references(self) -> tuple[Ref, ...]:
        """Return the references in its value."""
        if type(self.value) is str:  # nearly every value
            return ()
        return self.value.references() if isinstance(self.value, Credential) else tuple(find_refs(self.value))


def _wrong_part(name: str, why: str, fix: str) -> Problem:
    return Problem(summary="Wrong credential", detail=f"The {name} of wl.credential {why}.", fix=fix, path=(name,))


def credential(id: Any, key: str) -> Credential:  # noqa: A002 - the platform's word
    """Return a value that the platform takes from a stored credential: its id and the key inside it."""
    try:
        return Credential(to_text(id), key)
    except PydanticCustomError:
        return Credential(id, key)  # refused, with the place, where it becomes the value of a variable


def api_key() -> ApiKey:
    """Return a value that the platform fills with an API key that it creates."""
    return ApiKey()


def _to_variables(value: Any) -> tuple[EnvVar, ...] | Unknown | Confidential:
    match value:
        case Mapping():
            pairs: list[tuple[Any, Any]] = list(value.items())
        case list() | tuple():
            if any(_is_unknown(item) or _is_unknown(_name_of(item)) for item in value):
                return UNKNOWN  # which variables there are
            if admits_unknown() and (
                hidden := [part for item in value for part in (item, _name_of(item)) if isinstance(part, Secret)]
            ):
                return Confidential(hidden[0], _to_variables([_opened(item) for item in value]))
            pairs = [_pair(index, item) for index, item in enumerate(value)]
        case _:
            raise broken_rule(
                Problem(
                    summary="Wrong type",
                    detail=f"Environment variables are a dict of names and values, not {type(value).__name__}.",
                    fix='Write it as env={"LOG": "info"}.',
                )
            )
    if all(map(_is_plain, pairs)) and len({name for name, _ in pairs}) == len(pairs):  # nearly always
        return tuple(EnvVar(name, parse_template(text)) for name, text in pairs)
    problems = [problem for name, item in pairs for problem in _problems(name, item)]
    names = [name for name, _ in pairs if isinstance(name, str)]
    problems += [_duplicate(name) for name in dict.fromkeys(names) if names.count(name) > 1]
    if problems:
        raise broken_rule(*problems)
    return tuple(EnvVar(name, _to_value(item)) for name, item in pairs)


def _is_unknown(value: Any) -> bool:
    return value is UNKNOWN and admits_unknown()


def _opened(item: Any) -> Any:
    item = item.reveal() if isinstance(item, Secret) else item
    name = _name_of(item)
    return {**item, "name": name.reveal()} if isinstance(name, Secret) else item


def _name_of(item: Any) -> Any:
    return item.get("name") if isinstance(item, Mapping) else None


def _is_plain(pair: tuple[Any, Any]) -> bool:
    name, value = pair
    return type(value) is str and type(name) is str and _is_name(name) and problem_of_text(value) is None


def _is_name(name: str) -> bool:
    return name != "" and "=" not in name and problem_of_line(name) is None


def _pair(index: int, item: Any) -> tuple[Any, Any]:
    match item:
        case EnvVar():
            return item.name, item.value
        case {"name": name, "value": value, **rest} if rest in ({}, {"source": "string"}):
            return name, value
        case _:
            raise broken_rule(
                Problem(
                    summary="Wrong type",
                    detail="Each environment variable of a list has a name and a value.",
                    fix='Write it as {"name": "LOG", "value": "info"}.',
                    path=(index,),
                )
            )


def _duplicate(name: str) -> Problem:
    return Problem(
        summary="Duplicate environment variable",
        detail=f"{name} is given twice, and the platform would keep one of the values.",
        fix="Give each variable once.",
        path=(name,),
    )


def _problems(name: Any, value: Any) -> Iterator[Problem]:
    if not isinstance(name, str) or not _is_name(name):
        yield Problem(
            summary="Bad variable name",
            detail="The name of an environment variable is a string without an equals sign and without control characters.",
        )
    elif isinstance(value, bool | int | float):
        yield Problem(
            summary="Wrong type",
            detail=f"The value of an environment variable is a string, not {type(value).__name__}.",
            fix=f'Write it in quotes: "{_in_words(value)}".',
            path=(name,),
        )
    elif isinstance(value, str) and (problem := problem_of_text(value)) is not None:
        yield replace(problem, path=(name,))
    elif isinstance(value, Credential):
        yield from (replace(problem, path=(name, *problem.path)) for problem in value.problems())
    elif _is_unknown(value):
        return
    elif not isinstance(value, str | Ref | Template | Secret | Credential | ApiKey) and (
        isinstance(value, type) or not callable(getattr(value, "ref", None))
    ):
        yield Problem(
            summary="Wrong type",
            detail=f"The value of an environment variable is a string, a reference, a secret or a credential, not {type_of(value)}.",
            fix="Leave the variable out, or give it a value." if value is None else "",
            path=(name,),
        )


def _in_words(value: float) -> str:
    return "..." if isinstance(value, int) and value.bit_length() > 64 else str(value).lower()


def _to_value(value: Any) -> Any:
    return value if isinstance(value, Secret | Credential | ApiKey) or _is_unknown(value) else to_text(value)


_VALUE_SCHEMA: Final = {
    "anyOf": [
        *TEXT_SCHEMA["anyOf"],
        marked("$secret", {"type": "object", "minProperties": 1, "maxProperties": 1}),
        marked("$credential", {"type": "object", "required": ["id", "key"]}),
        marked("$apiKey", {"type": "object"}),
    ]
}

Variables: TypeAlias = Annotated[
    tuple[EnvVar, ...],
    PlainValidator(_to_variables),
    WithJsonSchema({"type": "object", "additionalProperties": _VALUE_SCHEMA}),
]
"""Environment variables, written as a dict or as a list of names and values."""
