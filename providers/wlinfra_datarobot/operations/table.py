"""All mutating calls by their names, as plans and journals hold them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from . import artifacts, workloads
from .operation import Operation

__all__ = ["OPERATIONS"]

OPERATIONS: Final[Mapping[str, Operation]] = {
    operation.name: operation
    for room in (artifacts, workloads)
    for name in room.__all__
    if isinstance(operation := getattr(room, name), Operation)
}
