"""Any history of edits, applies, failures, crashes and meddling leaves a state that one full apply makes right."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from support.memory_stage import MemoryStage, Thing

from wlinfra.changes.model import Step
from wlinfra.errors import InterruptedRun
from wlinfra.provider.base import StepResult, UnknownOutcome
from wlinfra.testing import lost_reply, refuse

SLOTS = 5
slots = st.integers(0, SLOTS - 1)
moments = st.sampled_from([1, 1, 1, 2, 2, 3, 4])
Proceed = Callable[[], StepResult]


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What the program says of one place; the platform's name stays while the name in the program changes."""

    version: int = 0
    aliases: tuple[str, ...] = ()
    size: int = 1
    image: str = "x:1"
    zone: str = "a"
    peers: tuple[int, ...] = ()


@dataclass(slots=True)
class Saboteur:
    """Does something at the n-th call of a run; the others go through."""

    at: int
    act: Callable[[Step, Proceed], StepResult]
    seen: int = field(default=0)

    def __call__(self, step: Step, proceed: Proceed) -> StepResult:
        self.seen += 1
        return self.act(step, proceed) if self.seen == self.at else proceed()


class Machine(RuleBasedStateMachine):
    """One stack, its program edited and applied, on a platform others meddle with."""

    unique_names = False

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        # One call at a time: a run that is abandoned in this process must leave no thread behind that goes on.
        self.stage = MemoryStage(folder=Path(self.folder.name), unique_names=self.unique_names, parallelism=1)
        self.program: dict[int, Declared] = {}
        self.deleted: dict[int, Declared] = {}

    def teardown(self) -> None:
        try:
            self.stage.settle(self.resources)
            self.program.clear()
            self.stage.settle(self.resources)
        finally:
            self.folder.cleanup()

    def resources(self) -> Iterator[Thing]:
        made: dict[int, Thing] = {}
        for slot, item in sorted(self.program.items()):
            made[slot] = Thing(
                f"t{slot}v{item.version}",
                platform_name=f"t{slot}",
                aliases=item.aliases,
                size=item.size,
                image=item.image,
                zone=item.zone,
                peers=[made[peer].ref("endpoint") for peer in item.peers if peer in made],
            )
            yield made[slot]

    def id_of(self, slot: int) -> str | None:
        found = self.stage.world.find("thing", f"t{slot}")
        return found[0] if found else None

    # ------------------------------------------------------------ editing the program

    @rule(slot=slots, peers=st.lists(slots, max_size=2, unique=True))
    def declare(self, slot: int, peers: list[int]) -> None:
        # What was deleted comes back under its last name: under another, it would be a rename without an alias.
        item = self.program.get(slot) or self.deleted.get(slot, Declared())
        self.program[slot] = replace(item, peers=tuple(peer for peer in peers if peer < slot))

    @precondition(lambda self: self.program)
    @rule(data=st.data(), size=st.integers(1, 3), image=st.sampled_from(["x:1", "x:2"]), zone=st.sampled_from("ab"))
    def change(self, data: st.DataObject, size: int, image: str, zone: str) -> None:
        slot = data.draw(st.sampled_from(sorted(self.program)))
        self.program[slot] = replace(self.program[slot], size=size, image=image, zone=zone)

    @precondition(lambda self: self.program)
    @rule(data=st.data())
    def rename(self, data: st.DataObject) -> None:
        slot = data.draw(st.sampled_from(sorted(self.program)))
        item = self.program[slot]
        old = f"thing.t{slot}v{item.version}"
        self.program[slot] = replace(item, version=item.version + 1, aliases=(old, *item.aliases))

    @precondition(lambda self: self.program)
    @rule(data=st.data())
    def rename_without_an_alias(self, data: st.DataObject) -> None:
        """Nothing may take over what is recorded under the old name: the plan says so until there is an alias."""
        slot = data.draw(st.sampled_from(sorted(self.program)))
        item = self.program[slot]
        self.program[slot] = replace(item, version=item.version + 1, aliases=())
        live = self.id_of(slot)
        if live is not None and live in {record.id for record in self.stage.state.objects.values()}:
            errors = self.stage.plan(self.resources()).errors
            assert "Object is managed already" in {error.summary for error in errors}
        self.program[slot] = item

    @precondition(lambda self: self.program)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        slot = data.draw(st.sampled_from(sorted(self.program)))
        self.deleted[slot] = self.program.pop(slot)

    # ------------------------------------------------------------ applying

    @rule()
    def apply(self) -> None:
        self.stage.settle(self.resources)

    @precondition(lambda self: self.program)
    @rule(data=st.data())
    def apply_target(self, data: st.DataObject) -> None:
        slot = data.draw(st.sampled_from(sorted(self.program)))
        self.stage.provider.on_run = None
        assert self.stage.apply(self.resources(), targets=(f"thing.t{slot}v{self.program[slot].version}",)).ok

    @rule(at=moments)
    def apply_with_a_refusal(self, at: int) -> None:
        self.run_with(at, lambda step, proceed: refuse("The test says no."))

    @rule(at=moments, happened=st.booleans())
    def apply_with_a_lost_reply(self, at: int, happened: bool) -> None:
        def lose(step: Step, proceed: Proceed) -> UnknownOutcome:
            return lost_reply(proceed if happened else lambda: None)

        self.run_with(at, lose)

    @rule(at=moments)
    def apply_and_stop(self, at: int) -> None:
        def stop(step: Step, proceed: Proceed) -> StepResult:
            self.stage.stop.request()
            return proceed()

        self.run_with(at, stop)

    @rule(at=moments, happened=st.booleans())
    def apply_and_abandon(self, at: int, happened: bool) -> None:
        def abandon(step: Step, proceed: Proceed) -> StepResult:
            if happened:
                proceed()
            self.stage.stop.request()
            self.stage.stop.request()
            return UnknownOutcome(error=lost_reply(lambda: None).error)

        self.run_with(at, abandon)

    def run_with(self, at: int, act: Callable[[Step, Proceed], StepResult]) -> None:
        self.stage.provider.on_run = Saboteur(at, act)
        try:
            self.stage.apply(self.resources())
        except InterruptedRun:
            pass
        finally:
            self.stage.provider.on_run = None

    # ------------------------------------------------------------ meddling

    @rule(slot=slots, size=st.integers(1, 3))
    def edit_live(self, slot: int, size: int) -> None:
        found = self.id_of(slot)
        if found is not None:
            self.stage.world.update(found, {"size": size})

    @rule(slot=slots)
    def delete_live(self, slot: int) -> None:
        found = self.id_of(slot)
        if found is not None:
            self.stage.world.delete(found)

    # ------------------------------------------------------------ always

    @invariant()
    def everything_that_exists_is_known(self) -> None:
        state = self.stage.state
        begun = {intent.name for intent in state.intents if intent.makes}
        unknown = [item.name for item in self.stage.world.objects.values() if item.id not in self.stage.known_ids()]
        assert begun.issuperset(unknown)

    @invariant()
    def no_two_records_share_an_object(self) -> None:
        ids = [record.id for record in self.stage.state.objects.values() if record.id is not None]
        assert len(ids) == len(set(ids))


class MachineOfUniqueNames(Machine):
    """The same where the platform refuses a second object of a name."""

    unique_names = True


QUICK = settings(
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=25,
    stateful_step_count=25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@pytest.mark.parametrize("machine", [Machine, MachineOfUniqueNames])
def test_any_history_converges(machine: type[Machine]) -> None:
    run_state_machine_as_test(machine, settings=QUICK)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("machine", [Machine, MachineOfUniqueNames])
def test_many_histories_converge(machine: type[Machine]) -> None:
    many = settings(QUICK, max_examples=1000, stateful_step_count=50)
    run_state_machine_as_test(machine, settings=many)
