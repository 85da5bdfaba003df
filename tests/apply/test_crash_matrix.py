"""Whatever moment a run dies at, the next one finishes: no orphan, no duplicate, nothing lost, then an empty plan."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from apply.fakes import DIGEST, FakeSession, LeapingClock

from wlinfra.apply.applier import apply_plan
from wlinfra.apply.events import ApplyOptions
from wlinfra.apply.recovery import resolve
from wlinfra.apply.stop import StopSignal
from wlinfra.changes.model import Step
from wlinfra.diff.schema import Attribute, Effect, fields
from wlinfra.errors import Diagnostic, StateError
from wlinfra.plan.inputs import Inputs
from wlinfra.plan.model import Plan, Recovered
from wlinfra.plan.planner import build_plan
from wlinfra.provider.base import ProviderContext, StepResult, UnknownOutcome
from wlinfra.resources.base import Resource
from wlinfra.resources.fields import attribute
from wlinfra.resources.lifecycle import ReplaceOrder
from wlinfra.stack.program import Declared
from wlinfra.state.model import Intent
from wlinfra.testing.memory import MemoryProvider, lost_reply
from wlinfra.testing.world import MemoryWorld

DEAD = StateError(Diagnostic(summary="Killed", detail="The process is dead."))
SCHEMA = Attribute(fields=fields(shape=Attribute(effect=Effect.REPLACES), size=Attribute()))


class Thing(Resource):
    type = "thing"
    size: int = attribute(1, "How large it is.")
    shape: str = attribute("round", "What it is; changing it replaces the thing.")
    parent: Any = attribute(None, "The id of what it belongs to.")


def before() -> tuple[Resource, ...]:
    a = Thing(name="a")
    first = Thing(name="first", shape="flat", replace_order=ReplaceOrder.CREATE_THEN_DELETE, parent=a.ref("id"))
    last = Thing(name="last", shape="flat", replace_order=ReplaceOrder.DELETE_THEN_CREATE, depends_on=[a])
    return a, first, last, Thing(name="gone", depends_on=[last])


def after() -> tuple[Resource, ...]:
    a = Thing(name="a", size=2)
    first = Thing(name="first", replace_order=ReplaceOrder.CREATE_THEN_DELETE, parent=a.ref("id"))
    last = Thing(name="last", replace_order=ReplaceOrder.DELETE_THEN_CREATE, depends_on=[a])
    return a, first, last, Thing(name="new", parent=first.ref("id"))


class Machine(FakeSession):
    """A state and a platform that outlive the process, which dies at a chosen moment."""

    def __init__(self) -> None:
        super().__init__()
        self.world = MemoryWorld()
        self.clock = LeapingClock()
        self.moments = 0
        self.dies_at = -1
        self.loses = -1
        """The number of the call whose answer is lost; negative for none."""
        self.loses_effect = False
        self._count = threading.Lock()

    def moment(self) -> None:
        """Count one moment; raise from the chosen one on."""
        with self._count:
            self.moments += 1
            if 0 <= self.dies_at <= self.moments - 1:
                raise DEAD

    def around(self, act: Callable[[], Any]) -> Any:
        self.moment()
        result = act()
        self.moment()
        return result

    def begin(self, intent: Intent) -> Intent:
        return self.around(lambda: FakeSession.begin(self, intent))  # type: ignore[no-any-return]  # around keeps the type

    def end(self, intent: Intent, **left: Any) -> None:
        self.around(lambda: FakeSession.end(self, intent, **left))

    def put(self, item: Any) -> None:
        self.around(lambda: FakeSession.put(self, item))

    def remove(self, address: Any) -> None:
        self.around(lambda: FakeSession.remove(self, address))

    def run_step(self, step: Step, proceed: Callable[[], StepResult]) -> StepResult:
        self.loses -= 1
        if self.loses != -1:
            return self.around(proceed)  # type: ignore[no-any-return]  # around keeps the type
        error = Diagnostic(summary="Answer was lost", detail="The connection broke.")
        return UnknownOutcome(error=error) if self.loses_effect else lost_reply(proceed)

    def clear_up(self, inputs: Inputs) -> tuple[Recovered, ...]:
        return resolve(inputs, inputs.state.intents, self.clock)

    def start(self, resources: tuple[Resource, ...], *, parallelism: int, dies_at: int = -1) -> Plan:
        """Run one process: plan, and apply when there is something to do; return the plan."""
        self.moments, self.dies_at = 0, dies_at
        provider = MemoryProvider(world=self.world, schemas={"thing": SCHEMA}, on_run=self.run_step, clock=self.clock)
        context = ProviderContext(
            name="default", options={}, environ={}, data_dir=Path("unused"), stack="s", environment="e"
        )
        declared = Declared(stack="s", environment="e", resources=resources, outputs=(), providers={})
        connections = {"default": provider.connect(context)}
        inputs = Inputs(declared=declared, state=self.state, connections=connections, digest=DIGEST)
        plan = build_plan(inputs, recovered=self.clear_up(inputs))
        options = ApplyOptions(parallelism=parallelism)
        result = apply_plan(
            plan, inputs, self, options=options, listener=lambda _: None, stop=StopSignal(), clock=self.clock
        )
        assert result.ok, result
        return plan


def names_and_ids(machine: Machine) -> dict[str, str | None]:
    return {item.name: item.id for item in machine.objects.values()}


def settled(machine: Machine) -> None:
    """Check that platform and state agree, object by object, and that nothing is left to do."""
    wanted = {"a", "first", "last", "new"}
    assert sorted(item.name for item in machine.world.objects.values()) == sorted(wanted)
    assert names_and_ids(machine) == {item.name: item.id for item in machine.world.objects.values()}
    assert machine.intents == {}
    assert all(not item.deposed for item in machine.objects.values())
    assert machine.start(after(), parallelism=1).is_empty


def prepared() -> Machine:
    machine = Machine()
    machine.start(before(), parallelism=1)
    return machine


def moments() -> range:
    """Return every moment at which a run of the second program can die."""
    machine = prepared()
    machine.start(after(), parallelism=1)
    return range(machine.moments)


@pytest.mark.parametrize("parallelism", [1, 8])
@pytest.mark.parametrize("moment", moments())
def test_a_run_that_dies_at_any_moment_is_finished_by_the_next(moment: int, parallelism: int) -> None:
    machine = prepared()
    with pytest.raises(StateError):
        machine.start(after(), parallelism=parallelism, dies_at=moment)
    machine.start(after(), parallelism=parallelism)
    settled(machine)


@pytest.mark.parametrize("moment", moments())
def test_two_deaths_in_a_row_lose_nothing_either(moment: int) -> None:
    machine = prepared()
    with pytest.raises(StateError):
        machine.start(after(), parallelism=1, dies_at=moment)
    with suppress(StateError):  # after the last moment the second run has nothing to do
        machine.start(after(), parallelism=1, dies_at=1)
    machine.start(after(), parallelism=1)
    settled(machine)


@pytest.mark.parametrize("took_effect", [True, False], ids=["took effect", "took no effect"])
@pytest.mark.parametrize("lost", range(7))
def test_a_lost_answer_neither_doubles_nor_loses_an_object(lost: int, took_effect: bool) -> None:
    machine = prepared()
    machine.loses = lost
    machine.loses_effect = not took_effect
    machine.start(after(), parallelism=1)
    assert machine.loses < 0
    settled(machine)
