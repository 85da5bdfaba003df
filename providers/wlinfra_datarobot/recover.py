"""Finds out whether an interrupted call took effect, by looking at the platform.

`provider` calls `recover` for an intent without a result. Only reads are made, and doubt is returned as doubt.
"""

from __future__ import annotations

from wlinfra.http.failures import ApiError
from wlinfra.provider import Intent, Recovery, UnclearOutcome

from .operations.table import OPERATIONS
from .platform import Platform

__all__ = ["recover"]


def recover(platform: Platform, intent: Intent) -> Recovery:
    """Return whether the interrupted step took effect."""
    try:
        return OPERATIONS[intent.operation].look(platform, intent)
    except ApiError as error:
        return UnclearOutcome(error=error.diagnostics[0])
