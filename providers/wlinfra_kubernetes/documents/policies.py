"""The option ``conflicts``: which path each pattern means, which are no paths, and which mean nothing declared.

`configuration` refuses what is no path, `conflicts` asks what was decided about one, and `provider` refuses patterns
that match no field of any declared object.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any, Final

from wlinfra.errors import Diagnostic
from wlinfra.provider import PlatformObject
from wlinfra.values import Json
from wlinfra_manifests.document import KEYS

from .fieldpath import FieldPath, is_path, parse, resolved, shown

__all__ = ["idle_patterns", "matches", "policy_of", "problem_of"]

_ALIKE: Final = 0.75
_SIMPLE_KEY: Final = re.compile(r"\[\w+=([^,\]]*)\]")
"""A list key of one member."""
_ANY_KEY: Final = re.compile(r"\[([^\]]*)\]")


def problem_of(pattern: str) -> str:
    """Return what is wrong with a pattern; empty when it is one."""
    if "*" in pattern or is_path(pattern):
        return ""
    return (
        f"{pattern!r} is no path: write names with dots between them and the keys of list elements in brackets, "
        "such as spec.template.spec.containers[name=main].image"
    )


def policy_of(path: FieldPath, policies: Mapping[str, str]) -> str:
    """Return what the first pattern that covers the path says; empty when none does."""
    text = shown(path)
    return next((policy for pattern, policy in policies.items() if matches(pattern, text)), "")


def matches(pattern: str, text: str) -> bool:
    """Return whether the pattern covers a path as `shown` writes it: the path itself, or one that it stands below.

    Elements of lists may be written as the server does, or by their key alone, as a plan shows them.
    """
    texts = {text, _SIMPLE_KEY.sub(r".\1", text), _ANY_KEY.sub(r".\1", _SIMPLE_KEY.sub(r".\1", text))}
    if "*" in pattern:
        # Brackets are those of list keys here, never sets of characters.
        literal = pattern.removeprefix(".").replace('["', ".").replace('"]', "").replace('"', "")
        literal = literal.replace("[", "[[]").replace("?", "[?]")
        return any(fnmatchcase(one, f"{literal}{below}") for one in texts for below in ("", ".*", "[[]*"))
    wanted = shown(parse(pattern))
    return any(one == wanted or one.startswith((f"{wanted}.", f"{wanted}[")) for one in texts)


# ---------------------------------------------------------------- patterns that mean nothing


def idle_patterns(policies: Mapping[str, str], objects: Sequence[PlatformObject]) -> Iterator[Diagnostic]:
    """Yield an error for each pattern that covers no field that any of the objects declares."""
    bodies = [dict(item.values) for item in objects if not item.virtual and not item.lookup]
    for pattern in policies:
        if any(_covers(pattern, body) for body in bodies):
            continue
        known = sorted({text for body in bodies for text in _texts(body)})
        close = get_close_matches(pattern, known, n=1, cutoff=_ALIKE)
        hint = f"Did you mean {close[0]!r}?" if close else "Name a field that is declared, or take the entry out."
        yield Diagnostic(
            summary="Conflict policy matches nothing",
            detail=f"conflicts has an entry for {pattern!r}, and no object of this stack declares such a field.",
            fix=hint,
        )


def _covers(pattern: str, body: Json) -> bool:
    if "*" in pattern:
        return any(matches(pattern, text) for text in _texts(body))
    return resolved(pattern, body) is not None


def _texts(value: Json, above: str = "") -> Iterator[str]:
    """Yield every path of the tree as the server may write it."""
    if above:
        yield above
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _texts(item, f"{above}.{name}" if above else str(name))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            for key in _keys_of(item, index):
                yield from _texts(item, f"{above}[{key}]")


def _keys_of(item: Any, index: int) -> Iterator[str]:
    named = [keys for keys in KEYS if isinstance(item, Mapping) and item.get(keys[0]) is not None]
    for keys in named:
        yield ",".join(f"{key}={item.get(key, 'TCP')}" for key in keys)
    if not named:
        yield str(index)
