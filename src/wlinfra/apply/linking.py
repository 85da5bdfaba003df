"""Which pieces of work a plan has, and which of them come first.

`apply.applier` asks for them; what has nothing to do is a job too, because others come after it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wlinfra.apply.execute import Execution, Run, Work
from wlinfra.apply.jobs import Job, PlanJobs
from wlinfra.apply.recorder import Recorder
from wlinfra.apply.tally import Tally
from wlinfra.changes.change import Change
from wlinfra.changes.model import Action
from wlinfra.graph import DependencyGraph
from wlinfra.plan.model import Node, Plan
from wlinfra.plan.order import nodes_of
from wlinfra.state.model import Health
from wlinfra.values import Address

__all__ = ["changed_by", "jobs_of"]


def jobs_of(plan: Plan, group: PlanJobs, run: Run, tally: Tally, *, wait: bool) -> Sequence[Job]:
    """Return a job of the group for every node, linked, each with the length of the longest chain behind it."""
    jobs: dict[Node, Job] = {}
    for change in plan.changes:
        nodes = nodes_of(change)
        if change.action is not Action.READ and (change.action is not Action.NO_OP or change.goal is not None):
            tally.expect(change, len(nodes))
        for node in nodes:
            jobs[node] = Job(group, node, change, None)
    graph = DependencyGraph({node: plan.edges.get(node, ()) for node in jobs})
    order = graph.order()
    for node in order:
        for earlier in graph.dependencies(node):
            jobs[node].before += 1
            jobs[earlier].after.append(jobs[node])
    for node in reversed(order):
        jobs[node].height = 1 + max((later.height for later in jobs[node].after), default=0)
    for job in jobs.values():
        if _does_something(job.change) or _is_half_recorded(job.change, run.recorder):
            awaits = wait or _is_needed(job)
            job.awaits = awaits or job.change.goal is None
            job.start = _starter(run, job, awaits=awaits)
    return list(jobs.values())


def changed_by(plan: Plan, recorder: Recorder) -> frozenset[Address]:
    """Return what the plan changes, also in the record alone."""
    found = {
        change.address for change in plan.changes if _does_something(change) or _is_half_recorded(change, recorder)
    }
    return frozenset({*found, *plan.moved, *plan.moved.values(), *(record.address for record in plan.found)})


def _does_something(change: Change) -> bool:
    """True unless the object is unchanged, as recorded, and not waited for."""
    if change.action is Action.READ:
        return False
    return change.action is not Action.NO_OP or change.goal is not None or bool(change.drift)


def _is_half_recorded(change: Change, recorder: Recorder) -> bool:
    """True for an unchanged object of which an interrupted run recorded the id alone."""
    record = recorder.find(change.address)
    return change.action is Action.NO_OP and record is not None and record.health is not Health.READY


def _is_needed(job: Job) -> bool:
    """True when what comes after this piece of work needs its goal, and not only its steps.

    Whatever a goal says of dependents, what has to end first has to be seen gone.
    """
    goal = job.change.goal
    if goal is not None and not goal.holds_dependents:
        return any(job.change.address in later.change.ends_first for later in job.after)
    return any(later.change.address != job.change.address and _does_something(later.change) for later in job.after)


def _starter(run: Run, job: Job, *, awaits: bool) -> Callable[[], Work]:
    return lambda: Execution(run, job.node, job.change, awaits_goal=awaits).work()
