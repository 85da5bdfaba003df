"""The types of attributes: what they accept, and what providers find after validation.

Plain functions instead of unions, because a union reports one error per member where users need one sentence.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, Final, TypeAlias

from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field, PlainValidator, Strict, WithJsonSchema
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from wlinfra.quantities import QuantityError, check_volume_size, parse_memory
from wlinfra.resources.declaring import Problem
from wlinfra.values import HIDDEN, Ref, Secret, Template, find_unsendable, is_sendable, parse_template

__all__ = [
    "ANY_SCHEMA",
    "TEXT_SCHEMA",
    "Flag",
    "Label",
    "Line",
    "Memory",
    "Number",
    "Plain",
    "Prose",
    "Text",
    "VolumeSize",
    "Whole",
    "Word",
    "attribute",
    "broken_rule",
    "marked",
    "not_unicode",
    "problem_of_line",
    "problem_of_text",
    "sendable",
    "to_text",
    "type_of",
]


def _of_64_bits(value: int) -> int:
    if -(2**63) <= value < 2**63:
        return value
    raise broken_rule(
        Problem(
            summary="Value out of range",
            detail="It is an integer of more than 64 bits, which no platform takes.",
            fix="Give a smaller number.",
        )
    )


def _as_float(value: Any) -> Any:
    if type(value) is int and not -(2**63) <= value < 2**63:
        return _of_64_bits(value)
    return value


Whole: TypeAlias = Annotated[int, Strict(), AfterValidator(_of_64_bits)]
"""An integer; a string of digits or a truth value is refused."""
Number: TypeAlias = Annotated[float, Strict(), Field(allow_inf_nan=False), BeforeValidator(_as_float)]
"""A number, integer or not."""
Flag: TypeAlias = Annotated[bool, Strict()]
"""True or False."""

_LABEL = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)


def attribute(default: Any, description: str, *aliases: str, **rules: Any) -> Any:
    """Return a pydantic field; each alias is accepted as written and in camelCase."""
    if aliases:
        spellings = dict.fromkeys(spelling for alias in aliases for spelling in (to_camel(alias), alias))
        rules["validation_alias"] = AliasChoices(*spellings)
    return Field(default, description=description, **rules)


def broken_rule(*problems: Problem) -> PydanticCustomError:
    """Return an error for pydantic to collect; `mistakes.explain` finds the problems in it again."""
    return PydanticCustomError("wlinfra", "broken rule", {"problems": problems})


def type_of(value: Any) -> str:
    """Return what people call the type of a value.

    >>> type_of(None), type_of(1)
    ('None', 'int')
    """
    return "None" if value is None else type(value).__name__


def not_unicode() -> Problem:
    """Return the problem of a string that cannot be sent."""
    return Problem(
        summary="String is not Unicode",
        detail="It has half of a surrogate pair, which stands for no letter and cannot be sent.",
        fix="Read what it comes from as UTF-8, or encode bytes as base64.",
    )


def problem_of_text(text: str) -> Problem | None:
    """Return why no request and no process can take the string; None where all can."""
    if "\0" in text:
        return Problem(
            summary="String has a NUL character",
            detail="It has the character NUL, which no platform stores and no process can be given.",
            fix="Take the character out, or encode bytes as base64.",
        )
    if HIDDEN in text:
        return Problem(
            summary="Secret in a string",
            detail="A secret was put into a string, where it stands hidden, so that the platform would get no secret.",
            fix="Give the secret as a value of its own, such as an environment variable.",
        )
    return None if is_sendable(text) else not_unicode()


_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""What a terminal obeys, ends a line, or turns the direction in which a name is read."""


def problem_of_line(text: str, allowed: str = "") -> Problem | None:
    """Return why the string cannot be a name or stand on one line; characters in ``allowed`` may stand in it."""
    found = problem_of_text(text)
    if found is None and not text.isprintable() and (odd := set(_CONTROL.findall(text)) - set(allowed)):
        found = Problem(
            summary="String has a control character",
            detail=f"It has the character U+{ord(min(odd)):04X}, which moves a terminal's cursor, ends the line or reverses its letters, so that something else would be read.",
            fix="Take the character out.",
        )
    return found


def sendable(value: Any) -> Any:
    """Return free JSON as it is; raises for what no journal and no request can carry, naming each place."""
    problems = [
        Problem(summary="Value cannot be sent", detail=why, fix="Correct the value.", path=path)
        for path, why in find_unsendable(value)
    ]
    if problems:
        raise broken_rule(*problems)
    return value


def to_text(value: Any, problem_of: Callable[[str], Problem | None] = problem_of_text) -> str | Ref | Template:
    """Return the string or reference a value stands for; raises for anything else.

    A resource stands for its id. ``problem_of`` gives the reason why a string is refused.
    """
    match value:
        case str():
            if problem := problem_of(value):
                raise broken_rule(problem)
            return parse_template(value)
        case Ref() | Template():
            return value
        case Secret():
            raise broken_rule(
                Problem(
                    summary="Secret not allowed here",
                    detail="This attribute can be read by every user who may see the resource.",
                    fix="Give the secret as an environment variable of a container.",
                )
            )
        case _ if callable(getattr(value, "ref", None)) and not isinstance(value, type):
            return to_text(value.ref("id"))
        case _:
            raise broken_rule(
                Problem(summary="Wrong type", detail=f"It must be a string or a reference, not {type(value).__name__}.")
            )


def _taken(text: str) -> str:
    if problem := problem_of_line(text):
        raise broken_rule(problem)
    return text


def _known(text: str) -> str:
    if not isinstance(parse_template(text), str):
        raise broken_rule(
            Problem(
                summary="Reference not allowed here",
                detail="A reference is known only after apply, and this must be known when planning.",
                fix="Write it out, or take it from a setting.",
            )
        )
    return text


def _quantity(parse: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        try:
            return parse(value)
        except QuantityError as error:
            raise broken_rule(Problem(summary="Wrong amount", detail=str(error), fix=error.fix)) from None

    return check


def _to_label(value: Any) -> str:
    if not isinstance(value, str) or not _LABEL.fullmatch(value):
        raise broken_rule(
            Problem(
                summary="Bad name",
                detail="It takes lower-case letters, digits and hyphens, begins with a letter, "
                "ends with a letter or digit, and has at most 63 characters.",
                fix="Write it as main or model-cache.",
            )
        )
    return value


def marked(name: str, content: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an object with one key that stands for what JSON has no word for; `stack.form` reads them."""
    return {"type": "object", "properties": {name: content}, "required": [name], "additionalProperties": False}


ANY_SCHEMA: Final = {"type": ["string", "number", "boolean", "object", "array", "null"]}
"""Any JSON value."""
_REF: Final = marked("$ref", {"type": "string"})
TEXT_SCHEMA: Final = {
    "anyOf": [
        {"type": "string"},
        _REF,
        marked("$template", {"type": "array", "items": {"anyOf": [{"type": "string"}, _REF]}}),
        marked("$unknown", {"type": "object"}),
    ]
}
"""A string, or what becomes one later."""


def _line(value: Any) -> str | Ref | Template:
    return to_text(value, problem_of_line)


def _prose(value: Any) -> str | Ref | Template:
    return to_text(value, lambda text: problem_of_line(text, "\t\n\r"))


Text: TypeAlias = Annotated[str | Ref | Template, PlainValidator(to_text), WithJsonSchema(TEXT_SCHEMA)]
"""A string that may contain references, or a resource standing for its id."""
Line: TypeAlias = Annotated[str | Ref | Template, PlainValidator(_line), WithJsonSchema(TEXT_SCHEMA)]
"""A `Text` on one line, without control characters: a name, an id, a label."""
Prose: TypeAlias = Annotated[str | Ref | Template, PlainValidator(_prose), WithJsonSchema(TEXT_SCHEMA)]
"""A `Text` of several lines, without other control characters."""
Plain: TypeAlias = Annotated[str, AfterValidator(_taken)]
"""A string on one line without references, such as a key."""
Word: TypeAlias = Annotated[Plain, AfterValidator(_known)]
"""A string that is known when planning."""
Memory: TypeAlias = Annotated[
    int,
    PlainValidator(_quantity(parse_memory)),
    WithJsonSchema({"type": ["integer", "string"], "examples": ["2GB", "4GB", "512MiB"]}),
]
"""Bytes, written as a number or as ``"2GB"``."""
VolumeSize: TypeAlias = Annotated[
    str,
    PlainValidator(_quantity(check_volume_size)),
    WithJsonSchema({"type": "string", "examples": ["200Gi", "1Ti", "500Gi"]}),
]
"""The size of a volume, such as ``"200Gi"``."""
Label: TypeAlias = Annotated[
    str, PlainValidator(_to_label), WithJsonSchema({"type": "string", "pattern": f"^{_LABEL.pattern}$"})
]
"""The name of a container or group."""
