"""All mutating calls, as plans and journals name them."""

from __future__ import annotations

from typing import Final

from wlinfra.provider import Operation, Operations

from ..platform import Platform
from . import artifacts, workloads

__all__ = ["OPERATIONS"]

OPERATIONS: Final = Operations[Platform](
    operation
    for room in (artifacts, workloads)
    for name in room.__all__
    if isinstance(operation := getattr(room, name), Operation)
)
