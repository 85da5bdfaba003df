"""Lifecycles as timelines: the moments at which a status begins, all written down when the lifecycle starts.

The status at any moment is a pure function of the timeline, so a killed and restarted emulator simply continues.
Protons, replacements and builds use it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .world import Durations

Timeline = Sequence[Sequence[Any]]

FAULTY_IMAGES: Mapping[str, tuple[str, str]] = {
    "does-not-exist": ("ErrImagePull", "the image was not found in its registry"),
    "crashes": ("CrashLoopBackOff", "the container ended with exit code 1"),
}
"""What an image reference contains, and why a proton that runs it ends as errored."""
STUCK_IMAGE = "never-ready"
"""An image whose readiness probe never succeeds: its proton stays in `launching`."""


def status_at(timeline: Timeline, now: float) -> str:
    """Return the last status that has begun by now."""
    return str(entry_at(timeline, now)[1])


def entry_at(timeline: Timeline, now: float) -> Sequence[Any]:
    """Return the moment and the name of the status at `now`."""
    current = timeline[0]
    for entry in timeline:
        if entry[0] > now:
            break
        current = entry
    return current


def began(timeline: Timeline, status: str) -> float | None:
    """Return when a status begins or began, or None when it never does."""
    return next((float(moment) for moment, name in timeline if name == status), None)


def launch(now: float, durations: Durations, *, ends_in: str, draft: bool) -> list[list[Any]]:
    """Return the timeline of a proton that starts now; `ends_in` names where it stays."""
    timeline: list[list[Any]] = [[now, "submitted"]]
    moment = now
    for spent, name in (
        (durations.submitted, "provisioning"),
        (durations.provisioning, "launching"),
        (durations.launching, "running"),
    ):
        moment += spent
        if name == "running" and ends_in == "errored":
            return [*timeline, [moment, "errored"]]
        timeline.append([moment, name])
        if name == ends_in:
            break
    if draft and ends_in == "running":
        return stop(timeline, moment + durations.draft_lifetime, durations)
    return timeline


def stop(timeline: Timeline, now: float, durations: Durations, last: str = "stopped") -> list[list[Any]]:
    """Return the timeline of a proton that is to stop at `now`."""
    past = [list(entry) for entry in timeline if entry[0] <= now]
    return [*past, [now, "stopping"], [now + durations.stopping, last]]


def outcome(spec: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return where a start of this artifact ends, with the reason and message when that is not `running`."""
    for image in images(spec):
        for part, (reason, message) in FAULTY_IMAGES.items():
            if part in image:
                return "errored", reason, f"{image}: {message}"
        if STUCK_IMAGE in image:
            return "launching", "ContainersNotReady", f"{image}: the readiness probe fails"
    return "running", "", ""


def images(spec: Mapping[str, Any]) -> list[str]:
    """Return the images of all containers of an artifact."""
    return [
        str(container.get("imageUri") or "")
        for group in spec.get("containerGroups", ())
        for container in group.get("containers", ())
    ]
