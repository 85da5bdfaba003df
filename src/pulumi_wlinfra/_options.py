"""The options of a wlinfra resource as Pulumi's resource options."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pulumi

from pulumi_wlinfra._values import names_of

if TYPE_CHECKING:
    from wlinfra.resources.base import Resource

__all__ = ["options_of", "path_of"]

_PART = re.compile(r"([^.\[\]]+)|\[([^\]]*)\]")


def options_of(
    resource: Resource, attributes: Any, shape: str, pulumi_name: Callable[[str], str]
) -> pulumi.ResourceOptions:
    """Return the options; ``attributes`` are what is sent, in which paths are found, ``pulumi_name`` gives that of an address."""
    from wlinfra.resources.lifecycle import ReplaceOrder

    lifecycle = resource.lifecycle
    order = lifecycle.replace_order
    timeouts = {phase: f"{seconds:g}s" for phase, seconds in lifecycle.timeouts.items()}
    return pulumi.ResourceOptions(
        protect=lifecycle.protect or None,
        retain_on_delete=lifecycle.retain or None,
        delete_before_replace=None if order is None else order is ReplaceOrder.DELETE_THEN_CREATE,
        replace_on_changes=[path_of(path, attributes, shape) for path in lifecycle.replace_on] or None,
        ignore_changes=[path_of(path, attributes, shape) for path in lifecycle.ignore_changes] or None,
        aliases=[pulumi.Alias(name=pulumi_name(address)) for address in lifecycle.aliases] or None,
        custom_timeouts=pulumi.CustomTimeouts(**timeouts) if timeouts else None,
    )


def path_of(path: str, attributes: Any, shape: str) -> str:
    """Return a path of an attribute as Pulumi writes it: in camelCase, with indexes instead of names."""
    return "".join(_parts(path, attributes, shape)).removeprefix(".")


def _parts(path: str, value: Any, shape: str) -> Iterator[str]:
    for word, bracket in _PART.findall(path):
        key = word or bracket.strip('"')
        if bracket and not bracket.startswith('"') and not shape.startswith("*"):
            index = _index(key, value) if isinstance(value, list) else key
            yield f"[{index}]"
            value = value[index] if isinstance(value, list) and isinstance(index, int) else None
        elif shape.startswith("*"):
            yield f'["{key}"]' if "." in key or bracket.startswith('"') else f".{key}"
            value, shape = _inner(value, key), shape[1:]
        elif bracket:
            yield f"[{bracket}]"
            value, shape = _inner(value, key), ""
        else:
            name, shape = names_of(shape).get(key, (key, ""))
            yield f".{name}"
            value = _inner(value, name)


def _index(key: str, items: list[Any]) -> int | str:
    """Return where the item of that name is; ``*`` for all of them when there is none."""
    if key.isdecimal() and int(key) < len(items):
        return int(key)
    named = [place for place, item in enumerate(items) if _inner(item, "name") == key]
    if not named and len(items) == 1 and key != "*":  # a sole container needs no name
        return 0
    return named[0] if named else key if key.isdecimal() else "*"


def _inner(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None
