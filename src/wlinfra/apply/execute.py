"""One piece of work: everything that happens to one object in one phase, as a generator.

The scheduler runs it on a worker thread until it yields something to wait for, and resumes it with the answer. It
executes the plan's own steps; what may be executed is decided by `apply.recheck`, how one call is made by
`apply.calls`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, assert_never

from wlinfra.apply import troubles
from wlinfra.apply.calls import Caller, Expected, ObjectLeftError
from wlinfra.apply.events import ApplyEvent, StepDone
from wlinfra.apply.outputs import Outputs, known_part
from wlinfra.apply.recheck import Approvals, ObjectFailedError
from wlinfra.apply.recorder import Recorder
from wlinfra.apply.waiting import Answer, Interrupted, Poll, Resumed, TimedOut, Wait
from wlinfra.changes.change import Change
from wlinfra.changes.model import Action, Gate, Goal, Step
from wlinfra.changes.subject import subject_of
from wlinfra.diff.project import redact
from wlinfra.errors import Diagnostic
from wlinfra.plan.inputs import Inputs
from wlinfra.plan.model import Node
from wlinfra.provider.base import Connection, Done, Failed, Ready, Waiting
from wlinfra.resources.lifecycle import ReplaceOrder
from wlinfra.state.model import Health, Intent, ObjectState
from wlinfra.state.records import Aim, CallAnswer, after_removal, aimed, forgotten, happened, unready
from wlinfra.values import Json, Secret, contains_unknown, map_leaves

__all__ = ["Execution", "Run", "Work"]

Work: TypeAlias = Generator[Wait, Answer, str | None]
"""Yields what it waits for; returns the object's id. Raises ObjectFailedError and ObjectLeftError."""

_DEFAULT_TIMEOUT = 1800.0
_ENDING = (Action.DELETE, Action.FORGET, Action.REPLACE)
_EITHER = ("create", "update")
_TIMEOUTS = {Action.CREATE: "create", Action.REPLACE: "create", Action.DELETE: "delete"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What all pieces of work of one apply share."""

    inputs: Inputs
    recorder: Recorder
    approvals: Approvals
    caller: Caller
    outputs: Outputs
    report: Callable[[ApplyEvent], None]


@dataclass(slots=True)
class Execution:
    """The work of one node."""

    run: Run
    node: Node
    change: Change
    awaits_goal: bool = True
    """Whether the goal is awaited, or left to the next run."""
    id: str | None = None
    """The object's id as far as it is known."""
    _opened: Gate | None = None
    """The gate that was awaited before the change was confirmed."""
    _outputs: dict[str, Json] = field(default_factory=dict)
    _memory: dict[str, Any] = field(default_factory=dict)
    _facts: Mapping[str, Json] = field(default_factory=dict)

    def work(self) -> Work:
        """Do it."""
        self.run.caller.refuse_when_stopped()
        yield from self._confirm()
        record = self.run.recorder.find(self.change.address)
        if self.change.action is not Action.CREATE:  # what is recorded of an object to be created is gone
            self.id = self.change.id or (record.id if record is not None else None)
        if self.node.phase == "delete" and self.change.action not in _ENDING:
            return self.id  # planned again, and nothing has to go any more
        match self.change.action:
            case Action.READ:
                pass
            case Action.FORGET:
                self._forget()
            case Action.DELETE:
                yield from self._end(self.change.steps)
            case Action.REPLACE if self.node.phase == "delete":
                self._refuse_missing_secrets()
                yield from self._end(tuple(step for step in self.change.steps if step.removes))
            case Action.REPLACE:
                yield from self._reach(tuple(step for step in self.change.steps if not step.removes))
            case Action.NO_OP | Action.IMPORT | Action.UPDATE | Action.ROLL | Action.CREATE:
                yield from self._reach(self.change.steps)
            case other:
                assert_never(other)
        return self.id

    def _confirm(self) -> Generator[Wait, Answer, None]:
        """Have the change confirmed right before its first call: what holds that call back is awaited, then it is read again."""
        shown, approvals = self.change, self.run.approvals
        is_first = not approvals.is_confirmed(shown)
        self.change = approvals.confirm(shown)
        while is_first and (step := self._first_step()) is not None and step.gate is not None:
            self.id = self.change.id
            yield from self._await_gate(step)
            self.change = approvals.confirm_again(shown)
            again = self._first_step()
            if again is None or again.gate == step.gate:
                self._opened = again.gate if again is not None else None
                return

    def _first_step(self) -> Step | None:
        removing = self.node.phase == "delete" and self.change.action is Action.REPLACE
        return next((step for step in self.change.steps if step.removes or not removing), None)

    # ------------------------------------------------------------ towards what is wanted

    def _reach(self, steps: tuple[Step, ...]) -> Generator[Wait, Answer, None]:
        self._refuse_unknown_values()
        if self.change.action is Action.IMPORT and steps:
            self._record(Health.UNREADY, done=False)
        for step in steps:
            yield from self._step(step, is_last=step is steps[-1])
        if not steps:
            self._record_without_call()
        self._publish()
        if self.change.goal is not None and self.awaits_goal:
            ready = yield from self._await_after_calls(self.change.goal)
            self._learn(ready.outputs, ready.memory)
            self._facts = ready.facts
            self._record(Health.READY, done=True)
            self._publish()

    def _step(self, step: Step, *, is_last: bool) -> Generator[Wait, Answer, None]:
        yield from self._await_gate(step)
        health = Health.READY if is_last and self.change.goal is None else Health.UNREADY

        def record() -> ObjectState | None:
            return aimed(self.run.recorder.find(self.change.address), self._aim(health, done=is_last, makes=step.makes))

        def settle(intent: Intent, done: Done) -> None:
            if step.makes:
                self.id = done.id
            self._learn(done.outputs, done.memory)
            if step.makes and done.id is None:
                self.run.recorder.rewrite(self.change.address, lambda before: before, intent=intent)
                raise ObjectFailedError(troubles.no_identity(self.change, step))
            answer = CallAnswer(
                id=done.id,
                outputs=redact(known_part(done.outputs), self.run.inputs.digest),
                memory=known_part(done.memory),
            )
            self.run.recorder.rewrite(self.change.address, happened(intent, answer), intent=intent)
            self._publish()
            self.run.report(StepDone(change=self.change, step=step, id=self.id))

        expected = Expected(record=record)
        yield from self.run.caller.call(
            self.change, self._filled(step), self._connection, settle, expected, self._timeout(_DEFAULT_TIMEOUT)
        )

    def _record_without_call(self) -> None:
        """Record a change that needs no call: what is wanted is live already, or lives in the state alone."""
        record = self.run.recorder.find(self.change.address)
        if self.change.action is Action.NO_OP and record is None:
            return
        if self.change.virtual:
            self.id = self.change.outputs.get("id", self.id)
        health = Health.READY if self.change.goal is None else Health.UNREADY
        if self.change.action is Action.UPDATE and self.change.goal is None and record is not None:
            health = record.health  # only the record changes; whether the object is ready was not looked at
        self._record(health, done=True)

    def _record(self, health: Health, *, done: bool) -> None:
        """Record what is known by now."""
        aim = self._aim(health, done=done)
        self.run.recorder.rewrite(self.change.address, lambda before: aimed(before, aim))

    def _aim(self, health: Health, *, done: bool, makes: bool = False) -> Aim:
        """Return what the record becomes; ``done`` says that all steps are made, so that the wanted values hold."""
        change, digest = self.change, self.run.inputs.digest
        memory = known_part(self.run.outputs.fill(dict(change.decision.memory))) if done else {}
        identity = None if makes else self.id
        return Aim(
            subject=subject_of(change),
            id=identity,
            values=redact(self.run.outputs.fill(dict(change.values)), digest) if done else None,
            outputs=redact(self._settled_outputs(identity), digest),
            memory={**memory, **self._memory},
            facts={**known_part(self.run.outputs.fill(dict(change.facts))), **self._facts},
            running=change.decision.running if change.steps and done else None,
            health=health,
            awaiting=self._phase,
            makes=makes,
            supersedes=any(step.supersedes for step in change.steps),
            replaces=change.action is Action.REPLACE,
            imports=change.action is Action.IMPORT,
        )

    # ------------------------------------------------------------ towards the end of an identity

    def _end(self, steps: tuple[Step, ...]) -> Generator[Wait, Answer, None]:
        goal = self.change.goal if self.change.action is Action.DELETE else None
        for step in steps:
            if step.removes and self._is_own_successor():
                raise ObjectFailedError(troubles.same_object(self.change))
            yield from self._await_gate(step)
            yield from self._end_step(step, keeps=not step.removes or goal is not None)
        if goal is not None and steps:
            if not self.awaits_goal:
                return  # accepted, not seen gone: the record stays until a later run sees it
            yield from self._await_after_calls(goal)
        self.run.recorder.rewrite(self.change.address, after_removal(self._old_id()))

    def _end_step(self, step: Step, *, keeps: bool) -> Generator[Wait, Answer, None]:
        old = self._old_id()

        def record() -> ObjectState | None:
            before = self.run.recorder.find(self.change.address)
            return unready(old, self._phase)(before) if keeps else None

        def settle(intent: Intent, _: Done) -> None:
            self.run.recorder.rewrite(self.change.address, happened(intent, CallAnswer()), intent=intent)
            self.run.report(StepDone(change=self.change, step=step, id=old))

        expected = Expected(record=record, ends=old)
        yield from self.run.caller.call(
            self.change, self._filled(step), self._connection, settle, expected, self._timeout(_DEFAULT_TIMEOUT)
        )

    def _old_id(self) -> str | None:
        return self.change.deposed_id or self.change.id or self.id

    def _is_own_successor(self) -> bool:
        """True when a replacement that created first was answered with the object it replaces."""
        record = self.run.recorder.find(self.change.address)
        created_first = self.change.replace_order is ReplaceOrder.CREATE_THEN_DELETE
        return created_first and record is not None and record.id == self._old_id()

    def _forget(self) -> None:
        deposed = self.change.deposed_id
        self.run.recorder.rewrite(self.change.address, forgotten if deposed is None else after_removal(deposed))

    def _refuse_missing_secrets(self) -> None:
        """Raise ConfigurationError before the old object goes when a secret of the new one cannot be fetched."""
        for step in self.change.steps:
            map_leaves(step.payload, lambda leaf: leaf.reveal() if isinstance(leaf, Secret) else leaf)

    # ------------------------------------------------------------ waiting

    def _await_gate(self, step: Step) -> Generator[Wait, Answer, None]:
        if step.gate is not None and step.gate is not self._opened:
            ready = yield from self._await(step.gate, timeout=self._timeout(_DEFAULT_TIMEOUT), at_once=True)
            self._learn(ready.outputs, ready.memory)
            self._publish()

    def _await_after_calls(self, goal: Goal) -> Generator[Wait, Answer, Ready]:
        """Await what the calls lead to; raises ObjectLeftError, which says that they are made, on a stop."""
        try:
            return (yield from self._await_goal(goal))
        except ObjectLeftError as left:
            raise ObjectLeftError(left.because, started=self.change.action is not Action.NO_OP) from None

    def _await_goal(self, goal: Goal) -> Generator[Wait, Answer, Ready]:
        resumed = self.change.action is Action.NO_OP
        return (yield from self._await(goal, timeout=self._timeout(goal.timeout), at_once=resumed))

    def _await(self, condition: Gate | Goal, *, timeout: float, at_once: bool) -> Generator[Wait, Answer, Ready]:
        """Wait until the condition holds; raises ObjectFailedError when it cannot, ObjectLeftError on a stop."""
        self.run.caller.refuse_when_stopped(troubles.interrupted(condition.describe))
        details = self.run.outputs.fill(dict(condition.details))
        if contains_unknown(details):
            raise ObjectFailedError(self._still_unknown(f"The condition {condition.goal}"))
        waiting = Waiting(
            address=self.change.address,
            kind=self.change.kind,
            id=self.change.deposed_id or self.id,
            goal=condition.goal,
            details=details,
        )
        answer = yield Poll(
            provider=self.change.provider,
            waiting=waiting,
            describe=condition.describe,
            timeout=timeout,
            at_once=at_once,
        )
        match answer:
            case Ready():
                return answer
            case Failed(error=error):
                raise ObjectFailedError(troubles.about(self.change, error))
            case TimedOut(reason=reason):
                raise ObjectFailedError(troubles.timed_out(self.change, condition.describe, timeout, reason))
            case Interrupted():
                raise ObjectLeftError(troubles.interrupted(condition.describe))
            case Resumed():
                raise TypeError("a pause was answered where a condition was asked for")
            case other:
                assert_never(other)

    def _timeout(self, default: float) -> float:
        timeouts = self.change.lifecycle.timeouts
        phases = (self._phase,) if self._phase else _EITHER
        return max((timeouts[phase] for phase in phases if phase in timeouts), default=default)

    @property
    def _phase(self) -> str:
        """The operation at hand, as ``timeouts`` names it; a wait that is taken up again is part of the one it continues.

        Empty when the record does not say which that is, as earlier versions wrote it.
        """
        if self.change.action is not Action.NO_OP:
            return _TIMEOUTS.get(self.change.action, "update")
        record = self.run.recorder.find(self.change.address)
        return record.awaiting if record is not None else ""

    # ------------------------------------------------------------ references

    @property
    def _connection(self) -> Connection:
        return self.run.inputs.connections[self.change.provider]

    def _learn(self, outputs: Mapping[str, Json], memory: Mapping[str, Any]) -> None:
        self._outputs.update(known_part(outputs))
        self._memory.update(known_part(memory))

    def _publish(self) -> None:
        self.run.outputs.publish(self.change.address, self._settled_outputs(self.id))

    def _settled_outputs(self, identity: str | None) -> dict[str, Json]:
        named = {} if identity is None else {"id": identity}
        return {**self.run.outputs.settled(self.change), **named, **self._outputs}

    def _filled(self, step: Step) -> Step:
        """Return the step with references filled in; raises ObjectFailedError when one is not known."""
        fill = self.run.outputs.fill
        target, payload, lookup = fill(step.target), fill(step.payload), fill(dict(step.lookup))
        if contains_unknown([target, payload, lookup]):
            raise ObjectFailedError(self._still_unknown(f"The step {step.operation}"))
        return replace(step, target=target, payload=payload, lookup=lookup)

    def _still_unknown(self, what: str) -> Diagnostic:
        return troubles.still_unknown(self.change, what, self.run.outputs.awaited(self.change))

    def _refuse_unknown_values(self) -> None:
        """Raise before any call what could not be recorded after it: a value that refers to an unknown output."""
        if self.change.is_empty:
            return
        if contains_unknown(self.run.outputs.fill(dict(self.change.values))):
            raise ObjectFailedError(self._still_unknown("The declaration"))
