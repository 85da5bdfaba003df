"""The order in time: which piece of work runs when, on which thread, and what ends with another's failure.

`apply.applier` makes a `Scheduler` and calls `go`. One thread, the caller's, decides everything; workers run pieces
of work until they wait or end, one waiter thread asks the providers, and both report through one inbox. No layers: a
piece starts as soon as all before it are done, the one with the longest chain behind it first.
"""

from __future__ import annotations

import heapq
import queue
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

from wlinfra.apply import events, troubles
from wlinfra.apply.calls import STOPPED, ObjectLeftError
from wlinfra.apply.execute import Work
from wlinfra.apply.recheck import ObjectFailedError
from wlinfra.apply.stop import StopSignal
from wlinfra.apply.waiting import Answer, Batch, Interrupted, Resumed, Wait, Waits
from wlinfra.apply.workers import Workers
from wlinfra.changes.change import Change
from wlinfra.clock import InboxClock
from wlinfra.errors import Diagnostic, InterruptedRun, StateError, WlinfraError
from wlinfra.plan.model import Node
from wlinfra.provider.base import Connection, Failed, Status, WaitingStill
from wlinfra.provider.optional import NotifiesChanges

__all__ = ["Job", "Outcome", "Scheduler", "Setting"]


@dataclass(slots=True, eq=False)
class Job:
    """One node on its way."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a scheduler works with."""

    connections: Mapping[str, Connection]
    parallelism: int
    poll_interval: float
    clock: InboxClock
    stop: StopSignal
    inbox: queue.SimpleQueue[Message]
    """Workers may put events here."""
    begun: Callable[[Job], None]
    ended: Callable[[Job], None]
    report: Callable[[events.ApplyEvent], None]


@dataclass(frozen=True, slots=True)
class _Yielded:
    job: Job
    request: Wait


@dataclass(frozen=True, slots=True)
class _Ended:
    job: Job
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class _Broken:
    error: BaseException


@dataclass(frozen=True, slots=True)
class _Answered:
    batch: Batch[Job]
    statuses: Sequence[Status]
    asked: float


@dataclass(frozen=True, slots=True)
class _Heard:
    provider: str


@dataclass(frozen=True, slots=True)
class _StopAsked:
    pass


Message: TypeAlias = _Yielded | _Ended | _Broken | _Answered | _Heard | _StopAsked | events.ApplyEvent


class Scheduler:
    """Runs all jobs, respecting their order."""

    def __init__(self, setting: Setting, jobs: Sequence[Job]) -> None:
        """Take the jobs with their edges; their order is the order of ties."""
        self._setting = setting
        self._place = {id(job): place for place, job in enumerate(jobs)}
        self._ready: list[tuple[bool, int, int, Job]] = []
        self._waits: Waits[Job] = Waits(setting.poll_interval)
        self._running = 0
        self._failure: BaseException | None = None
        self._told_stop = False
        self._workers = Workers(setting.parallelism, "wlinfra-worker")
        self._waiter = Workers(1, "wlinfra-waiter")
        for job in jobs:
            if job.before == 0:
                self._push(job)

    def go(self) -> None:
        """Return when every job is done, failed or left.

        Raises StateError when results cannot be recorded any more or the lock is lost, InterruptedRun at once when
        a person asked twice to stop, and whatever the listener raises; running calls are awaited except at that
        second request.
        """
        self._setting.stop.subscribe(lambda: self._setting.inbox.put(_StopAsked()))
        for name, connection in self._setting.connections.items():
            if isinstance(connection, NotifiesChanges):
                connection.on_change(partial(self._setting.inbox.put, _Heard(name)))
        try:
            self._loop()
        except InterruptedRun:
            raise
        except BaseException as error:
            self._failure = self._failure or error
            if not self._setting.stop.requested:
                self._setting.stop.request()
            self._drain()
            raise
        finally:
            self._workers.close()
            self._waiter.close()
        self._deliver_events()
        if self._failure is not None:
            raise self._failure

    def _loop(self) -> None:
        while True:
            self._start_ready()
            if self._running == 0 and not self._waits and not self._ready:
                return
            self._ask_due()
            self._receive()

    def _receive(self) -> None:
        clock = self._setting.clock
        due = self._waits.next_due()
        idle = self._running == 0 and not self._waits.polling
        message = clock.receive(self._setting.inbox, None if due is None else due - clock.monotonic(), idle=idle)
        if message is not None:
            self._handle(message)
        for job in self._waits.resumed(clock.monotonic()):
            self._resume(job, Resumed())

    def _handle(self, message: Message) -> None:
        match message:
            case _Yielded(job, request):
                self._running -= 1
                if self._stopping:
                    self._resume(job, Interrupted())
                else:
                    self._waits.add(job, request, self._setting.clock.monotonic())
            case _Ended(job, outcome):
                self._running -= 1
                self._settle(job, outcome)
            case _Broken(error):
                self._running -= 1
                self._failure = self._failure or error
                self._stop_waiting()
            case _Answered(batch, statuses, asked):
                self._take_answers(batch, statuses, asked)
            case _Heard(provider):
                self._waits.hurry(provider, self._setting.clock.monotonic())
            case _StopAsked():
                self._stop()
            case _:
                self._setting.report(message)

    # ------------------------------------------------------------ starting

    @property
    def _stopping(self) -> bool:
        return self._failure is not None or self._setting.stop.requested

    def _push(self, job: Job) -> None:
        # One that continues comes before one that begins: it mostly has no more than its result to record.
        begun = job.work is not None
        heapq.heappush(self._ready, (not begun, -job.height, self._place[id(job)], job))

    def _start_ready(self) -> None:
        while self._ready and self._running < self._setting.parallelism:
            job = heapq.heappop(self._ready)[3]
            if job.start is None:
                self._settle(job, Outcome(id=job.change.id))
                continue
            if job.work is None:
                if self._stopping:
                    self._settle(job, Outcome(because=STOPPED))
                    continue
                self._setting.begun(job)
                job.work = job.start()
            self._workers.submit(self._advancing(job, job.work), busy=self._running)
            self._running += 1

    def _resume(self, job: Job, answer: Answer) -> None:
        job.answer = answer
        self._push(job)

    def _advancing(self, job: Job, work: Work) -> Callable[[], None]:
        def advance() -> None:
            self._setting.inbox.put(self._advance(job, work))

        return advance

    def _advance(self, job: Job, work: Work) -> Message:
        """Run a piece of work until it waits or ends; on a worker thread."""
        try:
            answer, job.answer = job.answer, None
            return _Yielded(job, next(work) if answer is None else work.send(answer))
        except StopIteration as end:
            return _Ended(job, Outcome(id=end.value, started=not job.awaits))
        except ObjectFailedError as failed:
            return _Ended(job, Outcome(error=failed.diagnostic))
        except ObjectLeftError as left:
            return _Ended(job, Outcome(because=left.because, started=left.started))
        except StateError as error:
            return _Broken(error)
        except WlinfraError as error:
            return _Ended(job, Outcome(error=troubles.of_error(job.change, error)))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the one boundary that keeps a provider's bug to its own object
            return _Ended(job, Outcome(error=troubles.crashed(job.change, error)))

    # ------------------------------------------------------------ ending

    def _settle(self, job: Job, outcome: Outcome) -> None:
        """Note how a job ended; what comes after it starts, or is left because of it."""
        pending = [(job, outcome)]
        while pending:
            job, outcome = pending.pop()
            if job.outcome is not None:
                continue
            job.outcome = outcome
            self._setting.ended(job)
            for later in job.after:
                if outcome.error is not None or outcome.because:
                    pending.append((later, Outcome(because=self._because(job, outcome))))
                    continue
                later.before -= 1
                if later.before == 0 and later.outcome is None:
                    self._push(later)

    def _because(self, job: Job, outcome: Outcome) -> str:
        if outcome.error is not None:
            return f"{job.change.address} failed"
        return outcome.because if job.work is None else STOPPED

    # ------------------------------------------------------------ waiting

    def _ask_due(self) -> None:
        clock = self._setting.clock
        for batch in self._waits.batches(clock.monotonic()):
            self._waiter.submit(self._asking(batch), busy=0)

    def _asking(self, batch: Batch[Job]) -> Callable[[], None]:
        def ask() -> None:
            asked = self._setting.clock.monotonic()
            self._setting.inbox.put(_Answered(batch, self._poll(batch), asked))

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
            self._setting.report(
                events.Progress(
                    change=item.key.change, waiting_for=item.ask.describe, reason=item.reason, elapsed=item.elapsed
                )
            )

    # ------------------------------------------------------------ stopping

    def _stop(self) -> None:
        if self._setting.stop.hard.is_set():
            raise InterruptedRun.of(
                "Run was stopped at once",
                f"{self._running} calls were under way; what became of them is not known here.",
                "Run the same command again: what was begun is looked up first.",
            )
        if not self._told_stop:
            self._told_stop = True
            self._setting.report(events.Stopping(running=self._running))
        self._stop_waiting()

    def _stop_waiting(self) -> None:
        for job in self._waits.interrupt():
            self._resume(job, Interrupted())

    def _drain(self) -> None:
        """Let running calls end and be recorded, reporting nothing."""
        self._waits.interrupt()
        while self._running > 0:
            match self._setting.inbox.get():
                case _Yielded() | _Ended() | _Broken():
                    self._running -= 1
                case _:
                    continue

    def _deliver_events(self) -> None:
        while not self._setting.inbox.empty():
            message = self._setting.inbox.get()
            if not isinstance(message, _Yielded | _Ended | _Broken | _Answered | _Heard | _StopAsked):
                self._setting.report(message)
