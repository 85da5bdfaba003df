"""What the scheduler's one thread receives from all others, through its inbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from wlinfra.apply.events import ApplyEvent
from wlinfra.apply.jobs import Job, Outcome, PlanJobs
from wlinfra.apply.waiting import Batch, Wait
from wlinfra.provider.base import Status

__all__ = [
    "Broken",
    "Closed",
    "Ended",
    "Finished",
    "Heard",
    "Message",
    "PollAnswered",
    "StopAsked",
    "Submitted",
    "Told",
    "Yielded",
]


@dataclass(frozen=True, slots=True)
class Submitted:
    """A plan is to be applied."""

    group: PlanJobs


@dataclass(frozen=True, slots=True)
class Closed:
    """No group follows."""


@dataclass(frozen=True, slots=True)
class Yielded:
    """A piece of work waits."""

    job: Job
    request: Wait


@dataclass(frozen=True, slots=True)
class Ended:
    """A piece of work has ended."""

    job: Job
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Broken:
    """The state cannot be written any more."""

    job: Job
    error: BaseException


@dataclass(frozen=True, slots=True)
class Finished:
    """The result of a group is handed over."""


@dataclass(frozen=True, slots=True)
class PollAnswered:
    """A provider was asked about what waits there."""

    batch: Batch[Job]
    statuses: Sequence[Status]
    asked: float


@dataclass(frozen=True, slots=True)
class Heard:
    """What waits at a provider may be over."""

    provider: str


@dataclass(frozen=True, slots=True)
class StopAsked:
    """The plan is to be stopped."""

    group: PlanJobs


@dataclass(frozen=True, slots=True)
class Told:
    """An event for the plan's listener."""

    group: PlanJobs
    event: ApplyEvent


Message: TypeAlias = Submitted | Closed | Yielded | Ended | Broken | Finished | PollAnswered | Heard | StopAsked | Told
