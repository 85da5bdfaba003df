"""All mutating calls, as plans and journals name them."""

from __future__ import annotations

from typing import Final

from wlinfra.provider import Operations
from wlinfra_kubernetes.platform import Platform

from .fields import CLAIM, EMPTY, HAND_OVER
from .objects import APPLY, CREATE, DELETE, FORCE_APPLY

__all__ = ["OPERATIONS"]

OPERATIONS: Final = Operations[Platform]([CREATE, APPLY, FORCE_APPLY, DELETE, EMPTY, CLAIM, HAND_OVER])
