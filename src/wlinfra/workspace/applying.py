"""Applies under the lock: the plan is created there, approved, executed and recorded."""

from __future__ import annotations

import hashlib
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from wlinfra.apply.applier import apply_plan
from wlinfra.apply.events import ApplyEvent, ApplyOptions, ApplyResult
from wlinfra.apply.secrets import require_secrets
from wlinfra.apply.stop import StopSignal
from wlinfra.plan.file import refuse_unapproved, unseal
from wlinfra.plan.model import Plan, PlanOptions
from wlinfra.workspace.approving import Approval, is_approved
from wlinfra.workspace.locking import who
from wlinfra.workspace.opened import Locked, Opened

__all__ = ["Applied", "Listener", "Running", "apply", "apply_sealed", "stopping"]

Listener: TypeAlias = Callable[[ApplyEvent], None]


def _ignore(_: object) -> None:
    """Ignore it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """How a plan is executed, and who hears of it."""

    on_plan: Callable[[Plan], None] = _ignore
    """Called with the plan that was made under the lock, whatever becomes of it."""
    on_event: Listener = _ignore
    """Called with everything that happens, always on the thread that applies."""
    options: ApplyOptions = field(default_factory=ApplyOptions)
    lock_timeout: float = 0.0
    """Seconds to wait for the lock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What came of an apply."""

    plan: Plan
    """As it was made under the lock."""
    result: ApplyResult | None = None
    """None when nothing was executed: the plan has errors, nothing to do, or was not approved."""
    approved: bool = True

    @property
    def ok(self) -> bool:
        """True when everything planned was done."""
        return not self.plan.errors and self.approved and (self.result is None or self.result.ok)


def apply(opened: Opened, options: PlanOptions, approval: Approval, running: Running) -> Applied:
    """Plan, have it approved, and execute it; raises LockedError, and ConfigurationError for what must not be applied."""
    operation = "destroy" if options.destroy else "apply"
    with opened.locked(operation, running.lock_timeout) as locked:
        plan = locked.plan(options)
        running.on_plan(plan)
        if plan.errors:
            return Applied(plan=plan)
        if plan.is_empty and not any(change.drift for change in plan.changes):
            locked.settle()
            return Applied(plan=plan)
        if not is_approved(plan, approval):
            return Applied(plan=plan, approved=False)
        return Applied(plan=plan, result=_execute(plan, locked, running))


def apply_sealed(opened: Opened, data: bytes, running: Running, *, again: str) -> Applied:
    """Execute what a sealed plan approved, and nothing else; raises StalePlanError.

    ``again`` is how that plan is created again.
    """
    with opened.locked("apply", running.lock_timeout) as locked:
        digest = locked.inputs().digest
        approved = unseal(data, digest)  # the state may have been created with another key than the one at hand
        plan = locked.plan(approved.options)
        running.on_plan(plan)
        refuse_unapproved(approved, plan, digest, again=again)
        require_secrets(plan)
        return Applied(plan=plan, result=_execute(plan, locked, running))


def _execute(plan: Plan, locked: Locked, running: Running) -> ApplyResult:
    """Execute the plan; the key of its digests is recorded first, so that no other is taken for it later."""
    opened = locked.opened
    locked.settle()
    inputs = locked.inputs()
    locked.keep_key(inputs)
    options = replace(
        running.options,
        command="destroy" if plan.options.destroy else "apply",
        who=who(opened.host.environ),
        plan_digest=_digest(plan),
    )
    with stopping(opened.stop):
        return apply_plan(
            plan,
            inputs,
            locked.session,
            options=options,
            listener=running.on_event,
            stop=opened.stop,
            clock=opened.clock,
        )


def _digest(plan: Plan) -> str:
    """Return what distinguishes this plan in the history: program, settings, and what happens to which revision."""
    what = [
        f"{change.address} {change.action.value} {change.id} {change.deposed_id} {change.revision}"
        for change in plan.effective
    ]
    text = "\n".join([plan.lineage, plan.program_digest, plan.settings_digest, *what])
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@contextmanager
def stopping(stop: StopSignal) -> Iterator[None]:
    """Turn SIGINT and SIGTERM into a request to stop while a run is under way; outside the main thread do nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, lambda *_: stop.request()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
