"""What a comparison finds: one `AttributeChange` for each path that differs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from wlinfra.diff.schema import Effect
from wlinfra.values import Json, Path, format_path

__all__ = ["SENSITIVE", "AttributeChange", "Origin", "SensitiveValue"]


class Origin(Enum):
    """Who made the difference."""

    INTENDED = "intended"
    """The program changed since the last apply."""
    DRIFT = "drift"
    """The live object was changed by another user."""
    BOTH = "both"
    UNATTRIBUTED = "unattributed"
    """Nothing is recorded, so it is unknown."""


class SensitiveValue:
    """Stands wherever a value must not be shown; there is one instance, `SENSITIVE`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "(sensitive value)"


SENSITIVE = SensitiveValue()


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeChange:
    """One path that differs: what it was, is and will be. None means absent."""

    path: Path
    recorded: Json = None
    """At the last apply."""
    live: Json = None
    """Now."""
    planned: Json = None
    """After the apply; UNKNOWN when only the apply will tell."""
    effect: Effect = Effect.IN_PLACE
    origin: Origin = Origin.INTENDED
    sensitive: bool = False
    note: str = ""
    """Why it is special, such as that it cannot be compared."""
    declared: str = ""
    """The path as the program has it; empty where it is the platform's."""

    @property
    def name(self) -> str:
        """The path as people are shown it."""
        return self.declared or format_path(self.path)
