"""What to do about a replacement that is already under way: wait for it, adopt it, or cancel it.

`plan_workload` asks before it plans a roll, because the platform would refuse or queue a second one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from wlinfra.provider import Gate, Step
from wlinfra.values import Json

from ..operations.workloads import CANCEL_REPLACEMENT
from ..platform import Platform
from ..waits.explain import active_record
from ..waits.rollout import has_replacement, runs

__all__ = ["InFlight", "Treatment", "cancelling", "look", "over_gate"]


class Treatment(Enum):
    """What happens to the replacement under way."""

    NONE = "none"
    """There is none."""
    ADOPT = "adopt"
    """It goes where we want: it is awaited and nothing is called."""
    WAIT = "wait"
    """Somebody else's: ours begins when it is over."""
    CANCEL = "cancel"
    """An older roll of this stack that is not wanted any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InFlight:
    """The replacement under way and what to do about it."""

    treatment: Treatment
    note: str = ""


_NOTHING = InFlight(treatment=Treatment.NONE)


def look(
    platform: Platform, workload: Mapping[str, Any], target: Mapping[str, Json], *, adoptable: bool, own: frozenset[str]
) -> InFlight:
    """Return how to treat what is under way on the workload; raises ApiError.

    ``target`` has the wanted ``artifact_id`` and ``runtime``; ``own`` are the artifact versions this stack made.
    """
    if not has_replacement(workload):
        return _NOTHING
    record = active_record(platform, workload["id"])
    if record is None:
        return _NOTHING
    candidate = record.get("candidateArtifactId")
    going_to = {"artifactId": candidate, "runtime": record.get("runtime")}
    wanted = target.get("artifact_id")
    goes_there = isinstance(wanted, str) and wanted == candidate
    if adoptable and goes_there and runs(going_to, target):
        return InFlight(
            treatment=Treatment.ADOPT,
            note=f"a replacement to the artifact {candidate} is under way and goes where it shall; it is awaited, nothing is called",
        )
    if candidate in own and not goes_there and record.get("switchedAt") is None:
        return InFlight(
            treatment=Treatment.CANCEL,
            note=f"a replacement to this stack's version {candidate}, which is wanted no more, is under way and is cancelled first",
        )
    return InFlight(
        treatment=Treatment.WAIT,
        note=f"a replacement to the artifact {candidate} is under way; this roll begins when that is over",
    )


def cancelling(workload_id: str) -> Step:
    """Return the step that cancels what is under way."""
    return CANCEL_REPLACEMENT.step("cancel the replacement under way", workload_id)


def over_gate() -> Gate:
    """Return the gate that opens when no replacement is under way."""
    return Gate(goal="replacement-over", describe="the replacement under way to be over")
