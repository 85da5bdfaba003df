"""What the program marked as secret, whatever its kind: the core has secret strings only."""

from __future__ import annotations

from collections.abc import Mapping

from wlinfra.pulumi.contract import SecretValue
from wlinfra.values import Json, Secret

__all__ = ["plain", "pushed_down"]


def plain(value: Json) -> Json:
    """Return the value without the mark of a secret at its top."""
    while isinstance(value, Secret):
        value = value.value if isinstance(value, SecretValue) else value.reveal()
    return value


def pushed_down(value: Json, *, secret: bool = False) -> Json:
    """Return the tree with strings marked alone: a secret list or object is one of secret strings.

    >>> pushed_down(SecretValue({"a": "b", "c": 1}))
    {'a': (sensitive value), 'c': 1}
    """
    if isinstance(value, Secret):
        inner = plain(value)
        if isinstance(inner, str):
            return value
        return pushed_down(inner, secret=True)
    if isinstance(value, Mapping):
        return {key: pushed_down(item, secret=secret) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [pushed_down(item, secret=secret) for item in value]
    return SecretValue(value) if secret and isinstance(value, str) else value
