"""When two values are the same, secrets and values that are not known yet among them.

Called by `diff.compare`, `diff.free` and `diff.project`; nothing here shows a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import orjson

from wlinfra.errors import ConfigurationError
from wlinfra.state.key import Digest
from wlinfra.state.model import SecretDigest
from wlinfra.values import UNKNOWN, Json, Path, Ref, Secret, Template

__all__ = [
    "are_identical",
    "dig",
    "is_list",
    "is_object",
    "is_open_leaf",
    "is_plain",
    "is_special",
    "same",
    "secret_matches",
]

_PLAIN: Final = frozenset((str, int, float, bool, list, tuple, type(None)))
_SORTED: Final = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS


def is_object(value: Json) -> bool:
    """True for a JSON object."""
    return isinstance(value, dict) or (type(value) not in _PLAIN and isinstance(value, Mapping))


def is_list(value: Json) -> bool:
    """True for a JSON array."""
    return isinstance(value, list | tuple)


def is_open_leaf(value: Json) -> bool:
    """True for a leaf that only another step will tell."""
    return value is UNKNOWN or isinstance(value, Ref | Template)


def is_special(value: Json) -> bool:
    """True when the leaf is no plain JSON value, so that it has no equality of its own."""
    return is_open_leaf(value) or isinstance(value, Secret | SecretDigest)


def are_identical(left: Json, right: Json) -> bool:
    """True when two trees are certainly equal; False when a walk has to tell.

    Their bytes decide, because Python's own equality takes True for 1.
    """
    try:
        if type(left) is dict and type(right) is dict and len(left) != len(right):
            return False
        if _bytes(left) == _bytes(right):
            return True
        return bool(left == right) and _bytes(left, _SORTED) == _bytes(right, _SORTED)
    except TypeError:  # a secret or a reference is no JSON and refuses to be compared
        return False


def _bytes(value: Json, option: int = orjson.OPT_PASSTHROUGH_DATACLASS) -> bytes:
    return orjson.dumps(value, option=option)


def is_plain(value: Json) -> bool:
    """True when the tree certainly holds no secret and nothing open: every such leaf refuses to be written."""
    try:
        _bytes(value)
    except TypeError:
        return False
    return True


def same(left: Json, right: Json, digest: Digest) -> bool:
    """True when both values mean the same without a schema: 1 is 1.0 but not True, null is absent."""
    if left is right:
        return True
    if is_object(left) and is_object(right):
        return all(same(left.get(key), right.get(key), digest) for key in {**left, **right})
    if is_list(left) and is_list(right):
        return len(left) == len(right) and all(same(a, b, digest) for a, b in zip(left, right, strict=True))
    if is_special(left) or is_special(right):
        return secret_matches(left, right, digest) is True
    if isinstance(left, bool) is not isinstance(right, bool):
        return False
    return bool(left == right)


def secret_matches(left: Json, right: Json, digest: Digest) -> bool | None:
    """Return whether two leaves, one of them a secret, hold the same text; None when that is unknown."""
    if left is None or right is None or is_open_leaf(left) or is_open_leaf(right):
        return False
    try:
        if not isinstance(left, SecretDigest) and not isinstance(right, SecretDigest):
            return _text(left) is not None and _text(left) == _text(right)
        found = [_digest(side, digest) for side in (left, right)]
    except ConfigurationError:  # the secret's source has none here, as in a plan without credentials
        return None
    if None in found:
        return None if _may_be_text(left) and _may_be_text(right) else False
    return found[0] == found[1]


def _may_be_text(value: Json) -> bool:
    return isinstance(value, str | Secret | SecretDigest)


def _text(value: Json) -> str | None:
    return value.reveal() if isinstance(value, Secret) else value if isinstance(value, str) else None


def _digest(value: Json, digest: Digest) -> str | None:
    if isinstance(value, SecretDigest):
        return value.digest or None
    text = _text(value)
    return digest(text) if text is not None and digest.known else None


def dig(value: Json, path: Path) -> Json:
    """Return what is at the path; None when nothing is."""
    for part in path:
        if is_object(value) and isinstance(part, str):
            value = value.get(part)
        elif is_list(value) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return None
    return value
