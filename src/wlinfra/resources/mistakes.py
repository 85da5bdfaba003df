"""Turns what pydantic found wrong into sentences for users.

`resources.base` calls `explain` for a model, `stack.settings` for merged settings. No value that may be secret is
ever repeated: only numbers, truth values and words compared with a fixed list are.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from wlinfra.resources.declaring import Problem
from wlinfra.resources.fields import not_unicode, type_of

__all__ = ["explain", "nearest"]

_EXPECTED = {
    "bool": "True or False",
    "date": "a date",
    "dict": "a dict",
    "float": "a number",
    "int": "an integer",
    "list": "a list",
    "mapping": "a dict",
    "set": "a set",
    "string": "a string",
    "tuple": "a list",
}
_WITHOUT_QUOTES = {
    "True or False": "Write True or False without quotes.",
    "a list": "Write it in brackets, such as [...].",
    "a number": "Write the number without quotes.",
    "an integer": "Write the number without quotes.",
}
_LIMITS = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that was most likely meant, if any is near.

    >>> nearest("imgae", ["image", "port"])
    'image'
    """
    matches = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return matches[0] if matches else None


def explain(model: type[BaseModel], error: ValidationError) -> Iterator[Problem]:
    """Yield one problem for each thing wrong, with its path from the model."""
    for details in error.errors(include_url=False):
        path = tuple(details["loc"])
        if details["type"] == "wlinfra":
            for problem in details["ctx"]["problems"]:
                yield problem.within(*path)
        else:
            yield _translate(model, details, path)


def _translate(model: type[BaseModel], details: ErrorDetails, path: tuple[str | int, ...]) -> Problem:
    kind, given = details["type"], details.get("input")
    context: dict[str, Any] = details.get("ctx", {})
    match kind:
        case "extra_forbidden":
            return _unknown(model, path)
        case "missing":
            owner = _model_at(model, path[:-1])
            return Problem(
                summary="Missing attribute", detail=f"{owner} needs {path[-1]}.", fix=f"Add {path[-1]}=...", path=path
            )
        case "literal_error" | "enum":
            expected = str(context.get("expected", ""))
            said = f", not {given!r}" if isinstance(given, str) else ""
            guess = (
                nearest(given, expected.replace("'", "").replace(" or ", ", ").split(", "))
                if isinstance(given, str)
                else None
            )
            fix = f"Did you mean {guess!r}?" if guess else ""
            return Problem(
                summary="Value not allowed", detail=f"It must be one of {expected}{said}.", fix=fix, path=path
            )
        case _ if kind in _LIMITS:
            words, key = _LIMITS[kind]
            limit = f"{words} {context[key]}"
            return Problem(
                summary="Value out of range",
                detail=f"It must be {limit}, not {_number(given)}.",
                fix=f"Give {path[-1] if path else 'it'} a value of {limit}.",
                path=path,
            )
        case "union_tag_not_found" | "union_tag_invalid":
            return Problem(
                summary="Value not allowed",
                detail=f"Its {context['discriminator']} must name one of the known forms.",
                path=path,
            )
        case "model_type" | "model_attributes_type":
            return Problem(
                summary="Wrong type", detail=f"It must be a {context['class_name']}, not {type_of(given)}.", path=path
            )
        case _:
            return _wrong_type(details, path)


def _wrong_type(details: ErrorDetails, path: tuple[str | int, ...]) -> Problem:
    kind = details["type"]
    expected = _EXPECTED.get(kind.partition("_")[0])
    given = details.get("input")
    if expected and kind.endswith(("_type", "_parsing", "_from_float")):
        fix = "A reference is known only after apply: decide by a setting instead." if type_of(given) == "Ref" else ""
        thousandths = re.fullmatch(r"(\d{1,9})m", given) if expected == "a number" and isinstance(given, str) else None
        if thousandths is not None:
            fix = f"Write it as {int(thousandths[1]) / 1000:g}."
        said = f", not {type_of(given)}" if kind.endswith("_type") else ""
        if not fix and isinstance(given, str):
            fix = _WITHOUT_QUOTES.get(expected, "")
        return Problem(summary="Wrong type", detail=f"It must be {expected}{said}.", fix=fix, path=path)
    context: dict[str, Any] = details.get("ctx", {})
    match kind:
        case "finite_number":
            said = "It must be a finite number, and infinity and nan are none."
            return Problem(summary="Value out of range", detail=said, fix="Leave it out for no limit.", path=path)
        case "string_unicode":
            return replace(not_unicode(), path=path)
        case "too_long" | "string_too_long":
            unit = "characters" if kind.startswith("string") else "entries"
            said = f"It has more than {context['max_length']} {unit}."
            return Problem(summary="Too long", detail=said, fix=f"Give at most {context['max_length']}.", path=path)
        case "too_short" | "string_too_short":
            unit = "character" if kind.startswith("string") else "entry"
            count = context["min_length"]
            said = "It is empty." if count == 1 else f"It needs {count} of them."
            return Problem(summary="Too short", detail=said, fix=f"Give at least {count} {unit}.", path=path)
        case "string_pattern_mismatch":
            said = f"It must match {context['pattern']}."
            return Problem(summary="Value not allowed", detail=said, path=path)
    # pydantic's own messages name the rule; those of custom validators could quote the value, so they are not used.
    message = details["msg"] if not kind.endswith("_error") else "The value is refused by its validator"
    return Problem(summary="Value not allowed", detail=f"{message.rstrip('.')}.", path=path)


def _number(value: Any) -> str:
    return "a number this large" if isinstance(value, int) and value.bit_length() > 64 else repr(value)


def _unknown(model: type[BaseModel], path: tuple[str | int, ...]) -> Problem:
    owner = _class_at(model, path[:-1])
    word = str(path[-1])
    known = sorted(owner.model_fields) if owner else []
    guess = nearest(word, known)
    fix = f"Did you mean {guess}?" if guess else f"It has {', '.join(known)}." if known else ""
    name = owner.__name__ if owner else "It"
    return Problem(summary="Unknown attribute", detail=f"{name} has no attribute {word}.", fix=fix, path=path)


def _model_at(model: type[BaseModel], path: tuple[str | int, ...]) -> str:
    owner = _class_at(model, path)
    return owner.__name__ if owner else "It"


def _class_at(model: type[BaseModel], path: tuple[str | int, ...]) -> type[BaseModel] | None:
    owner: type[BaseModel] | None = model
    for part in path:
        if isinstance(part, int) or owner is None:
            continue
        field = owner.model_fields.get(part)
        if field is None:
            continue  # the tag of a union
        owner = next(_models_in(field.annotation), None)
    return owner


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _models_in(argument)
