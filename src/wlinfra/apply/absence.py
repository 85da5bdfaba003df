"""Checks that an object still does not exist, right before creating it.

Called by `apply.recheck`. Between a plan and its apply lies the time in which a person reads it, and where names are
not unique the platform makes a second object of the same name without a word. All that is still to be created is
looked for in one question, and again when that answer has grown old.
"""

from __future__ import annotations

import threading

from wlinfra.apply.recorder import Recorder
from wlinfra.changes.change import Change
from wlinfra.changes.model import Action
from wlinfra.clock import InboxClock
from wlinfra.plan.inputs import Inputs
from wlinfra.plan.model import Plan
from wlinfra.plan.reading import read_objects
from wlinfra.provider.base import Absent, Reading
from wlinfra.values import Address

__all__ = ["Absences"]

_FRESH = 10.0
"""Seconds for which an answer counts."""


class Absences:
    """What is found of the objects that shall be created; asked from many threads."""

    def __init__(
        self, plan: Plan, inputs: Inputs, recorder: Recorder, clock: InboxClock, read_at: float | None = None
    ) -> None:
        """Ask nothing yet; ``read_at`` is when the plan's own readings were asked for, which found none of them."""
        self._inputs = inputs
        self._recorder = recorder
        self._clock = clock
        self._missing = {
            change.address: plan.objects[change.address] for change in plan.changes if _may_be_doubled(change, plan)
        }
        self._found: dict[Address, Reading] = dict.fromkeys(self._missing, Absent())
        self._asked = float("-inf") if read_at is None else read_at
        self._lock = threading.Lock()

    def find(self, change: Change) -> Reading:
        """Return what exists by now of an object to be created; absence where its name can exist only once."""
        with self._lock:
            if change.address not in self._missing:
                return Absent()
            if self._clock.monotonic() - self._asked > _FRESH:
                self._ask()
            del self._missing[change.address]
            return self._found[change.address]

    def _ask(self) -> None:
        records = {address: self._recorder.find(address) for address in self._missing}
        prior = {address: record for address, record in records.items() if record is not None}
        self._found = read_objects(self._inputs, self._missing, prior)
        self._asked = self._clock.monotonic()


def _may_be_doubled(change: Change, plan: Plan) -> bool:
    makes = (
        change.action is Action.CREATE
        and not change.virtual
        and not (change.wanted is not None and change.wanted.name_is_unique)
    )
    return makes and change.address in plan.objects
