"""Names of the files that objects are written to: short where that is clear, and never one for two objects.

`yaml` orders by them and `files` writes to them.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from wlinfra.errors import DeclarationError
from wlinfra.provider.rendering import RenderedObject, merge_shared

__all__ = ["by_file_name"]

_LONGEST: Final = 200
"""Bytes of a name without its ending; file systems take 255."""
_ILLEGAL: Final = re.compile(r"[^\w.:@+-]")
_CLEAREST: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Identity:
    """What identifies an object in a cluster; its API version does not."""

    group: str
    kind: str
    namespace: str
    name: str

    def spelled(self, level: int) -> str:
        """Return a name without ending; each level adds detail to the one before."""
        place, group = self.namespace or "cluster", self.group or "core"
        parts = [f"{self.kind.lower()}-{self.name}", place, group, _digest(repr(self))]
        text = ".".join(parts[: level + 1])
        legal = _ILLEGAL.sub("_", text)
        if legal == text and len(text.encode()) <= _LONGEST:
            return text
        return f"{legal.encode()[: _LONGEST - 9].decode(errors='ignore')}-{_digest(text)}"


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:8]


def by_file_name(objects: Iterable[RenderedObject]) -> dict[str, RenderedObject]:
    """Return the objects by file name, such as ``deployment-chat.yaml``, in order of the names.

    Equal names get their namespaces, then their API groups. Raises DeclarationError when two objects are one in the
    cluster.
    """
    items: dict[_Identity, RenderedObject] = {}
    for item in merge_shared(objects):
        identity = _identity(item)
        if identity in items:
            raise DeclarationError.of(
                "Duplicate object",
                f"Two resources become the {item.kind} {item.name} of one namespace.",
                "Give one of them another name, or a platform_name.",
            )
        items[identity] = item
    levels = dict.fromkeys(items, 0)
    while clashing := _clashing(levels):
        levels.update({identity: levels[identity] + 1 for identity in clashing})
    named = {f"{identity.spelled(level)}.yaml": items[identity] for identity, level in levels.items()}
    return dict(sorted(named.items()))


def _identity(item: RenderedObject) -> _Identity:
    group = str(item.manifest["apiVersion"]).rpartition("/")[0]
    return _Identity(group=group, kind=item.kind, namespace=item.namespace, name=item.name)


def _clashing(levels: dict[_Identity, int]) -> list[_Identity]:
    """Return the objects that share a name, also on file systems that ignore case, and can still be distinguished."""
    names = {identity: identity.spelled(level).casefold() for identity, level in levels.items()}
    taken = Counter(names.values())
    return [one for one, level in levels.items() if taken[names[one]] > 1 and level < _CLEAREST]
