"""Create, update and delete: under the journal's lock, planned from what is live, applied by the core's applier."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from wlinfra.apply.applier import InterruptedApply
from wlinfra.apply.events import ApplyEvent, ApplyResult, Progress
from wlinfra.apply.recovery import record as record_recovered
from wlinfra.apply.recovery import resolve
from wlinfra.apply.stop import StopSignal
from wlinfra.changes.change import Change
from wlinfra.changes.model import Action, ActionReason
from wlinfra.errors import Diagnostic, WlinfraError
from wlinfra.plan.expand import expand
from wlinfra.plan.model import PlanOptions
from wlinfra.plan.reading import read_object
from wlinfra.provider.base import Absent
from wlinfra.pulumi.bridge.common import end_common, share
from wlinfra.pulumi.bridge.configured import Configured
from wlinfra.pulumi.bridge.marks import called, calls, is_answered
from wlinfra.pulumi.bridge.names import old_half
from wlinfra.pulumi.bridge.planning import (
    Planned,
    identity_of,
    main_of,
    outputs_of,
    plan_from_record,
    plan_live,
    refuse_errors,
)
from wlinfra.pulumi.bridge.properties import result_of
from wlinfra.pulumi.bridge.records import Record, beside, decoded
from wlinfra.pulumi.bridge.subjects import Task
from wlinfra.pulumi.bridge.wording import said, sentence
from wlinfra.pulumi.contract import BridgeError, Made, Properties, Recorded, Refusal, Subject
from wlinfra.state.key import Digest
from wlinfra.state.model import Intent, ObjectState, State
from wlinfra.state.records import moved
from wlinfra.state.session import StateSession
from wlinfra.values import Address

__all__ = ["Mutation", "mutating"]

_GRACE: Final = 2.0


@contextmanager
def mutating(configured: Configured, subject: Subject, timeout: float) -> Iterator[Mutation]:
    """Open the journal, and stop what lasts longer than the timeout, or what the engine cancels."""
    stop = StopSignal()
    configured.begin(stop)
    begun = configured.clock.monotonic()
    try:
        session = configured.journal.session()
        yield Mutation(configured=configured, subject=subject, session=session, stop=stop, timeout=timeout, begun=begun)
    finally:
        configured.end(stop)


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """One mutating call of the engine."""

    configured: Configured
    subject: Subject
    session: StateSession
    stop: StopSignal
    timeout: float
    begun: float
    """When, by the monotonic clock."""

    # ------------------------------------------------------------ the three calls

    def create(self, task: Task, inputs: Properties, replaced: Recorded | None) -> Made:
        """Create the resource, or continue what an earlier process of the same journal began.

        ``replaced`` is what Pulumi has recorded of the resource, in a replacement that creates first. One that the user
        asks for comes without: then the journal says whether the engine had the answer of the create before.
        """
        self._learn(task.own, inputs, replaced)
        with self.configured.making_one():
            if replaced is not None:
                record = decoded(replaced)
                self.configured.refuse_elsewhere(record, self.subject.urn, ask=True)
                self._set_aside(task, record.objects, replaced.id)
            elif is_answered(current := self._recorded(task.own)):
                self._set_aside(task, current, "")
            self._recover(task.own)
            name, key = task.resource.name, self.configured.journal.key()
            share(self, task, Digest(key), takes_over=False)
            planned = plan_live(self.configured, task.declared, self._state(), Digest(key))
            refuse_errors(planned.plan)
            self._refuse_taking_over(task, planned)
            made = self._applied(task, planned, inputs, name=name, key=key)
            self.configured.created.update(task.own)
            return made

    def update(self, task: Task, inputs: Properties, recorded: Recorded, record: Record) -> Made:
        """Bring the resource to its new declaration, as far as the plan of the record says so too."""
        self.configured.refuse_elsewhere(record, self.subject.urn, ask=True)
        self._learn({*task.own, *_resources(record)}, inputs, recorded)
        with self._entered(record, recorded.id) as begun:
            return self._updated(task, inputs, recorded, record, begun=begun)

    def _updated(self, task: Task, inputs: Properties, recorded: Recorded, record: Record, *, begun: bool) -> Made:
        task = task.with_former(item.address.resource for item in record.objects)
        self._recover(task.own)
        share(self, task, record.digest, takes_over=True)
        approved = plan_from_record(self.configured, task, record)
        refuse_errors(approved.plan)
        planned = plan_live(self.configured, task.declared, self._state(), record.digest)
        refuse_errors(planned.plan)
        if reasons := planned.beyond(approved, begun=begun):
            raise BridgeError(
                Refusal.REFUSED,
                f"What would be done now goes beyond the diff that was shown: {'; '.join(reasons)}. Nothing was changed. "
                "Look at it and decide: pulumi refresh, then pulumi up",
            )
        return self._applied(task, planned, inputs, name=record.name, key=record.key, identity=recorded.id)

    def delete(self, recorded: Recorded, record: Record) -> None:
        """Delete the resource; what is gone already is no error."""
        self.configured.refuse_elsewhere(record, self.subject.urn, ask=True)
        self._learn(_resources(record), {}, recorded)
        objects = self._objects_to_end(record, recorded.id)
        if not objects:
            return
        self._recover({item.address.resource for item in objects})
        objects = self._recorded({item.address.resource for item in objects})
        former = frozenset(item.address.resource for item in objects)
        declared = replace(self.configured.declared, former=former)
        state = replace(self._state(), objects={item.address: item for item in objects})
        planned = plan_live(self.configured, declared, state, record.digest, PlanOptions(destroy=True))
        refuse_errors(planned.plan)
        if problems := self.carry_out(planned):
            left = self._recorded({item.address.resource for item in objects})
            raise BridgeError(self._refusal(bool(left)), "\n".join(problems))
        end_common(self, record.digest)

    # ------------------------------------------------------------ the journal

    def _learn(self, resources: Iterable[Address], inputs: Properties, recorded: Recorded | None) -> None:
        """Keep the secrets of the resource out of the journal, and know those that it had."""
        before = (recorded.inputs, beside(recorded.outputs)) if recorded is not None else ()
        self.configured.journal.learn(resources, inputs, *before)

    def _state(self) -> State:
        return self.session.state

    def _recorded(self, resources: Iterable[Address]) -> tuple[ObjectState, ...]:
        wanted = set(resources)
        return tuple(item for item in self._state().objects.values() if item.address.resource in wanted)

    @contextmanager
    def _entered(self, record: Record, identity: str) -> Iterator[bool]:
        """Put Pulumi's record into the journal, unless the journal's own is of a call whose answer Pulumi never got.

        Yield whether there was such a call. Every call marks the objects with its number first; one that did nothing
        takes the mark back, so that it does not count as one.
        """
        resources = _resources(record)
        own = self._recorded(resources)
        last = max(calls(own), record.serial)
        begun = _is(own, identity) and calls(own) > record.serial
        kept = own if begun else record.objects
        here = {item.address for item in kept}
        self.session.set_many(
            put=[called(item, last + 1) for item in kept],
            remove=[item.address for item in own if item.address not in here],
        )
        entered = self._recorded(resources)
        try:
            yield begun
        except (BridgeError, WlinfraError):
            if not begun and self._recorded(resources) == entered and not self._open(resources):
                self.session.set_many(put=[called(item, record.serial) for item in entered])
            raise

    def _open(self, resources: Iterable[Address]) -> list[Intent]:
        wanted = set(resources)
        return [intent for intent in self._state().intents if intent.address.resource in wanted]

    def _set_aside(self, task: Task, objects: Sequence[ObjectState], identity: str) -> None:
        """Keep what is replaced at an address of its own until Pulumi deletes it, unless an earlier process did so.

        Without an identity, it is the one that the platform gave. Raises BridgeError where both cannot exist; what is gone
        is in the way of nothing, unless Pulumi still has it and is to delete it.
        """
        is_wanted = bool(identity)
        inputs = self.configured.inputs(task.declared, self._state(), Digest())
        main = main_of(task.address, expand(inputs).objects)
        if not identity:
            outputs = next((one.outputs for one in objects if main is not None and one.address == main.address), {})
            identity = identity_of(main, outputs)
        kept = self._recorded(task.own)
        if any(old_half(item.address, identity) in self._state().objects for item in objects):
            return
        if (
            main is not None
            and main.name_is_unique
            and any((main.kind, main.name) == (o.kind, o.name) for o in objects)
        ):
            record = next((one for one in objects if one.address == main.address), None)
            if not is_wanted and isinstance(read_object(inputs, main.address, main, record), Absent):
                return
            raise BridgeError(
                Refusal.REFUSED,
                f"The {main.kind} {main.name} exists and is this resource's, and two of that name cannot be. Nothing was done. "
                "To replace it, set the resource option deleteBeforeReplace. If it was taken out of the stack's state:\n"
                f"    pulumi import {self.subject.type} {self.subject.name} {identity}",
            )
        is_own = _is(kept, identity)
        self.session.set_many(
            put=[moved(item, old_half(item.address, identity)) for item in (kept if is_own else objects)],
            remove=[item.address for item in kept] if is_own else (),
        )

    def _objects_to_end(self, record: Record, identity: str) -> Sequence[ObjectState]:
        """Return the objects with the identity that Pulumi deletes, in the journal by now."""
        aside = [old_half(item.address, identity) for item in record.objects]
        objects = self._state().objects
        if found := [objects[address] for address in aside if address in objects]:
            return found
        own = self._recorded({item.address.resource for item in record.objects})
        if own and _is(own, identity):
            return own if record.journal == self._state().lineage else self._put(record.objects)
        if record.journal == self._state().lineage:
            return ()  # deleted already, and the answer was lost
        if own:  # another object has the address by now
            return self._put([moved(item, old_half(item.address, identity)) for item in record.objects])
        return self._put(record.objects)

    def _put(self, objects: Sequence[ObjectState]) -> Sequence[ObjectState]:
        self.session.set_many(put=objects)
        return objects

    def _recover(self, resources: Iterable[Address]) -> None:
        """Find out what became of the calls that an interrupted process made for the resource."""
        intents = self._open(resources)
        if not intents:
            return
        inputs = self.configured.inputs(self.configured.declared, self._state(), Digest(self.configured.journal.key()))

        def report(text: str) -> None:
            self.subject.report(None, text, True)

        found = resolve(inputs, intents, self.configured.clock, wait=True, report=report)
        record_recovered(self.session, found)
        unclear = [item.error for item in found if item.outcome == "unclear" and item.error is not None]
        if unclear:
            raise BridgeError(Refusal.UNCLEAR, said(unclear, self.subject))

    # ------------------------------------------------------------ doing it

    def _refuse_taking_over(self, task: Task, planned: Planned) -> None:
        """Raise BridgeError for an object that only its name ties to this resource."""
        for change in planned.plan.changes:
            unproven = change.reason in (ActionReason.FOUND_BY_NAME, ActionReason.FOUND_INSTEAD)
            if change.action is Action.IMPORT and unproven and not change.lifecycle.adopt:
                raise BridgeError(
                    Refusal.REFUSED,
                    f"A {change.kind} named {change.name!r} exists with the id {change.id}, and neither the stack's state nor "
                    "the journal says that this resource created it. Nothing was created. If it is the one, import it:\n"
                    f"    pulumi import {self.subject.type} {self.subject.name} {_import_id(task, planned, change)}\n"
                    "Otherwise give this one another name.",
                )

    def _applied(
        self, task: Task, planned: Planned, inputs: Properties, *, name: str, key: bytes, identity: str = ""
    ) -> Made:
        """Apply it; return what was made, also when it is not ready. Raises BridgeError when nothing was done."""
        before = self._recorded(task.own)
        problems = self.carry_out(planned)
        objects = self._recorded(task.own)
        main = main_of(task.address, planned.plan.objects)
        known = outputs_of(task.address, planned.exporters, objects)
        found = identity or identity_of(main, known)
        if not found or (problems and objects == before):
            raise BridgeError(self._refusal(bool(found)), "\n".join(problems) or "Nothing was created.")
        record = Record(
            name=name,
            platform=self.configured.settings.platform,
            place=self._place(),
            objects=objects,
            key=key,
            journal=self._state().lineage,
            serial=calls(objects),
        )
        return Made(
            id=found,
            outputs=result_of(task.resource, inputs, known, record),
            reasons=tuple(problems),
        )

    def _place(self) -> Mapping[str, str]:
        try:
            return self.configured.here()
        except WlinfraError:
            return {}  # what was planned was read; that this cannot be read stops nothing

    def carry_out(self, planned: Planned) -> list[str]:
        """Apply the plan; return, in words, what was not done of it."""
        applier = self.configured.applier()
        try:
            future = applier.submit(
                planned.plan,
                planned.inputs,
                listener=self._listen,
                stop=self.stop,
                timeout=self._time_left(),
                read_at=self.begun,
            )
            result = future.result()
        except InterruptedApply:
            return [f"{self._why_stopped}, and the journal has what was done. Run pulumi up again."]
        return [*_problems(result, self.subject, self._why_stopped)]

    def _time_left(self) -> float | None:
        """Return when to stop the plan: a wait ends by itself in time, and says what it waited for; this ends all else."""
        if self.timeout <= 0:
            return None
        return max(self.begun + self.timeout + _GRACE - self.configured.clock.monotonic(), 0.0)

    @property
    def _why_stopped(self) -> str:
        if self.configured.cancelled.is_set():
            return "The run was cancelled"
        return f"The timeout of {self.timeout:g} s is over" if self.timeout > 0 else "The run was stopped"

    def _refusal(self, is_recorded: bool) -> Refusal:
        if self.configured.cancelled.is_set():
            return Refusal.CANCELLED
        open_ = any(intent for intent in self._state().intents)
        return Refusal.UNCLEAR if open_ and not is_recorded else Refusal.REFUSED

    def _listen(self, event: ApplyEvent) -> None:
        if isinstance(event, Progress):
            reason = f": {event.reason}" if event.reason else ""
            self.subject.report(None, f"waiting until {event.waiting_for}, {event.elapsed:.0f} s{reason}", True)


def _is(objects: Iterable[ObjectState], identity: str) -> bool:
    """True when one of the objects has the identity, or had it given to Pulumi."""
    return any(identity in (item.id, item.name, *map(str, item.outputs.values())) for item in objects)


def _import_id(task: Task, planned: Planned, change: Change) -> str:
    main = main_of(task.address, planned.plan.objects)
    if main is None or main.address != change.address:
        return str(change.id)
    return identity_of(main, change.outputs) or str(change.id)


def _problems(result: ApplyResult, subject: Subject, stopped: str) -> Iterator[str]:
    for _, error in result.failed:
        yield sentence(_without_address(error), subject)
    for change in result.started:
        goal = change.goal.describe if change.goal is not None else "ready"
        yield f"{stopped}, and {change.address} is not {goal} yet. The next update waits on."
    for change, because in result.skipped:
        yield f"{stopped}. {change.address}: {because}." if result.interrupted else f"{change.address}: {because}."


def _without_address(error: Diagnostic) -> Diagnostic:
    return replace(error, address=None, location=None)


def _resources(record: Record) -> set[Address]:
    return {item.address.resource for item in record.objects}
