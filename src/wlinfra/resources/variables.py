"""Environment variables of containers: plain texts, references, secrets, and what the platform itself supplies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from pydantic import PlainValidator
from pydantic_core import PydanticCustomError

from wlinfra.resources.declaring import Problem
from wlinfra.resources.fields import broken_rule, to_text
from wlinfra.values import Ref, Secret, Template, find_refs, parse_template

__all__ = ["ApiKey", "Credential", "EnvValue", "EnvVar", "Variables", "api_key", "credential"]


@dataclass(frozen=True, slots=True)
class Credential:
    """A value that the platform takes from a credential it stores."""

    id: str | Ref | Template
    key: str

    def references(self) -> tuple[Ref, ...]:
        """Return the references in its id."""
        return tuple(find_refs(self.id))


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key of the platform that it makes or reuses for the workload; nobody has to know it."""


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


def credential(id: Any, key: str) -> Credential:  # noqa: A002 - the platform's word
    """Return a value that the platform takes from a stored credential: its id and the key inside it."""
    try:
        return Credential(to_text(id), key)
    except PydanticCustomError as error:
        problem: Problem = (error.context or {})["problems"][0]
        raise TypeError(f"wl.credential(id, key): the id is wrong. {problem.detail}") from None


def api_key() -> ApiKey:
    """Return a value that the platform fills with an API key of its own."""
    return ApiKey()


def _to_variables(value: Any) -> tuple[EnvVar, ...]:
    match value:
        case Mapping():
            pairs: list[tuple[Any, Any]] = list(value.items())
        case list() | tuple():
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


def _is_plain(pair: tuple[Any, Any]) -> bool:
    name, value = pair
    return type(value) is str and type(name) is str and name != "" and "=" not in name and "\0" not in name


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
    if not isinstance(name, str) or not name or "=" in name or "\0" in name:
        yield Problem(
            summary="Bad variable name", detail="The name of an environment variable is a text without an equals sign."
        )
    elif isinstance(value, bool | int | float):
        yield Problem(
            summary="Wrong type",
            detail=f"The value of an environment variable is a text, not {type(value).__name__}.",
            fix=f'Write it in quotes: "{str(value).lower()}".',
            path=(name,),
        )
    elif not isinstance(value, str | Ref | Template | Secret | Credential | ApiKey) and not callable(
        getattr(value, "ref", None)
    ):
        yield Problem(
            summary="Wrong type",
            detail=f"The value of an environment variable is a text, a reference, a secret or a credential, not {type(value).__name__}.",
            path=(name,),
        )


def _to_value(value: Any) -> EnvValue:
    return value if isinstance(value, Secret | Credential | ApiKey) else to_text(value)


Variables: TypeAlias = Annotated[tuple[EnvVar, ...], PlainValidator(_to_variables)]
"""Environment variables, written as a dict or as a list of names and values."""
