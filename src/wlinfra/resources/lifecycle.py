"""How the engine may treat a resource, whatever the platform."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

__all__ = ["Lifecycle", "ReplaceOrder"]


class ReplaceOrder(Enum):
    """Which comes first when an object gets a new identity."""

    DELETE_THEN_CREATE = "delete-then-create"
    CREATE_THEN_DELETE = "create-then-delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """Options every resource has, none of which is sent to a platform."""

    protect: bool = False
    """Refuse to delete or replace it, even after its declaration is gone."""
    retain: bool = False
    """Forget it instead of deleting it."""
    replace_order: ReplaceOrder | None = None
    """None: delete first where names are unique, else create first."""
    replace_on: tuple[str, ...] = ()
    """Attribute paths whose change replaces the object although the platform could update it."""
    ignore_changes: tuple[str, ...] = ()
    """Attribute paths whose live value is left alone once the object exists."""
    aliases: tuple[str, ...] = ()
    """Addresses this resource had before."""
    timeouts: Mapping[str, float] = field(default_factory=dict)
    """Seconds by phase: ``create``, ``update``, ``delete``."""
    adopt: bool = False
    """Take over an existing object of that name without asking."""
