"""What is known about the attributes of an object, as data: the differ reads it and has no code per type.

Providers declare one `Attribute` tree for each kind of object; `diff.compare` walks it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum

from wlinfra.values import Json

__all__ = ["OPAQUE", "Attribute", "Effect", "fields"]


class Effect(IntEnum):
    """What changing an attribute costs, weakest first."""

    STORED = 0
    """Kept for later; no call is made now."""
    IN_PLACE = 1
    """Changed while everything continues running."""
    ROLLS = 2
    """New pods beside the old; same id, no downtime."""
    REPLACES = 3
    """A new identity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One attribute of an object, and how its values compare.

    Leave ``fields`` and ``items`` out for a scalar, or for free JSON when ``free`` is set.
    """

    effect: Effect | None = None
    """None: as the attribute above it; the root's default is IN_PLACE."""
    computed: bool = False
    """Only the platform sets it; it is never compared."""
    sensitive: bool = False
    """Never shown."""
    private: bool = False
    """What stands here and is not declared may be another user's secret: its live value is not shown, nor recorded in plain text."""
    write_only: bool = False
    """The platform does not return it; compared with what was applied."""
    default: Json = None
    """What the platform fills in when it is left out; equal to leaving it out, and what a removed attribute is reset to."""
    normalize: Callable[[Json], Json] | None = None
    """Turns a value into its meaning, such as a quantity into bytes; must accept every value it may meet."""
    fields: Mapping[str, Attribute] | None = None
    """The attributes of a nested object."""
    values: Attribute | None = None
    """The attribute of every value of a map with free keys."""
    items: Attribute | None = None
    """The attribute of every element of a list."""
    keyed_by: str | None = None
    """A list whose elements are matched by this attribute of theirs; their order has no meaning."""
    unordered: bool = False
    """A list of scalars whose order has no meaning."""
    free: bool = False
    """A value without a schema: compared as a whole, differences found by DeepDiff."""

    def member(self, name: str) -> Attribute:
        """Return the attribute of a member of the object or map."""
        found = self.fields.get(name) if self.fields is not None else None
        return found or self.values or OPAQUE

    @property
    def element(self) -> Attribute:
        """The attribute of every element of the list."""
        return self.items or OPAQUE


OPAQUE = Attribute()
"""What is assumed of an attribute that no schema mentions: a plain value."""


def fields(**attributes: Attribute) -> Mapping[str, Attribute]:
    """Return the attributes as a mapping; reads better than a dict of strings in a schema."""
    return attributes
