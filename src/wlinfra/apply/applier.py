"""Applying plans: their own steps, in parallel, each recorded before the next depends on it.

A tool that has one plan calls `apply_plan`, which returns what was done, failed and was left. One that gets its plans one
at a time, and from many threads, creates one `Applier` for the state that is open and submits them to it.
"""

from __future__ import annotations

import platform
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from wlinfra.apply.absence import Absences
from wlinfra.apply.bookkeeping import record_findings, records_for, settle_outputs
from wlinfra.apply.calls import Caller
from wlinfra.apply.events import ApplyEvent, ApplyOptions, ApplyResult
from wlinfra.apply.execute import Run
from wlinfra.apply.jobs import PlanJobs
from wlinfra.apply.linking import changed_by, jobs_of
from wlinfra.apply.outputs import Outputs
from wlinfra.apply.recheck import Approvals, Replan
from wlinfra.apply.recorder import Recorder
from wlinfra.apply.scheduler import Scheduler, Setting
from wlinfra.apply.stop import StopSignal
from wlinfra.apply.tally import Tally
from wlinfra.clock import InboxClock
from wlinfra.errors import ConfigurationError, InterruptedRun, StateError, WlinfraError
from wlinfra.plan.inputs import Inputs
from wlinfra.plan.model import Plan
from wlinfra.provider.base import Connection
from wlinfra.state.holder import boot_id
from wlinfra.state.model import HistoryEntry
from wlinfra.state.session import StateSession
from wlinfra.values import Address

__all__ = ["Applier", "InterruptedApply", "apply_plan"]


class InterruptedApply(InterruptedRun):
    """The run was stopped at once; ``result`` has what was done until then, with the ids made so far."""

    result: ApplyResult = ApplyResult(interrupted=True)


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
    was lost, InterruptedApply at the second request to stop; then running calls are cleared up by the next run.
    """
    applier = Applier(session, inputs.connections, options=options, clock=clock)
    result = applier.submit(plan, inputs, listener=listener, stop=stop, replan=replan)
    applier.run()
    return result.result()


@dataclass(slots=True)
class _Counts:
    """What the history says of an applier."""

    done: int = 0
    failed: int = 0
    skipped: int = 0
    started: int = 0
    plans: int = 0
    ok: bool = True
    interrupted: bool = False
    is_over: bool = True
    """No plan was ended at once."""
    is_broken: bool = False
    """Something else than a stop ended a plan."""

    def add(self, result: ApplyResult, *, is_over: bool) -> None:
        self.plans += 1
        self.done += len(result.done)
        self.failed += len(result.failed)
        self.skipped += len(result.skipped)
        self.started += len(result.started)
        self.ok = self.ok and result.ok
        self.interrupted = self.interrupted or result.interrupted
        self.is_over = self.is_over and is_over


class Applier:
    """Applies plans to one open state, submitted from any thread while others run, at a cost that does not grow.

    One thread decides, at most ``options.parallelism`` make calls, one for each provider asks what is waited for. Space for
    results is reserved when the applier is created, and the history gets one entry, when it is closed.
    """

    def __init__(
        self,
        session: StateSession,
        connections: Mapping[str, Connection],
        *,
        options: ApplyOptions,
        clock: InboxClock,
    ) -> None:
        """Start nothing yet; ``connections`` has every provider of the plans to come.

        ``options.wait`` is the default for each plan. Nothing is called before space for the results is reserved, by the
        first plan.
        """
        self._session = session
        self._options = options
        self._clock = clock
        self._boot = boot_id()
        self._recorder = Recorder(session)
        self._scheduler = Scheduler(
            Setting(
                connections=connections,
                parallelism=options.parallelism,
                poll_interval=options.poll_interval,
                clock=clock,
            )
        )
        self._mutex = threading.Lock()
        self._reserving = threading.Lock()
        self._is_reserved = False
        self._active: dict[PlanJobs, None] = {}
        self._claimed: set[Address] = set()
        self._stops = 0
        self._is_closed = False
        self._thread: threading.Thread | None = None
        self._counts = _Counts()

    # ------------------------------------------------------------ for tools

    def start(self) -> None:
        """Run on a thread of its own, until `close`."""
        self._thread = threading.Thread(target=self._run_quietly, name="wlinfra-scheduler", daemon=True)
        self._thread.start()

    def run(self) -> None:
        """Run on this thread, which calls the listeners, and return when what was submitted is over; closes the applier.

        Raises StateError when the history cannot be written, and what is wrong in the scheduler itself.
        """
        self._end_submissions()
        self._scheduler.run()
        self._add_history()

    def submit(
        self,
        plan: Plan,
        inputs: Inputs,
        *,
        listener: Callable[[ApplyEvent], None],
        stop: StopSignal | None = None,
        wait: bool | None = None,
        timeout: float | None = None,
        read_at: float | None = None,
        replan: Replan | None = None,
    ) -> Future[ApplyResult]:
        """Record what was found while planning, and execute the plan beside the others; the future has what came of it.

        After ``timeout`` seconds the plan is stopped, as with the first request of ``stop``. The listener is called on
        the scheduler's thread and must not block. ``read_at`` is when, by the monotonic clock, the plan's readings were asked
        for: for some seconds they count, and what is created is not looked for again. Raises WlinfraError for a plan with errors, ConfigurationError
        when a plan that is not over yet changes one of its objects, StateError, LeaseLostError. The future raises
        StateError, LeaseLostError, InterruptedApply, and what the listener raised.
        """
        WlinfraError.raise_for(plan.errors)
        changed = changed_by(plan, self._recorder)
        self._claim(changed)
        try:
            self._reserve()
            record_findings(plan, self._session)
            group, future = self._group(
                plan, inputs, changed, listener, stop or StopSignal(), replan, wait=wait, read_at=read_at
            )
            if timeout is not None:
                group.deadline = self._clock.monotonic() + timeout
            self._hand_over(group)
        except BaseException:
            self._release(changed)
            raise
        return future

    def stop(self) -> None:
        """Stop all plans: at the first request no new step starts, at the second all of them end at once."""
        with self._mutex:
            self._stops += 1
            stops = [group.stop for group in self._active]
            again = self._stops > 1
        for stop in stops:
            if again or not stop.requested:
                stop.request()

    def close(self) -> None:
        """Return when all that was submitted is over and the history has its entry; raises StateError."""
        self._end_submissions()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
            self._add_history()

    # ------------------------------------------------------------ beginning

    def _reserve(self) -> None:
        with self._reserving:
            if not self._is_reserved:
                self._session.reserve()
                self._is_reserved = True

    def _claim(self, changed: frozenset[Address]) -> None:
        with self._mutex:
            if both := sorted(changed & self._claimed):
                raise ConfigurationError.of(
                    "Object is being changed",
                    f"Another plan that is not over yet changes {', '.join(both)}. Nothing of this plan was done.",
                    "Plan again when that one is over.",
                    address=both[0],
                )
            self._claimed |= changed

    def _release(self, changed: frozenset[Address]) -> None:
        with self._mutex:
            self._claimed -= changed

    def _group(
        self,
        plan: Plan,
        inputs: Inputs,
        changed: frozenset[Address],
        listener: Callable[[ApplyEvent], None],
        stop: StopSignal,
        replan: Replan | None,
        *,
        wait: bool | None,
        read_at: float | None,
    ) -> tuple[PlanJobs, Future[ApplyResult]]:
        """Return the plan's pieces of work, and the future of what comes of them."""
        recorder, clock = self._recorder, self._clock
        records = records_for(plan, inputs, recorder)
        outputs = Outputs(plan, records, inputs.declared.known)
        tally = Tally(recorder=recorder, clock=clock, report=listener)
        future: Future[ApplyResult] = Future()
        future.set_running_or_notify_cancel()  # a plan ends by its stop, so that its result always finds its place
        group = PlanJobs(
            stop=stop,
            listener=listener,
            begun=tally.begun,
            ended=tally.ended,
            finish=lambda: self._finish(
                group, lambda: self._result(plan, inputs, group, outputs, tally), changed, future
            ),
            broken=lambda error: self._break(group, tally, error, changed, future),
        )
        report = self._scheduler.reporter(group)
        run = Run(
            inputs=inputs,
            recorder=recorder,
            approvals=Approvals(
                plan, inputs, recorder, records, outputs.known, Absences(plan, inputs, recorder, clock, read_at), replan
            ),
            caller=Caller(
                recorder=recorder, digest=inputs.digest, clock=clock, stop=stop, report=report, boot=self._boot
            ),
            outputs=outputs,
            report=report,
        )
        group.jobs = jobs_of(plan, group, run, tally, wait=self._options.wait if wait is None else wait)
        return group, future

    def _hand_over(self, group: PlanJobs) -> None:
        with self._mutex:
            if self._is_closed:
                raise RuntimeError("the applier is closed")
            self._active[group] = None
            self._scheduler.submit(group)
            stops = min(self._stops, 2)
        for _ in range(stops):
            group.stop.request()

    def _end_submissions(self) -> None:
        with self._mutex:
            if not self._is_closed:
                self._is_closed = True
                self._scheduler.close()

    def _run_quietly(self) -> None:
        with suppress(BaseException):  # every future has it
            self._scheduler.run()

    # ------------------------------------------------------------ ending

    def _result(self, plan: Plan, inputs: Inputs, group: PlanJobs, outputs: Outputs, tally: Tally) -> ApplyResult:
        """Record the outputs of the stack, and return what came of the plan."""
        result = tally.result(outputs={}, interrupted=group.stop.requested)
        complete = result.ok and not inputs.declared.partial
        settled = settle_outputs(plan, outputs, self._session, inputs.digest, complete=complete)
        return replace(result, outputs=settled)

    def _finish(
        self,
        group: PlanJobs,
        settle: Callable[[], ApplyResult],
        changed: frozenset[Address],
        future: Future[ApplyResult],
    ) -> None:
        """Hand over the result; on a worker."""
        try:
            result = settle()
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is awaited
            self._break_off(group, error, changed, future)
            return
        self._leave(group, changed)
        self._count(result)
        future.set_result(result)

    def _break(
        self,
        group: PlanJobs,
        tally: Tally,
        error: BaseException,
        changed: frozenset[Address],
        future: Future[ApplyResult],
    ) -> None:
        """Hand over why there is no full result."""
        if not isinstance(error, InterruptedRun):
            self._break_off(group, error, changed, future)
            return
        interrupted = InterruptedApply(*error.diagnostics)
        interrupted.result = replace(tally.result(outputs={}, interrupted=True), ids=tally.ids_so_far())
        self._leave(group, frozenset())  # what a call that still runs changes stays claimed
        self._count(interrupted.result, is_over=False)
        future.set_exception(interrupted)

    def _break_off(
        self, group: PlanJobs, error: BaseException, changed: frozenset[Address], future: Future[ApplyResult]
    ) -> None:
        self._leave(group, changed)
        with self._mutex:
            self._counts.is_broken = True
        future.set_exception(error)

    def _leave(self, group: PlanJobs, changed: frozenset[Address]) -> None:
        with self._mutex:
            self._active.pop(group, None)
            self._claimed -= changed

    def _count(self, result: ApplyResult, *, is_over: bool = True) -> None:
        with self._mutex:
            self._counts.add(result, is_over=is_over)

    def _add_history(self) -> None:
        counts = self._counts
        if counts.is_broken or counts.plans == 0:
            return
        entry = HistoryEntry(
            serial=self._session.state.serial,
            at=datetime.fromtimestamp(self._clock.now(), UTC).isoformat(timespec="seconds"),
            who=self._options.who,
            host=platform.node(),
            command=self._options.command,
            plan_digest=self._options.plan_digest,
            result="interrupted" if counts.interrupted else "done" if counts.ok else "failed",
            summary=f"{counts.done} done, {counts.failed} failed, {counts.skipped} skipped"
            + (f", {counts.started} not awaited" if counts.started else ""),
        )
        # The history is for people; what was begun stands in the intents.
        with nullcontext() if counts.is_over else suppress(StateError):
            self._session.add_history(entry)
