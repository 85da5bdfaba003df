"""YAML as kubectl reads it: which plain scalars are numbers, truth values or nothing, and what keys become.

kubectl reads YAML with a Go library of its own rules, neither those of YAML 1.1 nor of 1.2, and makes JSON of it. In
a custom resource without a schema a value that is read in another way is stored silently. `manifest_files` reads
with `Loader`; a test compares the table of forms with kubectl itself.
"""

from __future__ import annotations

import base64
import binascii
import re
import struct
from collections.abc import Hashable
from math import isfinite
from typing import Any, Final

import yaml

__all__ = ["Loader", "read_plain"]

_CORE: Final = "tag:yaml.org,2002:"
_PLAIN: Final = "tag:wlinfra,2026:plain"
_WORDS: Final[dict[str, Any]] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
}
_INTEGER: Final = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))", re.ASCII)
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_LEAST, _MOST, _UNSIGNED = -(2**63), 2**63 - 1, 2**64 - 1


def read_plain(text: str) -> Any:
    """Return what a scalar without quotes and tag stands for.

    >>> read_plain("="), read_plain("1:30"), read_plain("010"), read_plain("1e3"), read_plain("on")
    ('=', '1:30', 8, 1000, True)
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] == ".":
        return _float(text) if _FLOAT.fullmatch(text) else text
    if text[0] not in "+-0123456789":
        return text
    plain = text.replace("_", "")
    whole = _INTEGER.fullmatch(plain)
    if whole is not None and (number := _integer(whole)) is not None:
        return number
    return _float(plain, otherwise=text) if _FLOAT.fullmatch(plain) else text


def _integer(found: re.Match[str]) -> int | float | None:
    """Return the whole number; one of unsigned 64 bits is a float by the time it is JSON, and more is none."""
    sign, hexadecimal, binary, octal, decimal = found.groups()
    digits, base = next(
        (part, base) for part, base in ((hexadecimal, 16), (binary, 2), (octal, 8), (decimal, 10)) if part
    )
    number = int(digits, base) if len(digits) < 100 else 2**70
    number = -number if sign == "-" else number
    if _LEAST <= number <= _MOST:
        return number
    return float(number) if number <= _UNSIGNED and not sign else None


def _float(text: str, otherwise: str | None = None) -> Any:
    """Return the number, whole where it is; one too large for a float is a text."""
    number = float(text)
    if number in (float("inf"), float("-inf")):
        return text if otherwise is None else otherwise
    return _whole(number)


def _whole(number: float) -> int | float:
    return int(number) if number.is_integer() and abs(number) < 2**63 else number


def _as_key(key: Any) -> str | None:
    """Return a key as JSON has it; None for one that kubectl refuses."""
    match key:
        case str():
            return key
        case bool():
            return str(key).lower()
        case int():
            return str(key)
        case _:
            return None


def _float_key(number: float) -> str:
    """Return a float as the key that kubectl makes of it: the shortest text that is the same in 32 bits."""
    near = struct.unpack("f", struct.pack("f", number))[0]
    digits = next(
        text for n in range(9) if struct.unpack("f", struct.pack("f", float(text := f"{near:.{n}e}")))[0] == near
    )
    mantissa, _, exponent = digits.partition("e")
    power = int(exponent)
    if -4 <= power < 21 and not (power >= 6 and power >= len(mantissa.replace(".", "").lstrip("-"))):
        return f"{float(digits):.{max(0, len(mantissa.partition('.')[2]) - power)}f}"
    return f"{mantissa}e{'-' if power < 0 else '+'}{abs(power):02}"


class Loader(yaml.SafeLoader):
    """Plain data as kubectl makes it of YAML; keys are texts, and a key stands once."""

    def compose_scalar_node(self, anchor: Any) -> Any:
        """Return the node; a bare ``!`` makes a text of it."""
        event = self.peek_event()  # type: ignore[no-untyped-call]  # so in the stubs of PyYAML
        if event.tag == "!":
            event.tag = _CORE + "str"
        return super().compose_scalar_node(anchor)

    def resolve(self, kind: Any, value: Any, implicit: Any) -> str:
        """Return the tag of a node that has none."""
        if kind is not yaml.ScalarNode:
            return str(super().resolve(kind, value, implicit))  # type: ignore[no-untyped-call]  # so in the stubs of PyYAML
        if not implicit[0]:
            return _CORE + "str"
        return _CORE + "merge" if value == "<<" else _PLAIN

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = True) -> dict[Hashable, Any]:
        """Return the mapping; raises YAMLError for a key that stands twice, and for one that is no text."""
        written: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != _CORE + "merge":
                if key.value in written:
                    raise _wrong("a key stands twice", key)
                written.add(key.value)
        self.flatten_mapping(node)
        made: dict[Hashable, Any] = {}
        for key, value in node.value:
            made[self._key(key)] = self.construct_object(value, deep=True)
        return made

    def _key(self, node: yaml.Node) -> str:
        if isinstance(node, yaml.ScalarNode):
            number = _number(node)
            found = _float_key(number) if number is not None else _as_key(self.construct_object(node, deep=True))
            if found is not None:
                return found
        raise _wrong("a key is no text", node)


def _number(node: yaml.ScalarNode) -> float | None:
    """Return the float that a key is written as; it has a spelling of its own."""
    text = node.value.replace("_", "")
    is_float = node.tag == _PLAIN and _FLOAT.fullmatch(text) and not _INTEGER.fullmatch(text)
    return float(text) if is_float and abs(float(text)) < 3e38 else None


def _wrong(why: str, node: yaml.Node) -> yaml.YAMLError:
    return yaml.constructor.ConstructorError(None, None, why, node.start_mark)


def _plain(loader: Loader, node: yaml.ScalarNode) -> Any:
    value = read_plain(node.value)
    if isinstance(value, float) and not isfinite(value):
        raise _wrong("infinity and nan are no values in JSON", node)
    return value


def _tagged(*kinds: type) -> Any:
    def construct(loader: Loader, node: yaml.ScalarNode) -> Any:
        value = read_plain(node.value)
        if type(value) not in kinds:
            raise _wrong("a value is not of the type that its tag says", node)
        return value

    return construct


def _binary(loader: Loader, node: yaml.ScalarNode) -> str:
    try:
        return base64.b64decode(node.value.encode(), validate=False).decode()
    except (binascii.Error, UnicodeError):
        raise _wrong("!!binary does not hold the base64 of a text", node) from None


def _anything(loader: Loader, node: yaml.Node) -> Any:
    """Return what stands there whatever its tag says, as kubectl does with tags it does not know."""
    match node:
        case yaml.MappingNode():
            return loader.construct_mapping(node)
        case yaml.SequenceNode():
            return loader.construct_sequence(node, deep=True)
        case _:
            return node.value


Loader.yaml_constructors = {  # none of PyYAML's own
    _PLAIN: _plain,
    _CORE + "bool": _tagged(bool),
    _CORE + "int": _tagged(int),
    _CORE + "float": _tagged(int, float),
    _CORE + "null": _tagged(type(None)),
    _CORE + "binary": _binary,
    None: _anything,
}
