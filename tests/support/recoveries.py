"""Is the record after a recovery the record without the interruption? Asked at every step of whole histories.

A history is a few programs applied one after another. `told` applies them and asks, after every call that took effect
and before its result is written, what a later run would record had this one died here. `killed` lets the run die
there, and applies again. `after` is the state, with the platform's ids numbered in the order in which they occur.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from wlinfra.apply.applier import apply_plan
from wlinfra.apply.events import ApplyOptions
from wlinfra.apply.recovery import record, resolve
from wlinfra.apply.stop import StopSignal
from wlinfra.clock import InboxClock
from wlinfra.errors import Diagnostic, StateError, WlinfraError
from wlinfra.plan.inputs import Inputs
from wlinfra.plan.model import PlanOptions
from wlinfra.plan.planner import build_plan
from wlinfra.resources.base import Resource
from wlinfra.state.codec import dump, object_document
from wlinfra.state.lease import LockRequest
from wlinfra.state.ledger import Entry
from wlinfra.state.model import Intent, ObjectState, State
from wlinfra.state.session import StateSession
from wlinfra.state.store import LocalStateStore
from wlinfra.values import Address

from .memory_stage import QuickDisk

__all__ = ["Counts", "History", "Program", "Teller"]

Program = Callable[[], Iterable[Resource]]
Counts = Counter[str]
_DEAD = StateError(Diagnostic(summary="Killed", detail="The process is dead."))


def _text(item: ObjectState | None) -> bytes:
    """Return what is recorded of an object; where a platform told what in another order, it is the same."""
    return (
        b"{}" if item is None else orjson.dumps(orjson.loads(dump(object_document(item))), option=orjson.OPT_SORT_KEYS)
    )


class RefusedError(WlinfraError):
    """A program of the history cannot be applied after the one before it; the history says nothing."""


class Observed(StateSession):
    """A session whose results are seen before they are written, and which dies at a chosen one."""

    def __init__(self, session: StateSession, see: Callable[[Intent, ObjectState | None], None], dies_at: int) -> None:
        self._session = session
        self._see = see
        self._left = dies_at
        self.dead = False

    @property
    def state(self) -> State:
        return self._session.state

    def find(self, address: Address) -> ObjectState | None:
        return self._session.find(address)

    def reserve(self) -> None:
        self._session.reserve()

    def record(self, entry: Entry) -> None:
        self._session.record(entry)

    def close(self) -> None:
        self._session.close()

    def _live(self) -> None:
        if self.dead:
            raise _DEAD

    def begin(self, intent: Intent) -> Intent:
        self._live()
        return self._session.begin(intent)

    def put(self, item: ObjectState) -> None:
        self._live()
        self._session.put(item)

    def remove(self, address: Address) -> None:
        self._live()
        self._session.remove(address)

    def add_history(self, entry: Any) -> None:
        self._live()
        self._session.add_history(entry)

    def end(self, intent: Intent, *, put: ObjectState | None = None, remove: Address | None = None) -> None:
        self._live()
        left = put if put is not None else None if remove is not None else self._session.find(intent.address)
        self._see(intent, left)
        if self._left == 0:
            self.dead = True
            raise _DEAD
        self._left -= 1
        self._session.end(intent, put=put, remove=remove)


@dataclass(kw_only=True)
class Teller:
    """One stack on one platform, made for one history."""

    folder: Path
    inputs: Callable[[Iterable[Resource], State], Inputs]
    clock: InboxClock
    wait: bool = True
    store: LocalStateStore = field(init=False)

    def __post_init__(self) -> None:
        self.store = LocalStateStore(self.folder, "demo", "test", disk=QuickDisk())

    def apply(
        self,
        program: Program,
        *,
        see: Callable[[Inputs, Intent, ObjectState | None], None] = lambda *_: None,
        dies_at: int = -1,
    ) -> int:
        """Clear up, plan and apply, one call at a time; return how many results were written.

        Raises StateError where the run dies.
        """
        seen = 0
        with self.store.acquire(LockRequest(owner="test")) as lease, self.store.open(lease) as session:
            inputs = self.inputs(program(), session.state)

            def count(intent: Intent, left: ObjectState | None) -> None:
                nonlocal seen
                seen += 1
                see(replace(inputs, state=session.state), intent, left)

            recovered = resolve(inputs, inputs.state.intents, self.clock)
            plan = build_plan(inputs, PlanOptions(allow_empty=True), recovered=recovered)
            if plan.errors:
                raise RefusedError(*plan.errors)
            result = apply_plan(
                plan,
                inputs,
                Observed(session, count, dies_at),
                options=ApplyOptions(parallelism=1, poll_interval=0.5, wait=self.wait),
                listener=lambda event: None,
                stop=StopSignal(),
                clock=self.clock,
            )
        assert result.ok, (result.failed, result.skipped)
        return seen

    def recovered(self, program: Program) -> State:
        """Return the state once what an interrupted run left behind is recorded, before anything else is done."""
        with self.store.acquire(LockRequest(owner="test")) as lease, self.store.open(lease) as session:
            inputs = self.inputs(program(), session.state)
            record(session, resolve(inputs, inputs.state.intents, self.clock))
            return session.state

    def left_to_do(self, program: Program) -> list[object]:
        """Return what a plan would do now, and what it would have to look up."""
        inputs = self.inputs(program(), self.store.load())
        plan = build_plan(inputs, PlanOptions(allow_empty=True))
        planned = [(change.address, change.action, change.reason) for change in plan.effective]
        return [*inputs.state.intents, *plan.errors, *planned]

    def after(self, ids: str) -> list[str]:
        """Return what is recorded, with everything that matches the pattern of ids numbered in its order.

        What a provider remembers of the way there is its own: a roll that was cut in two leaves other traces.
        """
        objects: Mapping[Address, ObjectState] = self.store.load().objects
        texts = [_text(replace(objects[address], memory={})).decode() for address in sorted(objects)]
        known: dict[str, str] = {}
        return [re.sub(ids, lambda found: known.setdefault(found[0], f"#{len(known)}"), text) for text in texts]


@dataclass(kw_only=True)
class History:
    """Programs applied one after another, on a platform of its own for each way to tell it."""

    programs: Sequence[Program]
    teller: Callable[[], Teller]
    ids: str
    """The pattern of the platform's ids."""

    def check(self, choose: Callable[[int], int]) -> Counts:
        """Compare every record with that of a recovery, then kill one step and compare the end; return what was compared."""
        counts, teller = self.compared()
        steps = counts["steps"]
        if steps:
            counts["killed"] += self._killed(choose(steps), teller)
        return counts

    def compared(self) -> tuple[Counts, Teller]:
        """Compare every record with that of a recovery; return what was compared, and where."""
        counts: Counts = Counter(histories=1)
        teller = self.teller()
        differences: list[tuple[str, str, str]] = []

        def compare(inputs: Inputs, intent: Intent, left: ObjectState | None) -> None:
            differences.extend(_differences(inputs, intent, left, teller.clock, counts))

        try:
            for program in self._runs():
                teller.apply(program, see=compare)
        except RefusedError:
            return Counter(refused=1), teller
        assert differences == []
        return counts, teller

    def _runs(self) -> Iterator[Program]:
        """Yield each program twice: an object taken over by its name is replaced by the next apply only."""
        for program in self.programs:
            yield from (program, program)

    def _killed(self, step: int, uninterrupted: Teller) -> int:
        teller = self.teller()
        for program in self._runs():
            try:
                step -= teller.apply(program, dies_at=step)
            except StateError as error:
                if error is not _DEAD:
                    raise
                teller.apply(program)
                step = -1
        last = self.programs[-1]
        assert teller.left_to_do(last) == uninterrupted.left_to_do(last)
        ends = zip(teller.after(self.ids), uninterrupted.after(self.ids), strict=True)
        assert [pair for pair in ends if len({*pair}) > 1] == []
        return 1


def _differences(
    inputs: Inputs, intent: Intent, left: ObjectState | None, clock: InboxClock, counts: Counts
) -> Iterator[tuple[str, str, str]]:
    """Yield where what is about to be recorded is not what a run would record that finds the intent on the disk."""
    (on_disk,) = [one for one in inputs.state.intents if one.sequence == intent.sequence]
    (found,) = resolve(inputs, (on_disk,), clock, wait=False)
    counts["steps"] += 1
    if found.outcome != "happened":
        counts["repeated"] += 1  # a second call equals one, and the record stays as it was until it is made
        return
    counts["recovered"] += 1
    after = _Recorded(inputs.state)
    record(after, (found,))  # type: ignore[arg-type]  # only what `record` asks of a session
    one, other = (orjson.loads(_text(item)) for item in (left, after.left))
    for name in sorted({*one, *other}):
        if one.get(name) != other.get(name):
            yield f"{name} after {intent.operation} of {intent.address}", str(one.get(name)), str(other.get(name))


class _Recorded:
    """Takes what a recovery records, and keeps it."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.left: ObjectState | None = None

    def find(self, address: Address) -> ObjectState | None:
        return self._state.objects.get(address)

    def end(self, intent: Intent, *, put: ObjectState | None = None, remove: Address | None = None) -> None:
        self.left = put if put is not None else None if remove is not None else self.find(intent.address)
