"""What is recorded of an object, and writing it: one durable record for each result.

`apply.execute` and `apply.calls` call the `Recorder` from many threads; it keeps the records of the run at hand, so
that no step copies the whole state.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, TypeVar

from wlinfra.changes.model import Action, Change
from wlinfra.errors import StateError
from wlinfra.state.model import Deposed, Health, Intent, ObjectState
from wlinfra.state.store import StateSession
from wlinfra.values import Address, Json

__all__ = ["Recorder", "Result", "Rewrite", "after_removal", "after_step", "forgotten"]

T = TypeVar("T")

Rewrite: TypeAlias = Callable[[ObjectState | None], ObjectState | None]
"""From what is recorded of an object to what shall be; None stands for nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What is known of an object after one of its steps."""

    id: str | None
    values: Mapping[str, Json] | None
    """The wanted values, secrets as digests, once all steps are done; None before that."""
    outputs: Mapping[str, Json]
    memory: Mapping[str, Any]
    health: Health
    made: bool = False
    """The step gave the object its identity."""


class Recorder:
    """Writes records through the session; after one failure nothing more is written."""

    def __init__(self, session: StateSession) -> None:
        self._session = session
        self._objects = dict(session.state.objects)
        self._locks: dict[Address, threading.Lock] = {}
        self._failure: StateError | None = None

    @property
    def objects(self) -> Mapping[Address, ObjectState]:
        """What is recorded now."""
        return self._objects

    def find(self, address: Address) -> ObjectState | None:
        """Return what is recorded of one object."""
        return self._objects.get(address)

    def begin(self, intent: Intent) -> Intent:
        """Return the intent as it is on the disk; raises StateError, LeaseLostError."""
        return self._written(lambda: self._session.begin(intent))

    def drop(self, intent: Intent) -> None:
        """Record that the step left nothing."""
        self._written(lambda: self._session.end(intent))

    def rewrite(self, address: Address, rewrite: Rewrite, *, intent: Intent | None = None) -> ObjectState | None:
        """Record what becomes of an object, together with the end of the step that did it; nothing when nothing changes.

        A leftover and its successor share an address and may end at the same time, hence the lock.
        """
        with self._locks.setdefault(address, threading.Lock()):
            before = self._objects.get(address)
            after = rewrite(before)
            self._write(address, before, after, intent)
            if after is None:
                self._objects.pop(address, None)
            else:
                self._objects[address] = after
            return after

    def _write(
        self, address: Address, before: ObjectState | None, after: ObjectState | None, intent: Intent | None
    ) -> None:
        gone = address if after is None and before is not None else None
        put = after if after != before else None
        if intent is not None:
            self._written(lambda: self._session.end(intent, put=put, remove=gone))
        elif gone is not None:
            self._written(lambda: self._session.remove(gone))
        elif put is not None:
            self._written(lambda: self._session.put(put))

    def _written(self, write: Callable[[], T]) -> T:
        if self._failure is not None:
            raise self._failure
        try:
            return write()
        except StateError as error:
            self._failure = error
            raise


def after_step(change: Change, result: Result) -> Rewrite:
    """Return how a step that did not end the object changes its record."""

    def rewrite(before: ObjectState | None) -> ObjectState | None:
        if before is None and result.id is None and not change.virtual:
            return None  # a step that prepares the one that makes the object
        base = before or ObjectState(address=change.address, provider=change.provider, kind=change.kind)
        succeeds = any(step.supersedes for step in change.steps)
        another = result.id is not None and base.id not in (None, result.id)  # found in the place of what is gone
        fresh = ((result.made or another) and not succeeds) or before is None or change.virtual
        return replace(
            base,
            provider=change.provider,
            kind=change.kind,
            name=change.name,
            id=result.id or base.id,
            values=_values(base, result, fresh=fresh),
            outputs={**({} if fresh else base.outputs), **result.outputs},
            memory={**({} if fresh else base.memory), **result.memory},
            depends_on=change.depends_on,
            deposed=base.deposed if succeeds else _deposed(change, base, result.id),
            health=result.health,
            protect=change.lifecycle.protect,
            retain=change.lifecycle.retain,
            created=_created(change, before, result),
            virtual=change.virtual,
        )

    return rewrite


def _values(base: ObjectState, result: Result, *, fresh: bool) -> Mapping[str, Json]:
    """Return the values to record: a half-made object has none, so that the next plan compares the live one."""
    if result.values is not None:
        return result.values
    return {} if fresh else base.values


def _deposed(change: Change, base: ObjectState, id: str | None) -> tuple[Deposed, ...]:  # noqa: A002 - the field's word
    """Return the leftovers: an old identity joins them, the current one is never among them."""
    leftovers = base.deposed
    if change.action is Action.REPLACE and id is not None and base.id not in (None, id) and not base.virtual:
        leftovers = (*leftovers, Deposed(id=str(base.id), depends_on=base.depends_on))
    return tuple(item for item in leftovers if item.id != id)


def _created(change: Change, before: ObjectState | None, result: Result) -> bool:
    if change.action is Action.IMPORT:
        return False
    return True if before is None or result.made else before.created


def after_removal(target: str | None) -> Rewrite:
    """Return how the end of one identity changes the record: the object goes when it has no other left."""

    def rewrite(before: ObjectState | None) -> ObjectState | None:
        if before is None:
            return None
        leftovers = tuple(item for item in before.deposed if item.id != target)
        if before.id not in (None, target):
            return replace(before, deposed=leftovers)
        if leftovers:
            return replace(before, id=None, values={}, outputs={}, memory={}, deposed=leftovers, health=Health.UNREADY)
        return None

    return rewrite


def forgotten(before: ObjectState | None) -> ObjectState | None:
    """Forget the object; leftovers of it stay recorded until they are deleted."""
    return None if before is None else after_removal(before.id)(before)
