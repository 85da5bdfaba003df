"""Whether a state that was handed in has the shape of one: what `state.ledger` parsed, held against its annotations.

`store.push` calls `check_ledger`, because whoever edits a state by hand changes types and forgets keys.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from wlinfra.state.ledger import Ledger
from wlinfra.values import Address, Path, find_unsendable, format_path

__all__ = ["check_address", "check_document", "check_ledger"]

_MOST = 2**53
"""What a counter may come to: readers of JSON beside Python take no more."""
_NAME = r"[A-Za-z0-9_][A-Za-z0-9_-]*"
_ADDRESS = re.compile(rf"{_NAME}(\.{_NAME})+(/\S+)?")
_TREES = ("values", "outputs", "memory")


def check_address(text: str) -> None:
    """Raise ValueError unless the text can be the address of a resource or of one of its objects."""
    if not _ADDRESS.fullmatch(text):
        raise ValueError(f"{text!r} is no address such as workload.chat")


def check_document(document: Any) -> None:
    """Raise ValueError for a document that nothing can hold, or whose objects keep something else than mappings."""
    for path, why in find_unsendable(document):
        raise ValueError(f"{format_path(path)}: {why}")
    if not isinstance(document["objects"], dict):
        raise ValueError("objects is no mapping")  # noqa: TRY004 - the document is wrong
    for address, item in document["objects"].items():
        for name in _TREES:
            if not isinstance(item.get(name, {}), dict):
                raise ValueError(f"objects.{address}.{name} is no mapping")  # noqa: TRY004 - the document is wrong


def check_ledger(ledger: Ledger) -> None:
    """Raise ValueError that names the first place where the ledger is not what its annotations say."""
    for path in _misfits(ledger, Ledger, ()):
        raise ValueError(f"{format_path(path)} is not what a state has there")
    for name in ("serial", "sequence", "epoch"):
        if not 0 <= getattr(ledger, name) < _MOST:
            raise ValueError(f"{name} is out of range")
    if not ledger.lineage:
        raise ValueError("lineage is empty")
    for address, item in ledger.objects.items():
        if item.address != address:
            raise ValueError(f"objects.{address}.address is another one")


def _misfits(value: Any, hint: Any, path: Path) -> Iterator[Path]:
    """Yield the places where the value is not of the annotated type."""
    origin = get_origin(hint)
    if hint is Any:
        return
    if origin in (Union, UnionType):
        if not any(not list(_misfits(value, one, path)) for one in get_args(hint)):
            yield path
    elif isinstance(hint, type) and is_dataclass(hint) and isinstance(value, hint):
        for name, inner in _hints(hint).items():
            yield from _misfits(getattr(value, name), inner, (*path, name))
    elif origin is not None and issubclass(origin, Mapping):
        yield from _in_mapping(value, get_args(hint)[1], path)
    elif origin is tuple:
        if not isinstance(value, tuple | list):
            yield path
            return
        for index, item in enumerate(value):
            yield from _misfits(item, get_args(hint)[0], (*path, index))
    elif not _is(value, hint):
        yield path


def _in_mapping(value: Any, hint: Any, path: Path) -> Iterator[Path]:
    if not isinstance(value, Mapping):
        yield path
    elif hint is not Any:
        for key, item in value.items():
            yield from _misfits(item, hint, (*path, str(key)))


def _is(value: Any, kind: Any) -> bool:
    if kind is Address:
        return isinstance(value, Address) and all(value.resource.split(".")) and "." in value.resource
    if kind in (None, NoneType):
        return value is None
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, kind)


@cache
def _hints(kind: Any) -> dict[str, Any]:
    found = get_type_hints(kind, vars(sys.modules[kind.__module__]))
    return {field.name: found[field.name] for field in fields(kind)}
