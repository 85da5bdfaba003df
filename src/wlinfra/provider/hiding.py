"""Keeps what was sent in secret out of the platform's own words on a wait."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import assert_never

from .base import Failed, Ready, Status, WaitingStill

__all__ = ["hidden"]


def hidden(status: Status, hide: Callable[[str], str]) -> Status:
    """Return the status with the platform's words as ``hide`` returns them."""
    match status:
        case Ready():
            return status
        case WaitingStill(reason=reason):
            return WaitingStill(reason=hide(reason))
        case Failed(error=error):
            return Failed(error=replace(error, detail=hide(error.detail)))
        case _:
            assert_never(status)
