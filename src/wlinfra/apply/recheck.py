"""Is an object still what the plan was made from, right before its first step?

Called by `apply.execute`. An object whose revision moved, or that refers to more than ids of objects made in this
run, is planned again, and what would be done now must be covered by what was approved.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeAlias

from wlinfra.apply import troubles
from wlinfra.apply.absence import Absences
from wlinfra.apply.recorder import Recorder
from wlinfra.changes.change import Change
from wlinfra.changes.known import resolve_known
from wlinfra.changes.model import Action
from wlinfra.errors import Diagnostic, WlinfraError
from wlinfra.plan.cover import approval_of, uncovered
from wlinfra.plan.inputs import Inputs
from wlinfra.plan.model import Plan
from wlinfra.plan.objects import replan_object
from wlinfra.plan.outputs import Exporters
from wlinfra.plan.reading import read_object
from wlinfra.plan.revision import edits_since, looked_at, revision_of
from wlinfra.provider.base import Absent, Unreadable
from wlinfra.resources.lifecycle import ReplaceOrder
from wlinfra.state.key import Digest
from wlinfra.state.model import ObjectState
from wlinfra.values import Address, Json, find_refs

__all__ = ["Approvals", "Known", "ObjectFailedError", "Replan"]

Known: TypeAlias = Mapping[tuple[Address, str], Json]
Replan: TypeAlias = Callable[[Change, ObjectState | None, Known], Change]
"""Plans one object again from its live values and the outputs known by now."""


class ObjectFailedError(Exception):
    """One object cannot be done; the diagnostic says why."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        self.diagnostic = diagnostic
        super().__init__(diagnostic.summary)


class Approvals:
    """Confirms each change once, before its first step."""

    def __init__(
        self,
        plan: Plan,
        inputs: Inputs,
        recorder: Recorder,
        records: Mapping[Address, ObjectState],
        known: Known,
        absences: Absences,
        replan: Replan | None,
    ) -> None:
        """``records`` are those that the plan refers to; ``known`` holds the outputs known by now and grows while the run goes on; without ``replan`` it is `replan_object`."""
        self._plan = plan
        self._inputs = inputs
        self._recorder = recorder
        self._known = known
        self._absences = absences
        self._replan = replan or self._plan_again
        # What was known while planning, so that a revision is computed from the same paths.
        found = Exporters.of(plan.objects.values()).known(*records.values(), *plan.changes)
        self._planned = {**found, **inputs.declared.known}
        self._digest = inputs.digest if inputs.digest.known else Digest(os.urandom(32))
        """Compares what was approved with what would be done now, within this run only."""
        self._confirmed: dict[tuple[Address, str | None], Change] = {}

    def confirm(self, change: Change) -> Change:
        """Return the change to be executed; raises ObjectFailedError when what was approved does not hold any more.

        The two pieces of work of one replacement run one after the other, and only the first is confirmed.
        """
        key = (change.address, change.deposed_id)
        if key not in self._confirmed:
            self._confirmed[key] = self._confirm(change)
        return self._confirmed[key]

    def is_confirmed(self, change: Change) -> bool:
        """True when an earlier piece of work on the same identity was confirmed."""
        return (change.address, change.deposed_id) in self._confirmed

    def confirm_again(self, change: Change) -> Change:
        """Confirm the change once more, because its first call had to wait."""
        confirmed = self._confirmed[(change.address, change.deposed_id)] = self._confirm(change)
        return confirmed

    def _confirm(self, change: Change) -> Change:
        if change.is_empty or change.virtual or change.deposed_id is not None or change.action is Action.FORGET:
            return change
        if self._is_unmoved(change) and not _opens_more_than_ids(change):
            return change
        return self._covered(change)

    def _is_unmoved(self, change: Change) -> bool:
        """True when the live object is what was planned from, or when there was none and still is none."""
        if change.action is Action.CREATE:
            return self._is_absent(change)
        if not change.revision:
            # Without the state's key a plan has no revisions, and what is live is planned again.
            return change.id is None or self._inputs.digest.known
        item, prior = self._plan.objects.get(change.address), self._recorder.find(change.address)
        reading = read_object(self._inputs, change.address, item, prior)
        if isinstance(reading, Unreadable):
            raise ObjectFailedError(troubles.about(change, reading.error))
        if item is not None:
            item = replace(item, values=resolve_known(dict(item.values), self._planned))
        return revision_of(reading, looked_at(change.action, item), prior, self._inputs.digest) == change.revision

    def _is_absent(self, change: Change) -> bool:
        found = self._absences.find(change)
        if isinstance(found, Unreadable):
            raise ObjectFailedError(troubles.about(change, found.error))
        return found == Absent()

    def _covered(self, change: Change) -> Change:
        """Return what must happen now, if that was approved."""
        try:
            now = self._replan(change, self._recorder.find(change.address), self._known)
        except WlinfraError as error:
            raise ObjectFailedError(troubles.of_error(change, error)) from error
        if change.action is Action.DELETE and now.action is Action.FORGET:
            return now  # another user deleted it
        approved = _without_end(change) if _is_gone_before(change, now) else change
        differences = [*edits_since(change, now), *uncovered(approval_of(approved, self._digest), now, self._digest)]
        if differences:
            raise ObjectFailedError(troubles.stale(change, differences))
        # The order of a replacement follows from the complete plan, and so do its edges.
        return replace(now, ordered=change.replace_order) if now.action is Action.REPLACE else now

    def _plan_again(self, change: Change, prior: ObjectState | None, known: Known) -> Change:
        # With what is recorded by now: what this run made is no other user's.
        inputs = replace(self._inputs, state=replace(self._inputs.state, objects=self._recorder.objects))
        return replan_object(inputs, self._plan, change.address, prior=prior, known=known)


def _without_end(change: Change) -> Change:
    """Return the replacement as the create that is left of it."""
    return replace(change, decision=replace(change.decision, action=Action.CREATE, id=None))


def _is_gone_before(change: Change, now: Change) -> bool:
    """True when what a replacement was to delete first has gone by itself, so that the new object is all that is left."""
    deletes_first = change.replace_order is ReplaceOrder.DELETE_THEN_CREATE
    return change.action is Action.REPLACE and deletes_first and now.action is Action.CREATE


def _opens_more_than_ids(change: Change) -> bool:
    """True when some wanted value follows from an output that is no opaque id."""
    return any(
        not _is_opaque(ref.attribute)
        for ref in find_refs(dict(change.values))
        if ref.address != change.address.resource
    )


def _is_opaque(attribute: str) -> bool:
    return attribute == "id" or attribute.endswith(("_id", "Id"))
