"""Is an answer a document of the expected shape? Checked once, where it enters.

A client names a `TypedDict` for every answer it reads; `misfit` holds the document against it. Reading stays tolerant:
unknown keys, null and absent keys and unknown words are fine, keys marked `Required` must be there, and what is there
must have the right type, so that nothing behind this has to be ready for anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, Literal, NotRequired, Required, TypeAlias, Union, get_args, get_origin, get_type_hints
from typing import is_typeddict as is_typed_dict

from wlinfra.values import Path, format_path

__all__ = ["misfit"]

_Check: TypeAlias = Callable[[Any, Path], "tuple[Path, str] | None"]

_NAMES: Final = {
    dict: "an object",
    list: "a list",
    str: "a string",
    bool: "true or false",
    int: "a number",
    float: "a number",
    NoneType: "null",
}


def misfit(document: Any, shape: Any, *, at: Path = ()) -> str:
    """Return what does not fit and where, for users; empty when the document, or its part ``at``, has the shape.

    >>> from typing import TypedDict
    >>> misfit({"runtime": 5}, TypedDict("Workload", {"runtime": dict[str, str]}, total=False))
    '`runtime` is a number where an object is expected'
    """
    found = _check(shape)(document, at)
    if found is None:
        return ""
    path, what = found
    return f"`{format_path(path)}` {what}" if path else f"It {what}"


@cache
def _check(shape: Any) -> _Check:
    """Return the check of a type, made once."""
    origin = get_origin(shape)
    if origin in (Required, NotRequired):
        return _check(get_args(shape)[0])
    if is_typed_dict(shape):
        return _object(shape)
    if origin in (Union, UnionType):
        return _any_of(tuple(_check(part) for part in get_args(shape)))
    if origin is list:
        return _list(_check(get_args(shape)[0]))
    if origin in (dict, Mapping):
        return _mapping(_check(get_args(shape)[1]))
    if origin is Literal:
        return _scalar(str)
    if shape is float:
        return _scalar(int, float)
    if shape in (str, bool, int, NoneType):
        return _scalar(shape)
    if shape is Any:
        return lambda value, path: None
    raise TypeError(f"{shape} is no type of a JSON document")


def _scalar(*types: type) -> _Check:
    expected = "a whole number" if types == (int,) else _NAMES[types[0]]
    takes_bool = bool in types

    def check(value: Any, path: Path) -> tuple[Path, str] | None:
        if isinstance(value, types) and (takes_bool or not isinstance(value, bool)):
            return None
        return path, _instead(value, expected)

    return check


def _list(item: _Check) -> _Check:
    def check(value: Any, path: Path) -> tuple[Path, str] | None:
        if not isinstance(value, list):
            return path, _instead(value, "a list")
        return next((found for at, one in enumerate(value) if (found := item(one, (*path, at)))), None)

    return check


def _mapping(item: _Check) -> _Check:
    def check(value: Any, path: Path) -> tuple[Path, str] | None:
        if not isinstance(value, dict):
            return path, _instead(value, "an object")
        return next((found for name, one in value.items() if (found := item(one, (*path, name)))), None)

    return check


def _object(shape: Any) -> _Check:
    hints = get_type_hints(shape, include_extras=True)
    fields = {name: _check(hint) for name, hint in hints.items()}
    usual = Required if shape.__total__ else NotRequired
    required = {name for name, hint in hints.items() if (get_origin(hint) or usual) is Required}

    def check(value: Any, path: Path) -> tuple[Path, str] | None:
        if not isinstance(value, dict):
            return path, _instead(value, "an object")
        for name, field in fields.items():
            one = value.get(name)
            if one is None:
                if name not in required:
                    continue
                return path, f"has no `{name}`"
            found = field(one, (*path, name))
            if found is not None:
                return found
        return None

    return check


def _any_of(parts: tuple[_Check, ...]) -> _Check:
    def check(value: Any, path: Path) -> tuple[Path, str] | None:
        misfits = [part(value, path) for part in parts]
        return None if None in misfits else max((found for found in misfits if found), key=lambda found: len(found[0]))

    return check


def _instead(value: Any, expected: str) -> str:
    return f"is {_NAMES.get(type(value), 'something else')} where {expected} is expected"
