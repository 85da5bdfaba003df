"""Values as plain JSON with what cannot be shown next to it: unknown leaves and secret leaves by path.

All machine formats build on this, so that none can leak what another hides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from wlinfra.render.values import is_secret
from wlinfra.values import Json, Path, Ref, Template, Unknown

__all__ = ["Encoded", "Value", "encode_value"]

_PLAIN: Final = frozenset((str, int, float, bool, type(None)))


@dataclass(slots=True)
class Encoded:
    """Plain JSON; leaves at the paths in unknown are known after apply, those in sensitive are not shown; both are null."""

    __pydantic_config__: ClassVar = {"title": "Value", "json_schema_serialization_defaults_required": True}

    value: Any = None
    unknown: list[Path] = field(default_factory=list)
    sensitive: list[Path] = field(default_factory=list)


class Value:
    """A value in a document: text formats show ``raw`` and hide the secrets in it, machine formats encode it.

    Not a dataclass, because orjson would serialize that without encoding it.
    """

    __slots__ = ("raw",)

    def __init__(self, raw: Json) -> None:
        self.raw = raw

    def encoded(self) -> Encoded:
        """Return it as machine formats have it."""
        return encode_value(self.raw)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        return handler.generate_schema(Encoded)


def encode_value(value: Json) -> Encoded:
    """Return the value without secrets."""
    encoded = Encoded()
    encoded.value = _encode(value, (), encoded)
    return encoded


def _encode(value: Json, path: Path, into: Encoded) -> Any:
    kind = type(value)
    if kind in _PLAIN:  # the plain types first: a plan of thousands of objects has millions of leaves
        return value
    if kind is dict:
        return {str(key): _encode(item, (*path, str(key)), into) for key, item in value.items()}
    if is_secret(value):
        into.sensitive.append(path)
        return None
    match value:
        case Unknown() | Ref() | Template():
            into.unknown.append(path)
            return None
        case Mapping():
            return _encode(dict(value), path, into)
        case list() | tuple():
            return [_encode(item, (*path, index), into) for index, item in enumerate(value)]
        case None | bool() | int() | float() | str():
            return value
        case _:
            return str(value)
