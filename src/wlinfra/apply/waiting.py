"""What objects wait for, collected so that one question to a provider serves all that wait there.

The scheduler adds what a piece of work asks for, sends due batches to its waiter thread, and hands the answers back.
Nothing here runs in a thread or waits.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeAlias, TypeVar

from wlinfra.provider.base import Failed, Ready, Status, Waiting, WaitingStill

__all__ = [
    "FIRST_POLL",
    "Answer",
    "Batch",
    "Interrupted",
    "News",
    "Pause",
    "Poll",
    "Resumed",
    "TimedOut",
    "Wait",
    "Waits",
]

FIRST_POLL = 0.2
"""Seconds until the first question; each later interval is half as long again, up to the poll interval."""
_GROWTH = 1.5
_REPORT_EVERY = 10.0
_EARLY = 1.0
"""Seconds in which most waits end, so that plain output does not show them yet: what was reported then is reported again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """Go on when this condition holds."""

    provider: str
    waiting: Waiting
    describe: str
    timeout: float
    """Seconds."""
    at_once: bool = False
    """It may well hold already, so the first question is not delayed."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Go on after so many seconds."""

    seconds: float


Wait: TypeAlias = Poll | Pause


@dataclass(frozen=True, slots=True)
class TimedOut:
    """The condition did not hold in time; the reason is what the platform said last."""

    reason: str


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The run is being stopped."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """The pause is over."""


Answer: TypeAlias = Ready | Failed | TimedOut | Interrupted | Resumed

K = TypeVar("K", bound=Hashable)


@dataclass(slots=True)
class _Member:
    ask: Poll
    since: float
    interval: float = FIRST_POLL
    reason: str = ""
    reported: float = float("-inf")

    @property
    def deadline(self) -> float:
        return self.since + self.ask.timeout


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch(Generic[K]):
    """Everything that waits at one provider, to be asked in one question."""

    provider: str
    keys: tuple[K, ...]
    waiting: tuple[Waiting, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class News(Generic[K]):
    """What users should be shown about a wait."""

    key: K
    ask: Poll
    reason: str
    elapsed: float


@dataclass(slots=True)
class _Provider(Generic[K]):
    due: float
    polling: bool = False
    earliest: float = float("-inf")
    """No question before this one, whatever is heard."""
    heard: bool = False
    """Something changed since the question that is under way began."""
    members: dict[K, _Member] = field(default_factory=dict)


class Waits(Generic[K]):
    """All that is being waited for; times are seconds of one monotonic clock."""

    def __init__(self, poll_interval: float) -> None:
        self._longest = poll_interval
        self._providers: dict[str, _Provider[K]] = {}
        self._pauses: list[tuple[float, int, K]] = []
        self._counter = 0

    @property
    def polling(self) -> bool:
        """True while some question is under way."""
        return any(provider.polling for provider in self._providers.values())

    def add(self, key: K, request: Wait, now: float) -> None:
        """Begin to wait."""
        match request:
            case Pause(seconds):
                self._counter += 1
                heapq.heappush(self._pauses, (now + seconds, self._counter, key))
            case Poll():
                due = now if request.at_once else now + min(FIRST_POLL, request.timeout)
                provider = self._providers.setdefault(request.provider, _Provider(due))
                provider.due = min(provider.due, due) if provider.members else due
                provider.members[key] = _Member(request, now)

    def hurry(self, name: str, now: float) -> None:
        """Ask a provider soon, for it has heard that an answer may have changed."""
        provider = self._providers.get(name)
        if provider is None or not provider.members:
            return
        provider.heard = provider.polling
        provider.due = min(provider.due, max(now, provider.earliest))

    def next_due(self) -> float | None:
        """Return when something is due next, apart from questions under way."""
        dues = [provider.due for provider in self._providers.values() if provider.members and not provider.polling]
        if self._pauses:
            dues.append(self._pauses[0][0])
        return min(dues, default=None)

    def resumed(self, now: float) -> list[K]:
        """Return whose pauses are over; they wait no more."""
        over = []
        while self._pauses and self._pauses[0][0] <= now:
            over.append(heapq.heappop(self._pauses)[2])
        return over

    def batches(self, now: float) -> list[Batch[K]]:
        """Return the questions to be asked now, at most one under way for each provider."""
        found = []
        for name, provider in self._providers.items():
            if provider.members and not provider.polling and provider.due <= now:
                provider.polling, provider.heard = True, False
                members = tuple(provider.members.items())
                waiting = tuple(member.ask.waiting for _, member in members)
                found.append(Batch(provider=name, keys=tuple(key for key, _ in members), waiting=waiting))
        return found

    def answered(
        self, batch: Batch[K], statuses: Sequence[Status], *, asked: float, now: float
    ) -> tuple[list[tuple[K, Answer]], list[News[K]]]:
        """Return the finished waits with their answers, and the progress to report for the rest.

        ``asked`` is when the question began: the next one follows no sooner than this one took, so that a slow
        platform is not busy with our questions alone.
        """
        provider = self._providers[batch.provider]
        provider.polling = False
        settled: list[tuple[K, Answer]] = []
        news: list[News[K]] = []
        for key, status in zip(batch.keys, statuses, strict=True):
            member = provider.members.get(key)
            if member is None:
                continue  # interrupted meanwhile
            answer = _answer(member, status, now)
            if answer is not None:
                del provider.members[key]
                settled.append((key, answer))
            elif _is_news(member, status, now):
                news.append(News(key=key, ask=member.ask, reason=member.reason, elapsed=now - member.since))
            member.interval = min(member.interval * _GROWTH, max(self._longest, FIRST_POLL))
        self._set_due(provider, asked, now)
        return settled, news

    def _set_due(self, provider: _Provider[K], asked: float, now: float) -> None:
        shortest = max(FIRST_POLL, now - asked)
        provider.earliest = now + shortest
        if provider.members:
            usual = min(member.interval for member in provider.members.values())
            interval = shortest if provider.heard else max(usual, shortest)
            first_deadline = min(member.deadline for member in provider.members.values())
            provider.due = max(min(now + interval, first_deadline), now)

    def interrupt(self, which: Callable[[K], bool] = lambda _: True) -> list[K]:
        """Return those of them that waited; they wait no more."""
        keys = [key for _, _, key in self._pauses if which(key)]
        self._pauses = [pause for pause in self._pauses if not which(pause[2])]
        heapq.heapify(self._pauses)
        for provider in self._providers.values():
            ended = [key for key in provider.members if which(key)]
            for key in ended:
                del provider.members[key]
            keys += ended
        return keys


def _answer(member: _Member, status: Status, now: float) -> Answer | None:
    match status:
        case Ready() | Failed():
            return status
        case WaitingStill(reason=reason):
            return TimedOut(reason) if now >= member.deadline else None


def _is_news(member: _Member, status: Status, now: float) -> bool:
    """Note the reason; True when it is new or was reported long ago."""
    reason = status.reason if isinstance(status, WaitingStill) else ""
    unseen = member.reported - member.since < _EARLY <= now - member.since
    if reason == member.reason and not unseen and now - member.reported < _REPORT_EVERY:
        return False
    member.reason, member.reported = reason, now
    return True
