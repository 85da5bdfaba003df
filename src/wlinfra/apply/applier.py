"""Applying a plan: its own steps, in parallel, each recorded before the next depends on it.

The commands call `apply_plan` with a plan made under the lock; it returns what was done, failed and was left.
"""

from __future__ import annotations

import platform
import queue
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import orjson

from wlinfra.apply.absence import Absences
from wlinfra.apply.calls import Caller
from wlinfra.apply.events import ApplyEvent, ApplyOptions, ApplyResult
from wlinfra.apply.execute import Execution, Run, Work
from wlinfra.apply.outputs import Outputs
from wlinfra.apply.recheck import Approvals, Replan
from wlinfra.apply.recorder import Recorder
from wlinfra.apply.recovery import record
from wlinfra.apply.scheduler import Job, Message, Scheduler, Setting
from wlinfra.apply.stop import StopSignal
from wlinfra.apply.tally import Tally
from wlinfra.changes.change import Change
from wlinfra.changes.model import Action
from wlinfra.clock import InboxClock
from wlinfra.diff.project import redact
from wlinfra.errors import ConfigurationError, InterruptedRun, StateError, WlinfraError
from wlinfra.graph import DependencyGraph
from wlinfra.plan.inputs import Inputs
from wlinfra.plan.model import Node, Plan
from wlinfra.plan.order import nodes_of
from wlinfra.plan.outputs import recorded_output
from wlinfra.state.key import Digest
from wlinfra.state.model import Health, HistoryEntry
from wlinfra.state.records import moved as at_address
from wlinfra.state.records import seen, with_renamed_dependencies
from wlinfra.state.session import StateSession
from wlinfra.values import Address, Json, Secret, is_open

__all__ = ["apply_plan"]


def apply_plan(
    plan: Plan,
    inputs: Inputs,
    session: StateSession,
    *,
    options: ApplyOptions,
    listener: Callable[[ApplyEvent], None],
    stop: StopSignal,
    clock: InboxClock,
    replan: Replan | None = None,
) -> ApplyResult:
    """Execute the plan and return what came of it; a failed object stops only what depends on it.

    The listener is called on this thread only. With ``options.wait`` off, an object's goal is awaited only where
    another piece of work of this plan cannot do without it; the next run continues waiting for the others. Raises
    WlinfraError for a plan with errors, StateError when results cannot be recorded, LeaseLostError when the lock
    was lost, InterruptedRun at the second request to stop; then running calls are cleared up by the next run.
    """
    WlinfraError.raise_for(plan.errors)
    session.reserve()
    record(session, plan.recovered)
    _follow_moves(plan.moved, session)
    if plan.found:
        session.set_many(put=plan.found, remove=())
    _learn_facts(plan, session)
    recorder = Recorder(session)
    outputs = Outputs(plan, recorder.objects, inputs.declared.known)
    inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
    run = Run(
        inputs=inputs,
        recorder=recorder,
        approvals=Approvals(plan, inputs, recorder, outputs.known, Absences(plan, inputs, recorder, clock), replan),
        caller=Caller(recorder=recorder, digest=inputs.digest, clock=clock, stop=stop, report=inbox.put),
        outputs=outputs,
        report=inbox.put,
    )
    tally = Tally(recorder=recorder, clock=clock, report=listener)
    jobs = _jobs(plan, run, tally, wait=options.wait)
    setting = Setting(
        connections=inputs.connections,
        parallelism=options.parallelism,
        poll_interval=options.poll_interval,
        clock=clock,
        stop=stop,
        inbox=inbox,
        begun=tally.begun,
        ended=tally.ended,
        report=listener,
    )
    try:
        Scheduler(setting, jobs).go()
    except InterruptedRun:
        with suppress(StateError):  # the history is for people; what was begun stands in the intents
            session.add_history(_history(tally.result(outputs={}, interrupted=True), session, options, clock))
        raise
    result = tally.result(outputs={}, interrupted=stop.requested)
    complete = result.ok and not inputs.declared.partial
    result = replace(result, outputs=_settle_outputs(plan, outputs, session, inputs.digest, complete=complete))
    session.add_history(_history(result, session, options, clock))
    return result


def _learn_facts(plan: Plan, session: StateSession) -> None:
    """Record what was seen of unchanged objects beside their values, such as what an earlier version did not record."""
    objects = session.state.objects
    learned = [
        seen(objects[change.address], change.facts)
        for change in plan.changes
        if change.action is Action.NO_OP
        and change.facts
        and change.address in objects
        and dict(objects[change.address].facts) != dict(change.facts)
    ]
    if learned:
        session.set_many(put=learned, remove=())


def _follow_moves(moved: Mapping[Address, Address], session: StateSession) -> None:
    """Rename what was recorded under an alias, and what depends on it."""
    if not moved:
        return
    objects = session.state.objects
    renamed = {old: new for new, old in moved.items()}
    changed = []
    for address, item in objects.items():
        after = with_renamed_dependencies(item, renamed)
        if address in renamed or after is not item:
            changed.append(at_address(after, renamed.get(address, address)))
    session.set_many(put=changed, remove=tuple(renamed))


# ---------------------------------------------------------------- pieces of work


def _jobs(plan: Plan, run: Run, tally: Tally, *, wait: bool) -> Sequence[Job]:
    """Return a job for every node, linked, each with the length of the longest chain behind it."""
    jobs: dict[Node, Job] = {}
    for change in plan.changes:
        nodes = nodes_of(change)
        if change.action is not Action.READ and (change.action is not Action.NO_OP or change.goal is not None):
            tally.expect(change, len(nodes))
        for node in nodes:
            jobs[node] = Job(node, change, None)
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


# ---------------------------------------------------------------- afterwards


def _settle_outputs(
    plan: Plan, known: Outputs, session: StateSession, digest: Digest, *, complete: bool
) -> dict[str, Json]:
    """Record the outputs of the stack that are known, and return them; of an incomplete run the others stay as they were."""
    before = session.state.outputs
    partial = bool(plan.options.targets or plan.options.excludes or plan.options.refresh_only) or not complete
    recorded = dict(before) if partial else {}
    found: dict[str, Json] = {}
    if not plan.options.destroy:
        for name, declared in plan.output_values.items():
            value = known.fill(declared)
            if is_open(value):
                continue
            sensitive = name in plan.sensitive_outputs
            try:
                recorded[name] = redact(recorded_output(value, sensitive=sensitive, digest=digest), digest)
            except ConfigurationError:  # the source of a secret is gone, and a narrowed run did not need it
                continue
            found[name] = _disguised(name, value) if sensitive else value
    if recorded != before:
        session.set_outputs(recorded)
    return {} if plan.options.targets or plan.options.excludes else found


def _disguised(name: str, value: Json) -> Secret:
    if isinstance(value, Secret):
        return value
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return Secret(lambda: text, describe=f"output {name}")


def _history(result: ApplyResult, session: StateSession, options: ApplyOptions, clock: InboxClock) -> HistoryEntry:
    outcome = "interrupted" if result.interrupted else "done" if result.ok else "failed"
    return HistoryEntry(
        serial=session.state.serial,
        at=datetime.fromtimestamp(clock.now(), UTC).isoformat(timespec="seconds"),
        who=options.who,
        host=platform.node(),
        command=options.command,
        plan_digest=options.plan_digest,
        result=outcome,
        summary=f"{len(result.done)} done, {len(result.failed)} failed, {len(result.skipped)} skipped"
        + (f", {len(result.started)} not awaited" if result.started else ""),
    )
