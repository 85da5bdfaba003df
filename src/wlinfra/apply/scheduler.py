"""The order in time: which piece of work runs when, on which thread, and what ends with another's failure.

`apply.applier` makes a `Scheduler`, submits the pieces of work of each plan as one `PlanJobs`, and has `run` called on one
thread, which decides everything; workers run pieces of work until they wait or end, one waiter for each provider asks it,
and all report through one inbox. No layers: a piece starts as soon as all before it are done, the one with the longest
chain behind it first, whichever plan it belongs to.
"""

from __future__ import annotations

import heapq
import queue
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count

from wlinfra.apply import events, troubles
from wlinfra.apply.calls import STOPPED, ObjectLeftError
from wlinfra.apply.execute import Work
from wlinfra.apply.jobs import Job, Outcome, PlanJobs
from wlinfra.apply.messages import (
    Broken,
    Closed,
    Ended,
    Finished,
    Heard,
    Message,
    PollAnswered,
    StopAsked,
    Submitted,
    Told,
    Yielded,
)
from wlinfra.apply.recheck import ObjectFailedError
from wlinfra.apply.waiting import Answer, Batch, Interrupted, Resumed, Waits
from wlinfra.apply.workers import Workers
from wlinfra.clock import InboxClock
from wlinfra.errors import InterruptedRun, StateError, WlinfraError
from wlinfra.provider.base import Connection, Failed, Status, WaitingStill
from wlinfra.provider.optional import NotifiesChanges

__all__ = ["Scheduler", "Setting"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a scheduler works with."""

    connections: Mapping[str, Connection]
    parallelism: int
    poll_interval: float
    clock: InboxClock


class Scheduler:
    """Runs the jobs of all groups, respecting their order."""

    def __init__(self, setting: Setting) -> None:
        """Begin without a thread; `submit`, `close` and what `reporter` returns may be called from any."""
        self._setting = setting
        self._inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._groups: dict[PlanJobs, None] = {}
        self._deadlines: dict[PlanJobs, float] = {}
        self._places = count()
        self._ready: list[tuple[bool, int, int, Job]] = []
        self._waits: Waits[Job] = Waits(setting.poll_interval)
        self._running = 0
        self._asking = 0
        self._finishing = 0
        self._is_closed = False
        self._workers = Workers(setting.parallelism, "wlinfra-worker")
        self._waiters = Workers(max(len(setting.connections), 1), "wlinfra-waiter")

    def submit(self, group: PlanJobs) -> None:
        """Run the jobs of a group, beside those of others."""
        self._inbox.put(Submitted(group))

    def close(self) -> None:
        """Let `run` return when all groups that were submitted before are over."""
        self._inbox.put(Closed())

    def reporter(self, group: PlanJobs) -> Callable[[events.ApplyEvent], None]:
        """Return what brings events from the workers to the group's listener."""
        return lambda event: self._inbox.put(Told(group, event))

    def run(self) -> None:
        """Return when the scheduler is closed and all groups are over, one stopped at once without its running calls.

        What goes wrong in a group is handed to it; raises only what is wrong here, after it was handed to all groups.
        """
        for name, connection in self._setting.connections.items():
            if isinstance(connection, NotifiesChanges):
                connection.on_change(partial(self._inbox.put, Heard(name)))
        try:
            self._loop()
        except BaseException as error:
            for group in tuple(self._groups):
                self._break(group, error)
            while any(group.running for group in self._groups):
                self._handle(self._inbox.get())
            raise
        finally:
            self._workers.close()
            self._waiters.close()

    def _loop(self) -> None:
        while True:
            self._start_ready()
            if self._groups:
                self._ask_due()
                self._receive()
            elif self._is_closed and self._finishing == 0:
                return
            else:
                self._handle(self._inbox.get())

    def _receive(self) -> None:
        clock = self._setting.clock
        dues = [self._waits.next_due(), *self._deadlines.values()]
        due = min((due for due in dues if due is not None), default=None)
        idle = self._running == 0 and not self._waits.polling
        message = clock.receive(self._inbox, None if due is None else due - clock.monotonic(), idle=idle)
        if message is not None:
            self._handle(message)
        now = clock.monotonic()
        for job in self._waits.resumed(now):
            self._resume(job, Resumed())
        for group in [group for group, deadline in self._deadlines.items() if deadline <= now]:
            del self._deadlines[group]
            if not group.stop.requested:
                group.stop.request()

    def _handle(self, message: Message) -> None:
        match message:
            case Submitted(group):
                self._take(group)
            case Closed():
                self._is_closed = True
            case Yielded(job, request):
                self._leave_worker(job.group)
                if self._is_over(job):
                    return
                if job.group.is_stopping:
                    self._resume(job, Interrupted())
                else:
                    self._waits.add(job, request, self._setting.clock.monotonic())
            case Ended(job, outcome):
                self._leave_worker(job.group)
                self._settle(job, outcome)
            case Broken(job, error):
                self._leave_worker(job.group)
                for group in tuple(self._groups):  # they share the state
                    group.failure = group.failure or error
                    self._stop_waiting(group)
                self._settle(job, Outcome(because=STOPPED), tells=False)
            case Finished():
                self._running -= 1
                self._finishing -= 1
            case PollAnswered(batch, statuses, asked):
                self._asking -= 1
                self._take_answers(batch, statuses, asked)
            case Heard(provider):
                self._waits.hurry(provider, self._setting.clock.monotonic())
            case StopAsked(group):
                self._stop(group)
            case Told(group, event):
                self._report(group, event)

    def _report(self, group: PlanJobs, event: events.ApplyEvent) -> None:
        self._tell(group, partial(group.listener, event))

    def _tell(self, group: PlanJobs, tell: Callable[[], None]) -> None:
        """Tell the group's listener; one that fails stops its own group, in order."""
        if group.is_silent:
            return
        try:
            tell()
        except BaseException as error:  # noqa: BLE001 - it is raised where the group's result is awaited
            self._break(group, error)

    # ------------------------------------------------------------ starting

    def _take(self, group: PlanJobs) -> None:
        self._groups[group] = None
        if group.deadline is not None:
            self._deadlines[group] = group.deadline
        group.open = len(group.jobs)
        group.stop.subscribe(lambda: self._inbox.put(StopAsked(group)))
        for job in group.jobs:
            job.place = next(self._places)
        for job in group.jobs:
            if job.before == 0:
                self._push(job)
        if not group.jobs:
            self._finish(group)

    def _drop(self, group: PlanJobs) -> None:
        del self._groups[group]
        self._deadlines.pop(group, None)

    def _is_over(self, job: Job) -> bool:
        return job.group.is_silent or job.group not in self._groups

    def _push(self, job: Job) -> None:
        # One that continues comes before one that begins: it mostly has no more than its result to record.
        begun = job.work is not None
        heapq.heappush(self._ready, (not begun, -job.height, job.place, job))

    def _start_ready(self) -> None:
        while self._ready and self._running < self._setting.parallelism:
            job = heapq.heappop(self._ready)[3]
            if self._is_over(job):
                continue
            if job.start is None:
                self._settle(job, Outcome(id=job.change.id))
                continue
            if job.work is None:
                if job.group.is_stopping:
                    self._settle(job, Outcome(because=STOPPED))
                    continue
                self._tell(job.group, partial(job.group.begun, job))
                if self._is_over(job):
                    continue
                job.work = job.start()
            job.group.running += 1
            self._put_to_work(self._advancing(job, job.work))

    def _put_to_work(self, task: Callable[[], None]) -> None:
        self._workers.submit(task, busy=self._running)
        self._running += 1

    def _leave_worker(self, group: PlanJobs) -> None:
        self._running -= 1
        group.running -= 1
        if group.is_silent:
            self._end_broken(group)

    def _resume(self, job: Job, answer: Answer) -> None:
        job.answer = answer
        self._push(job)

    def _advancing(self, job: Job, work: Work) -> Callable[[], None]:
        return lambda: self._inbox.put(self._advance(job, work))

    def _advance(self, job: Job, work: Work) -> Message:
        """Run a piece of work until it waits or ends; on a worker thread."""
        try:
            answer, job.answer = job.answer, None
            return Yielded(job, next(work) if answer is None else work.send(answer))
        except StopIteration as end:
            return Ended(job, Outcome(id=end.value, started=not job.awaits))
        except ObjectFailedError as failed:
            return Ended(job, Outcome(error=failed.diagnostic))
        except ObjectLeftError as left:
            return Ended(job, Outcome(because=left.because, started=left.started))
        except StateError as error:
            return Broken(job, error)
        except WlinfraError as error:
            return Ended(job, Outcome(error=troubles.of_error(job.change, error)))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the one boundary that keeps a provider's bug to its own object
            return Ended(job, Outcome(error=troubles.crashed(job.change, error)))

    # ------------------------------------------------------------ ending

    def _settle(self, job: Job, outcome: Outcome, *, tells: bool = True) -> None:
        """Note how a job ended; what comes after it starts, or is left because of it."""
        group = job.group
        pending = [(job, outcome)]
        while pending:
            job, outcome = pending.pop()
            if job.outcome is not None or self._is_over(job):
                continue
            job.outcome = outcome
            group.open -= 1
            if tells:
                self._tell(group, partial(group.ended, job))
            for later in job.after:
                if outcome.error is not None or outcome.because:
                    pending.append((later, Outcome(because=self._because(job, outcome))))
                    continue
                later.before -= 1
                if later.before == 0 and later.outcome is None:
                    self._push(later)
        if group.open == 0 and not self._is_over(job):
            self._finish(group)

    def _because(self, job: Job, outcome: Outcome) -> str:
        if outcome.error is not None:
            return f"{job.change.address} failed"
        return outcome.because if job.work is None else STOPPED

    def _finish(self, group: PlanJobs) -> None:
        """Hand its result to the group; what is recorded with it keeps no other group waiting."""
        if group.failure is not None:
            self._break(group, group.failure)
            return

        def finish() -> None:
            group.finish()
            self._inbox.put(Finished())

        self._drop(group)
        self._finishing += 1
        self._put_to_work(finish)

    def _break(self, group: PlanJobs, error: BaseException) -> None:
        """Let running calls of a group end and be recorded, then hand it the error."""
        group.failure = group.failure or error
        group.is_silent = True
        if not group.stop.requested:
            group.stop.request()
        self._waits.interrupt(lambda job: job.group is group)
        self._end_broken(group)

    def _end_broken(self, group: PlanJobs) -> None:
        if group.running == 0 and group in self._groups and group.failure is not None:
            self._drop(group)
            group.broken(group.failure)

    # ------------------------------------------------------------ waiting

    def _ask_due(self) -> None:
        clock = self._setting.clock
        for batch in self._waits.batches(clock.monotonic()):
            self._waiters.submit(self._questioning(batch), busy=self._asking)
            self._asking += 1

    def _questioning(self, batch: Batch[Job]) -> Callable[[], None]:
        def ask() -> None:
            asked = self._setting.clock.monotonic()
            self._inbox.put(PollAnswered(batch, self._poll(batch), asked))

        return ask

    def _poll(self, batch: Batch[Job]) -> Sequence[Status]:
        """Ask a provider about all that wait there; on the waiter thread."""
        try:
            statuses = self._setting.connections[batch.provider].poll(batch.waiting)
            if len(statuses) == len(batch.waiting):
                return statuses
            error: BaseException = ValueError("wrong number of statuses")
        except WlinfraError as failure:
            # The platform cannot be asked just now: that is a reason to wait on, within each one's time.
            return [WaitingStill(reason=str(failure))] * len(batch.waiting)
        except (Exception, SystemExit) as failure:  # noqa: BLE001 - as in _advance, for the provider's answers about waits
            error = failure
        if len(batch.keys) == 1:
            return [Failed(error=troubles.crashed(batch.keys[0].change, error))]
        singles = (
            Batch(provider=batch.provider, keys=(key,), waiting=(waiting,))
            for key, waiting in zip(batch.keys, batch.waiting, strict=True)
        )
        return [status for single in singles for status in self._poll(single)]

    def _take_answers(self, batch: Batch[Job], statuses: Sequence[Status], asked: float) -> None:
        now = self._setting.clock.monotonic()
        settled, news = self._waits.answered(batch, statuses, asked=asked, now=now)
        for job, answer in settled:
            self._resume(job, answer)
        for item in news:
            change, since = item.key.change, item.elapsed
            event = events.Progress(change=change, waiting_for=item.ask.describe, reason=item.reason, elapsed=since)
            self._report(item.key.group, event)

    # ------------------------------------------------------------ stopping

    def _stop(self, group: PlanJobs) -> None:
        if group not in self._groups or group.is_silent:
            return
        if group.stop.hard.is_set():
            self._abandon(group)
            return
        if not group.told_stop:
            group.told_stop = True
            self._report(group, events.Stopping(running=group.running))
        self._stop_waiting(group)

    def _abandon(self, group: PlanJobs) -> None:
        """End a group at once, whatever becomes of its running calls."""
        self._drop(group)
        group.is_silent = True
        self._waits.interrupt(lambda job: job.group is group)
        group.broken(
            InterruptedRun.of(
                "Run was stopped at once",
                f"{group.running} calls were under way; what became of them is not known here.",
                "Run the same command again: what was begun is looked up first.",
            )
        )

    def _stop_waiting(self, group: PlanJobs) -> None:
        for job in self._waits.interrupt(lambda job: job.group is group):
            self._resume(job, Interrupted())
