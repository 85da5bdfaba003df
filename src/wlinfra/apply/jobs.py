"""Pieces of work on their way: one job for each node of a plan, and the group of all jobs of one plan.

`apply.applier` makes them; `apply.scheduler` alone changes them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from wlinfra.apply.events import ApplyEvent
from wlinfra.apply.execute import Work
from wlinfra.apply.stop import StopSignal
from wlinfra.apply.waiting import Answer
from wlinfra.changes.change import Change
from wlinfra.errors import Diagnostic
from wlinfra.plan.model import Node

__all__ = ["Job", "Outcome", "PlanJobs"]


@dataclass(slots=True, eq=False)
class Job:
    """One node on its way."""

    group: PlanJobs
    node: Node
    change: Change
    start: Callable[[], Work] | None
    """None when there is nothing to do."""
    awaits: bool = True
    """False when it has a goal that is left to the next run."""
    before: int = 0
    """How many nodes must be done first."""
    after: list[Job] = field(default_factory=list)
    height: int = 0
    """Length of the longest chain behind it."""
    place: int = 0
    """Among those of one height, the first submitted comes first."""
    work: Work | None = None
    answer: Answer | None = None
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a piece of work ended: done, failed with an error, or left with a reason."""

    id: str | None = None
    error: Diagnostic | None = None
    because: str = ""
    started: bool = False
    """All its calls are made and recorded, and what they lead to was not awaited."""


@dataclass(slots=True, eq=False, kw_only=True)
class PlanJobs:
    """The jobs of one plan, and who hears of them; the callables are called on the scheduler's thread alone."""

    stop: StopSignal
    listener: Callable[[ApplyEvent], None]
    begun: Callable[[Job], None]
    ended: Callable[[Job], None]
    finish: Callable[[], None]
    """Called on a worker when every job is done, failed or left."""
    broken: Callable[[BaseException], None]
    """Called instead, with what keeps the group from going on."""
    jobs: Sequence[Job] = ()
    """Their order is the order of ties."""
    deadline: float | None = None
    """When the group is stopped, by the monotonic clock."""
    open: int = 0
    """Jobs without an outcome."""
    running: int = 0
    """Jobs on a worker."""
    failure: BaseException | None = None
    """No new step starts; raised in the end."""
    is_silent: bool = False
    """Running calls end and are recorded, and nothing is reported."""
    told_stop: bool = False

    @property
    def is_stopping(self) -> bool:
        """True when no new step may start."""
        return self.failure is not None or self.stop.requested
