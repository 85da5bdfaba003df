"""Whose record a wanted object or a change is about, and what the declaration says of it."""

from __future__ import annotations

from wlinfra.changes.change import Change
from wlinfra.changes.model import PlatformObject
from wlinfra.state.records import Subject

__all__ = ["subject_of"]


def subject_of(item: PlatformObject | Change) -> Subject:
    """Return the subject of the object's record."""
    return Subject(
        address=item.address,
        provider=item.provider,
        kind=item.kind,
        name=item.name,
        depends_on=item.depends_on,
        protect=item.lifecycle.protect,
        retain=item.lifecycle.retain,
        virtual=item.virtual,
    )
