"""Questions of concurrent callers, joined: those that arrive while one is under way become the next one.

For a tool that plans and applies many single resources at once; a plan of a stack asks in one question anyway.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, Protocol, TypeVar

from wlinfra.changes.model import Decision, PlatformObject, Step
from wlinfra.errors import Diagnostic, WlinfraError
from wlinfra.provider import optional
from wlinfra.provider.base import (
    Connection,
    PlanRequest,
    Reading,
    ReadRequest,
    Recovery,
    Status,
    StepResult,
    Waiting,
)
from wlinfra.resources.base import Resource
from wlinfra.state.model import Intent
from wlinfra.values import Address

__all__ = ["Joining"]

_PARTS: Final = (
    optional.SeesWholePlan,
    optional.KnowsOwners,
    optional.KnowsItsPlace,
    optional.KnowsItsTarget,
    optional.DeclaresLive,
    optional.PlansInParallel,
    optional.PlansFromFacts,
    optional.NotifiesChanges,
)


class Joining:
    """A connection that asks another one, `read` and `poll` of all its callers in one question at a time.

    An answer is never older than its question. Two questions about one address are never joined.
    """

    def __init__(self, connection: Connection, *, patience: float = 0.0) -> None:
        """Offer what the connection can do beyond the seven questions too; its owner closes it.

        A question to `read` waits ``patience`` seconds for others to join it, for callers that come a few at a time.
        """
        self.connection = connection
        self._read: _Joined[ReadRequest, Reading] = _Joined(connection.read, patience)
        self._poll: _Joined[Waiting, Status] = _Joined(connection.poll)
        # In the instance itself, because that is where `isinstance` looks for the parts of a protocol.
        for part in _PARTS:
            if isinstance(connection, part):
                self.__dict__ |= {name: getattr(connection, name) for name in vars(part) if not name.startswith("_")}

    def check(self, resource: Resource) -> Sequence[Diagnostic]:
        """Return what is wrong with the resource on this platform."""
        return self.connection.check(resource)

    def expand(self, resource: Resource, dependencies: Mapping[Address, Resource]) -> Sequence[PlatformObject]:
        """Return the objects the resource stands for."""
        return self.connection.expand(resource, dependencies)

    def read(self, requests: Sequence[ReadRequest]) -> Sequence[Reading]:
        """Return one reading for each request, asked together with those of other callers."""
        return self._read(requests)

    def plan(self, request: PlanRequest) -> Decision:
        """Decide what must happen to one object."""
        return self.connection.plan(request)

    def run(self, step: Step) -> StepResult:
        """Make exactly one mutating call."""
        return self.connection.run(step)

    def recover(self, intent: Intent) -> Recovery:
        """Return whether an interrupted step took effect."""
        return self.connection.recover(intent)

    def poll(self, waiting: Sequence[Waiting]) -> Sequence[Status]:
        """Return one status for each, asked together with those of other callers."""
        return self._poll(waiting)


class _Addressed(Protocol):
    @property
    def address(self) -> Address: ...


Q = TypeVar("Q", bound=_Addressed)
A = TypeVar("A")


@dataclass(slots=True, eq=False)
class _Call(Generic[Q, A]):
    """What one caller asks."""

    questions: Sequence[Q]
    leads: bool = False
    """It asks for all that wait."""
    turn: threading.Event = field(default_factory=threading.Event)
    """Set when it leads, or is answered as far as what was asked together says anything of it."""
    answers: Sequence[A] | None = None
    error: WlinfraError | None = None


class _Joined(Generic[Q, A]):
    """One question that many callers ask."""

    def __init__(self, ask: Callable[[Sequence[Q]], Sequence[A]], patience: float = 0.0) -> None:
        self._ask = ask
        self._patience = patience
        self._mutex = threading.Lock()
        self._is_asking = False
        self._waiting: list[_Call[Q, A]] = []

    def __call__(self, questions: Sequence[Q]) -> Sequence[A]:
        """Return an answer for each; raises WlinfraError as the connection does."""
        mine: _Call[Q, A] = _Call(questions)
        with self._mutex:
            self._waiting.append(mine)
            mine.leads, self._is_asking = not self._is_asking, True
        if not mine.leads:
            mine.turn.wait()
        if mine.leads:
            self._ask_for_all(mine)
        if mine.error is not None:
            raise mine.error
        return self._ask(questions) if mine.answers is None else mine.answers

    def _ask_for_all(self, mine: _Call[Q, A]) -> None:
        if self._patience:
            time.sleep(self._patience)
        with self._mutex:
            calls = self._next(mine)
        try:
            self._answer(calls)
        finally:
            with self._mutex:
                self._is_asking = bool(self._waiting)
                if self._waiting:
                    self._waiting[0].leads = True
                    self._waiting[0].turn.set()
            for call in calls:
                call.turn.set()

    def _next(self, mine: _Call[Q, A]) -> list[_Call[Q, A]]:
        """Return the calls to ask now, this one among them: all that wait, but of two about one address the first."""
        calls: list[_Call[Q, A]] = []
        taken: set[Address] = set()
        for call in (mine, *(call for call in self._waiting if call is not mine)):
            addresses = {question.address for question in call.questions}
            if taken.isdisjoint(addresses):
                calls.append(call)
                taken |= addresses
        self._waiting = [call for call in self._waiting if call not in calls]
        return calls

    def _answer(self, calls: Sequence[_Call[Q, A]]) -> None:
        """Ask, and give each call its answers; none where something other than the platform went wrong."""
        questions = [question for call in calls for question in call.questions]
        try:
            answers = list(self._ask(questions))
        except WlinfraError as error:
            for call in calls:
                call.error = error
            return
        except (Exception, SystemExit):  # noqa: BLE001 - a provider's bug is to show only where its own object is asked about
            return
        if len(answers) != len(questions):
            return
        start = 0
        for call in calls:
            call.answers = answers[start : start + len(call.questions)]
            start += len(call.questions)
