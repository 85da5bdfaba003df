"""One request as the server recorded it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request as recorded for tests, with the status it was answered (None: the connection was dropped)."""

    number: int
    method: str
    path: str
    query: dict[str, list[str]]
    body: bytes
    status: int | None

    @property
    def json(self) -> Any:
        """The decoded request body, or None for an empty one."""
        return orjson.loads(self.body) if self.body else None
