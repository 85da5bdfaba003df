"""What the platform's statuses mean for someone who waits.

Asked by the provider's `poll`. The published reference explains few of them; a status that is not listed keeps
waiting and is named in the progress, because the platform adds some.
"""

from __future__ import annotations

from enum import Enum
from types import MappingProxyType
from typing import Final, Literal

__all__ = [
    "PROTON",
    "REPLACEMENT",
    "WORKLOAD",
    "WaitState",
    "is_known",
    "replacement_progress",
    "workload_progress",
]


class WaitState(Enum):
    """Whether waiting makes sense."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


_WAITING, _DONE, _FAILED = WaitState.WAITING, WaitState.DONE, WaitState.FAILED

WORKLOAD: Final = MappingProxyType(
    {
        "unknown": _WAITING,
        "submitted": _WAITING,
        "provisioning": _WAITING,
        "launching": _WAITING,
        "running": _DONE,
        "suspended": _WAITING,
        "interrupted": _WAITING,
        "stopping": _WAITING,
        "stopped": _FAILED,
        "errored": _FAILED,
        "terminated": _FAILED,
    }
)
"""The 11 statuses of a workload that shall run."""

PROTON: Final = MappingProxyType(
    {**WORKLOAD, "initializing": _WAITING, "warming": _WAITING, "draining": _WAITING, "restarting": _WAITING}
)
"""The 15 statuses of a proton that shall run: the workload's and four internal ones."""

REPLACEMENT: Final = MappingProxyType(
    {
        "unknown": _WAITING,
        "submitted": _WAITING,
        "initializing": _WAITING,
        "awaiting_promotion": _WAITING,
        "switching": _WAITING,
        "deleting": _WAITING,
        "cleaning_up": _WAITING,
        "staged": _WAITING,
        "promoting": _WAITING,
        "canceling": _WAITING,
        "finalizing": _WAITING,
        "completed": _DONE,
        "errored": _FAILED,
        "failed": _FAILED,
    }
)
"""The statuses of a replacement in both dialects, and `failed`, which the platform's own command line also expects."""


def workload_progress(
    status: str, *, wanted: Literal["running", "stopped"] = "running", is_starting: bool = False
) -> WaitState:
    """Return how far a workload is on its way to the wanted power state.

    ``is_starting`` says that a start was just accepted, so that `stopped` may still be seen for a while.
    """
    match wanted, status:
        case "stopped", "stopped" | "terminated":
            return WaitState.DONE
        case "stopped", "errored":
            return WaitState.FAILED
        case "stopped", _:
            return WaitState.WAITING
        case _, "stopped" if is_starting:
            return WaitState.WAITING
        case _:
            return WORKLOAD.get(status, WaitState.WAITING)


def replacement_progress(status: str) -> WaitState:
    """Return how far a replacement is."""
    return REPLACEMENT.get(status, WaitState.WAITING)


def is_known(status: str) -> bool:
    """True for a status of some table; others are named as new in the progress."""
    return status in PROTON or status in REPLACEMENT
