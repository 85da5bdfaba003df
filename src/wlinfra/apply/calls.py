"""One step: its intent on the disk, the call, its result on the disk.

`apply.execute` runs this for each step of a change. It is a generator: it yields what must be waited for and is
resumed with the answer, so that waiting holds no thread.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import TypeAlias, assert_never

from wlinfra.apply import troubles
from wlinfra.apply.events import ApplyEvent, Progress
from wlinfra.apply.intents import draft_intent, seconds_left
from wlinfra.apply.recheck import ObjectFailedError
from wlinfra.apply.recorder import Recorder
from wlinfra.apply.recovery import FIRST_LOOK, LONGEST_LOOK, LOOKS_GROW, own_recovery
from wlinfra.apply.stop import StopSignal
from wlinfra.apply.waiting import Answer, Interrupted, Pause, Wait
from wlinfra.changes.change import Change
from wlinfra.changes.model import Repeat, Step
from wlinfra.clock import InboxClock
from wlinfra.provider.base import (
    Connection,
    DidNotHappen,
    Done,
    Happened,
    Recovery,
    Refused,
    RefusedForNow,
    UnclearOutcome,
    UnknownOutcome,
)
from wlinfra.state.holder import boot_id
from wlinfra.state.key import Digest
from wlinfra.state.model import Intent, ObjectState

__all__ = ["STOPPED", "Caller", "Expected", "ObjectLeftError", "Settle"]

STOPPED = "the run was stopped"
_TRIES_REFUSED = 8
_TRIES_LOST = 3
_LONGEST_PAUSE = 60.0
_WORTH_SAYING = 10.0
"""Seconds from which on it is reported how long the platform asks to wait."""

Resumable: TypeAlias = Generator[Wait, Answer, None]
Settle: TypeAlias = Callable[[Intent, Done], None]
"""Records the result of a call in one record with the end of its intent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What is recorded if a call takes effect."""

    record: Callable[[], ObjectState | None]
    """Returns the record right before the call; None when the object ends."""
    ends: str | None = None
    """The recorded identity that ends with the call."""


class ObjectLeftError(Exception):
    """One object is left as it is, because the run is being stopped."""

    def __init__(self, because: str, *, started: bool = False) -> None:
        """``started`` says that all its calls are made and recorded, and only the wait after them was left."""
        self.because = because
        self.started = started
        super().__init__(because)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Makes the calls of a run."""

    recorder: Recorder
    digest: Digest
    clock: InboxClock
    stop: StopSignal
    report: Callable[[ApplyEvent], None]
    boot: str = field(default_factory=boot_id)

    def call(
        self, change: Change, step: Step, connection: Connection, settle: Settle, expected: Expected, limit: float
    ) -> Resumable:
        """Make one call and record its result; raises ObjectFailedError or ObjectLeftError when it has none.

        ``limit`` is how many seconds the object may take: a platform that asks to wait longer is not waited for. A
        refusal for now is tried again, later each time; a lost answer is looked up before anything else, and only
        what certainly did not happen is sent once more. What is unknown leaves its intent open.
        """
        refused = lost = 0
        begun = self.clock.monotonic()
        while True:
            self.refuse_when_stopped()
            draft = draft_intent(
                change,
                step,
                digest=self.digest,
                clock=self.clock,
                boot=self.boot,
                record=expected.record(),
                ends=expected.ends,
            )
            intent = self.recorder.begin(draft)
            match connection.run(step):
                case Done() as done:
                    return settle(intent, done)
                case Refused(in_doubt=in_doubt) as refusal:
                    if in_doubt and self._settled(change, intent, self._found(intent, connection), settle):
                        return None
                    if not in_doubt:
                        self.recorder.drop(intent)
                    raise ObjectFailedError(troubles.refused(change, refusal))
                case RefusedForNow(error=error, after=after):
                    self.recorder.drop(intent)
                    refused += 1
                    if refused >= _TRIES_REFUSED:
                        raise ObjectFailedError(troubles.about(change, error))
                    elapsed = self.clock.monotonic() - begun
                    if elapsed + after > limit:
                        left = max(limit - elapsed, 0.0)
                        raise ObjectFailedError(troubles.about(change, troubles.asks_too_long(error, after, left)))
                    reason = error.detail if after < _WORTH_SAYING else troubles.asking(error, after)
                    self.report(
                        Progress(
                            change=change,
                            waiting_for="may be tried again",
                            reason=reason,
                            elapsed=elapsed,
                            lasts=after,
                        )
                    )
                    yield from self.pause(max(after, min(2.0 ** (refused - 1) / 2, _LONGEST_PAUSE)), STOPPED)
                case UnknownOutcome(error=error, is_over=is_over):
                    found = yield from self._look_up(intent, step, connection, is_over=is_over)
                    lost += 1
                    if self._settled(change, intent, found, settle):
                        return None
                    if lost >= _TRIES_LOST:
                        raise ObjectFailedError(troubles.about(change, error))
                case other:
                    assert_never(other)

    def _settled(self, change: Change, intent: Intent, found: Recovery, settle: Settle) -> bool:
        """True when the lost call took effect, which is now recorded; False when it may be made again."""
        match found:
            case Happened(id=id, outputs=outputs, memory=memory):
                settle(intent, Done(id=id, outputs=outputs, memory=memory))
                return True
            case DidNotHappen():
                self.recorder.drop(intent)
                return False
            case UnclearOutcome():
                raise ObjectFailedError(troubles.about(change, troubles.unclear(change.address, found)))
            case other:
                assert_never(other)

    def _look_up(
        self, intent: Intent, step: Step, connection: Connection, *, is_over: bool
    ) -> Generator[Wait, Answer, Recovery]:
        """Return what became of a call, as soon as that shows.

        That it did not happen counts only after the request's time is over, unless a second one does no harm.
        """
        found, interval = self._found(intent, connection), FIRST_LOOK
        if is_over or step.repeat is not Repeat.LOOK_FIRST:
            return found
        while isinstance(found, DidNotHappen) and (left := seconds_left(intent, self.clock, self.boot)) > 0:
            yield from self.pause(min(interval, left), troubles.LOST_ANSWER)
            interval = min(interval * LOOKS_GROW, LONGEST_LOOK)
            found = self._found(intent, connection)
        return found

    def _found(self, intent: Intent, connection: Connection) -> Recovery:
        return own_recovery(intent, connection.recover(intent), self.recorder.objects)

    def pause(self, seconds: float, because: str) -> Resumable:
        """Wait without a thread; raises ObjectLeftError with the reason when the run is stopped meanwhile."""
        answer = yield Pause(seconds)
        if isinstance(answer, Interrupted):
            raise ObjectLeftError(because)

    def refuse_when_stopped(self, because: str = STOPPED) -> None:
        """Raise ObjectLeftError when the run is being stopped: no new step starts, and nothing is waited for."""
        if self.stop.requested:
            raise ObjectLeftError(because)
