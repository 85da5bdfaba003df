"""Whether a device fulfils an expression of dynamic resource allocation, as far as that is known without a cluster.

`devices` asks for each device. Expressions are written in CEL, which the scheduler evaluates; understood here are
conjunctions of the comparisons that drivers' documentation shows. About anything else nothing is concluded.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from wlinfra_manifests.quantities import amount

__all__ = ["Facts", "fulfils"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a driver says of a device, by domain and name."""

    driver: str
    attributes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    capacity: Mapping[str, Mapping[str, Decimal]] = field(default_factory=dict)


def fulfils(expression: str, facts: Facts) -> bool | None:
    """Return whether the device fulfils all parts of the expression; None when a part is not understood.

    A part that fails decides, whatever the others mean.
    """
    judged = [_part(part.strip(), facts) for part in _parts(expression)]
    return False if False in judged else None if None in judged else True


# ---------------------------------------------------------------- the grammar

_TEXT: Final = r"""(?P<text>r?"(?:[^"\\]|\\.)*"|r?'(?:[^'\\]|\\.)*')"""
_LITERAL: Final = rf"(?:{_TEXT}|(?P<number>-?\d+)|(?P<truth>true|false))"
_PLACE: Final = r"""device\.(?P<what>attributes|capacity)\[(?P<q>["'])(?P<domain>[^"']+)(?P=q)\]"""
_VALUE: Final = rf"{_PLACE}\.(?P<name>\w+)(?:\.(?P<case>lowerAscii|upperAscii)\(\))?"
_SIGN: Final = r"(?P<sign>==|!=|>=|<=|>|<)"
_FORMS: Final = tuple(
    re.compile(form)
    for form in (
        rf"device\.(?P<driver>driver)\s*{_SIGN}\s*{_TEXT}",
        rf"{_VALUE}\s*{_SIGN}\s*{_LITERAL}",
        rf"{_VALUE}\.(?P<test>matches|startsWith|endsWith|contains)\(\s*{_TEXT}\s*\)",
        rf"{_VALUE}\.compareTo\(\s*(?P<quantity>quantity)\(\s*{_TEXT}\s*\)\s*\)\s*{_SIGN}\s*0",
        _VALUE,
        rf"{_TEXT}\s+in\s+{_PLACE}",
        r"(?P<truth>true|false)",
    )
)
_SIGNS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}


def _parts(expression: str) -> Iterator[str]:
    """Yield what stands between the ``&&`` that are in neither quotes nor brackets."""
    depth, quote, start, at = 0, "", 0, 0
    while at < len(expression):
        sign = expression[at]
        if quote:
            if sign == "\\":
                at += 1
            elif sign == quote:
                quote = ""
        elif sign in "\"'":
            quote = sign
        elif sign in "([":
            depth += 1
        elif sign in ")]":
            depth -= 1
        elif depth == 0 and expression.startswith("&&", at):
            yield expression[start:at]
            at += 1
            start = at + 1
        at += 1
    yield expression[start:]


def _part(part: str, facts: Facts) -> bool | None:
    for form in _FORMS:
        if found := form.fullmatch(part):
            try:
                return _judged({name: text for name, text in found.groupdict().items() if text is not None}, facts)
            except (TypeError, ValueError, re.error):  # such as a comparison of a text with a number
                return None
    return None


def _judged(said: Mapping[str, str], facts: Facts) -> bool:
    if "driver" in said:
        return _SIGNS[said["sign"]](facts.driver, _literal(said))
    if "what" not in said:
        return said["truth"] == "true"
    there = getattr(facts, said["what"]).get(said["domain"]) or {}
    if "name" not in said:
        return _literal(said) in there
    if said["name"] not in there:
        return False
    value = there[said["name"]]
    if "case" in said:
        value = str(value).lower() if said["case"] == "lowerAscii" else str(value).upper()
    if "test" in said:
        return _tested(said["test"], str(value), str(_literal(said)))
    if "quantity" in said:
        return _SIGNS[said["sign"]](value, amount(_literal(said)))
    return _SIGNS[said["sign"]](value, _literal(said)) if "sign" in said else value is True


def _tested(test: str, value: str, text: str) -> bool:
    match test:
        case "matches":
            return re.search(text, value) is not None
        case "startsWith":
            return value.startswith(text)
        case "endsWith":
            return value.endswith(text)
        case _:
            return text in value


def _literal(said: Mapping[str, str]) -> Any:
    if "text" in said:
        return ast.literal_eval(said["text"])
    return int(said["number"]) if "number" in said else said["truth"] == "true"
