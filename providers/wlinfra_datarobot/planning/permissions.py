"""Whether the token may do what a plan says, judged by the permissions the platform shows on each object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from wlinfra.errors import ProviderError
from wlinfra.provider import ObjectState, PlatformObject

__all__ = ["CAN_DELETE", "CAN_SHARE", "CAN_UPDATE", "verify_permissions"]

CAN_UPDATE = "CAN_UPDATE"
CAN_DELETE = "CAN_DELETE"
CAN_SHARE = "CAN_SHARE"

_EVERYTHING = "*"
_CHANGING = frozenset({CAN_UPDATE, CAN_DELETE, CAN_SHARE})


def verify_permissions(
    document: Mapping[str, Any], needed: Iterable[str], subject: PlatformObject | ObjectState
) -> tuple[str, ...]:
    """Return what could not be verified; raises ProviderError when the platform says that a permission is missing.

    A token that may only read makes previews: its plan is whole, and says that an apply needs another one.
    """
    wanted = tuple(dict.fromkeys(needed))
    held = document.get("permissions")
    if not wanted or _EVERYTHING in (held or ()):
        return ()
    if held is None:
        return (f"the platform does not say whether this token has {', '.join(wanted)}",)
    missing = [permission for permission in wanted if permission not in held]
    if missing and _CHANGING.isdisjoint(held):
        return (f"this token may only read it; an apply needs one with {', '.join(missing)}",)
    if missing:
        raise ProviderError.of(
            "Permission is missing",
            f"{subject.address} needs {', '.join(missing)} on the {subject.kind} {subject.name!r}, "
            "which this token does not have.",
            "Ask an owner to share it with a role that may do this, or use another token.",
            address=subject.address,
        )
    return ()
