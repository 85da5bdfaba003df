"""What the program marked as secret, whatever its kind: the core takes secrets as leaves."""

from __future__ import annotations

from collections.abc import Mapping

from wlinfra.pulumi.contract import SecretValue
from wlinfra.values import UNKNOWN, Json, Secret

__all__ = ["plain", "pushed_down", "revealed"]


def plain(value: Json) -> Json:
    """Return the value without the mark of a secret at its top."""
    while isinstance(value, Secret):
        value = value.value if isinstance(value, SecretValue) else value.reveal()
    return value


def revealed(value: Json) -> Json:
    """Return the tree without any mark of a secret."""
    value = plain(value)
    if isinstance(value, Mapping):
        return {key: revealed(item) for key, item in value.items()}
    return [revealed(item) for item in value] if isinstance(value, list | tuple) else value


def pushed_down(value: Json, *, secret: bool = False) -> Json:
    """Return the tree with its leaves marked alone, as the core's secrets: a secret list or object is one of secrets.

    >>> pushed_down(SecretValue({"a": "b", "c": None, "d": {"$credential": {"id": "e", "key": "f"}}}))
    {'a': (sensitive value), 'c': None, 'd': {'$credential': {'id': (sensitive value), 'key': 'f'}}}
    """
    if isinstance(value, Secret):
        return pushed_down(plain(value), secret=True)
    if isinstance(value, Mapping):
        named = [key for key in value if key.startswith("$") and key != "$literal"] if len(value) == 1 else []
        if named:
            return {key: _of_mark(value[key], secret=secret) for key in named}
        return {key: pushed_down(item, secret=secret) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [pushed_down(item, secret=secret) for item in value]
    is_leaf = value is not None and value is not UNKNOWN
    return Secret(lambda: value, describe="a secret of the Pulumi program") if secret and is_leaf else value


def _of_mark(value: Json, *, secret: bool) -> Json:
    """Return what a mark of the form has: the id of a credential may be a secret, all else is a name."""
    known = revealed(value)
    if isinstance(value, Mapping) and isinstance(known, dict) and "id" in known:
        return {**known, "id": pushed_down(value["id"], secret=secret)}
    return known
