"""Property values as the protocol sends them, to and from plain Python.

A value that the protocol's JSON cannot express is an object with a signature: a secret, an output, a reference to a
resource. A value that is not known yet is one of seven strings, one for each type that it may have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import copysign
from typing import Any, Final

from google.protobuf.struct_pb2 import NULL_VALUE, Struct, Value

from wlinfra.pulumi.contract import Properties, SecretValue
from wlinfra.values import UNKNOWN, Secret, Unknown, is_sendable

__all__ = ["ASSETS", "SENTINEL", "SIGNATURE", "decode", "encode", "find_assets"]

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the protocol's word for it
_OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_RESOURCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
ASSETS: Final = frozenset({"c44067f5952c0a294b673a41bacd8c17", "0def7320c3a5731c473e5ecbe6d01bc7"})
"""The signatures of assets and archives, which stay the objects that they are."""

SENTINEL: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What stands for a value that is not known; the engine takes this one for any type."""
_SENTINELS: Final = frozenset(
    {
        SENTINEL,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # a boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # a number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # a list
        "030794c1-ac77-496b-92df-f27374a8bd58",  # an asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # an archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # an object
    }
)
_EXACT: Final = 2**53
"""Numbers are sent as doubles, which are exact to here."""


def decode(properties: Struct) -> dict[str, Any]:
    """Return the properties with `SecretValue` for secrets and UNKNOWN for what is not known."""
    return {key: _decode(value) for key, value in properties.fields.items()}


def _decode(value: Value) -> Any:
    match value.WhichOneof("kind"):
        case "string_value":
            text = value.string_value
            return UNKNOWN if text in _SENTINELS else text
        case "number_value":
            return _number(value.number_value)
        case "bool_value":
            return value.bool_value
        case "struct_value":
            return _decode_object(value.struct_value)
        case "list_value":
            return [_decode(item) for item in value.list_value.values]
        case _:
            return None


def _number(number: float) -> int | float:
    is_integer = number.is_integer() and abs(number) <= _EXACT and copysign(1, number) == (-1 if number < 0 else 1)
    return int(number) if is_integer else number


def _decode_object(struct: Struct) -> Any:
    plain = decode(struct)
    match plain.get(SIGNATURE):
        case signature if signature == _SECRET:
            return SecretValue(plain.get("value"))
        case signature if signature == _OUTPUT:
            value = plain.get("value", UNKNOWN)
            return SecretValue(value) if plain.get("secret") is True else value
        case signature if signature == _RESOURCE:  # as the engine writes it for providers that take no references
            return (plain["id"] or UNKNOWN) if "id" in plain else plain.get("urn")
        case _:
            return plain


def encode(properties: Properties) -> Struct:
    """Return the properties as the protocol sends them; raises TypeError for what no property can be."""
    struct = Struct()
    _fill(struct, properties)
    return struct


def _fill(struct: Struct, properties: Mapping[str, Any]) -> None:
    for key, value in properties.items():
        _encode(value, struct.fields[_text(key)])


def _encode(value: Any, into: Value) -> None:
    match value:
        case None:
            into.null_value = NULL_VALUE
        case bool():
            into.bool_value = value
        case str():
            into.string_value = _text(value)
        case int() | float():
            into.number_value = value
        case Unknown():
            into.string_value = SENTINEL
        case SecretValue():
            _encode_secret(value.value, into)
        case Secret():
            _encode_secret(value.reveal(), into)
        case Mapping():
            into.struct_value.SetInParent()
            _fill(into.struct_value, value)
        case list() | tuple():
            into.list_value.SetInParent()
            for item in value:
                _encode(item, into.list_value.values.add())
        case _:
            raise TypeError(f"{type(value).__name__} is no property value")


def _encode_secret(inner: Any, into: Value) -> None:
    fields = into.struct_value.fields
    fields[SIGNATURE].string_value = _SECRET
    _encode(inner, fields["value"])


def _text(text: str) -> str:
    return text if is_sendable(text) else text.encode("utf-8", "replace").decode()


def find_assets(value: Any, path: str = "") -> Iterator[str]:
    """Yield the property path of every asset and archive in a decoded tree."""
    match value:
        case dict() if value.get(SIGNATURE) in ASSETS:
            yield path
        case dict():
            for key, inner in value.items():
                named = key if key.isidentifier() else f'["{key}"]'
                yield from find_assets(inner, f"{path}.{named}" if path and named == key else f"{path}{named}")
        case list():
            for index, inner in enumerate(value):
                yield from find_assets(inner, f"{path}[{index}]")
        case SecretValue():
            yield from find_assets(value.value, path)
        case _:
            return
