"""References filled in as far as they are known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wlinfra.diff.leaves import is_plain
from wlinfra.values import UNKNOWN, Address, Json, Ref, Template, map_leaves

__all__ = ["resolve_known"]


def resolve_known(value: Json, known: Mapping[tuple[Address, str], Json]) -> Json:
    """Return the tree with every reference filled in whose value is known; the others stay."""
    if is_plain(value):  # most objects refer to nothing, and need no walk to tell
        return value

    def fill(leaf: Any) -> Any:
        match leaf:
            case Ref():
                found = known.get(leaf.key, UNKNOWN)
                return leaf if found is UNKNOWN else found
            case Template(pieces):
                parts = [known.get(piece.key, UNKNOWN) if isinstance(piece, Ref) else piece for piece in pieces]
                return leaf if any(part is UNKNOWN for part in parts) else "".join(map(str, parts))
            case _:
                return leaf

    return map_leaves(value, fill)
