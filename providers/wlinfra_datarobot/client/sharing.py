"""Who may do what with a workload or an artifact."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wlinfra_datarobot.client.calls import PAGE_SIZE, Calls, Pages, Payload, segment
from wlinfra_datarobot.client.wire import SharedRole

__all__ = ["MOST_GRANTS", "Roles"]

MOST_GRANTS = 100
"""How many roles one call may carry, by the published reference."""


class Roles:
    """The shared roles of one kind of object."""

    def __init__(self, calls: Calls, base: str) -> None:
        self._calls = calls
        self._base = base

    def list(self, object_id: str, *, offset: int = 0, limit: int = PAGE_SIZE) -> Pages[SharedRole]:
        """Return every role given on an object."""
        return self._calls.pages(
            f"{self._base}/{segment(object_id)}/sharedRoles", SharedRole, {}, offset=offset, limit=limit
        )

    def update(self, object_id: str, grants: Sequence[Payload]) -> Any:
        """Give or take roles, at most `MOST_GRANTS` at once; the object does not restart. None is the usual answer."""
        body = {"operation": "updateRoles", "roles": list(grants)}
        return self._calls.patch(f"{self._base}/{segment(object_id)}/sharedRoles", dict[str, Any], body)
