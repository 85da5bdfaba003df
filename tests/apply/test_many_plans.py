"""One applier for many plans: submitted while others run, each with its own result, at a cost that does not grow."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import wait as all_of
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random

import pytest
from apply.fakes import GOAL, Bench, FakeSession, address, create, plan_of, record, unchanged

from wlinfra.apply.applier import Applier, InterruptedApply
from wlinfra.apply.events import ApplyEvent, ApplyOptions, ApplyResult, StepDone, Stopping
from wlinfra.apply.stop import StopSignal
from wlinfra.changes.change import Change
from wlinfra.changes.model import Step
from wlinfra.clock import SystemClock
from wlinfra.errors import ConfigurationError, StateError
from wlinfra.plan.inputs import Inputs
from wlinfra.provider.base import Ready, Waiting, WaitingStill
from wlinfra.state.lease import LockRequest
from wlinfra.state.model import State
from wlinfra.state.store import LocalStateStore

TIME = 60


class CountingSession(FakeSession):
    """Counts what costs more the more is recorded."""

    copies = 0
    reserved = 0

    @property
    def state(self) -> State:
        self.copies += 1
        return super().state

    def reserve(self) -> None:
        self.reserved += 1


class Crowd:
    """An applier with a platform, and plans that are submitted to it one by one."""

    def __init__(self, session: FakeSession | None = None, parallelism: int = 8) -> None:
        self.bench = Bench(session=session or FakeSession(), clock=SystemClock())
        self.inputs = self.bench.inputs
        self.events: list[ApplyEvent] = []
        self.applier = Applier(
            self.bench.session,
            self.inputs.connections,
            options=ApplyOptions(parallelism=parallelism, poll_interval=0.2),
            clock=self.bench.clock,
        )
        self.applier.start()

    def submit(
        self,
        *changes: Change,
        stop: StopSignal | None = None,
        timeout: float | None = None,
        listener: Callable[[ApplyEvent], None] | None = None,
    ) -> Future[ApplyResult]:
        plan = plan_of(*changes, state=self.inputs.state)
        hear = listener or self.events.append
        return self.applier.submit(plan, self.inputs, listener=hear, stop=stop, timeout=timeout)


@pytest.fixture
def crowd() -> Iterator[Crowd]:
    crowd = Crowd()
    yield crowd
    crowd.applier.close()


class Blocked:
    """Holds the calls of some objects back."""

    def __init__(self, crowd: Crowd, *names: str) -> None:
        self._held = {f"create-{name}" for name in names}
        self.begun, self.release = threading.Event(), threading.Event()
        crowd.bench.platform.during = self._during

    def _during(self, step: Step) -> None:
        if step.operation in self._held:
            self.begun.set()
            assert self.release.wait(TIME)


def test_a_plan_is_done_while_another_is_still_running(crowd: Crowd) -> None:
    blocked = Blocked(crowd, "slow")
    slow = crowd.submit(create("slow"))
    assert blocked.begun.wait(TIME)
    quick = crowd.submit(create("a"), create("b", "a")).result(TIME)
    assert ([change.name for change in quick.done], slow.done()) == (["a", "b"], False)
    blocked.release.set()
    assert [change.name for change in slow.result(TIME).done] == ["slow"]


def _note(found: list[str], event: ApplyEvent) -> None:
    if not isinstance(event, Stopping):
        found.append(event.change.name)


def test_each_listener_hears_of_its_own_plan_alone(crowd: Crowd) -> None:
    heard: dict[str, list[str]] = {"a": [], "b": []}
    futures = [crowd.submit(create(name), listener=partial(_note, found)) for name, found in heard.items()]
    assert all(future.result(TIME).ok for future in futures)
    assert {name: set(found) for name, found in heard.items()} == {"a": {"a"}, "b": {"b"}}


def test_two_plans_that_change_one_object_are_refused_at_the_second(crowd: Crowd) -> None:
    blocked = Blocked(crowd, "a")
    first = crowd.submit(create("a"))
    assert blocked.begun.wait(TIME)
    with pytest.raises(ConfigurationError, match=r"changes thing\.a"):
        crowd.submit(create("b"), create("a"))
    assert crowd.submit(create("b")).result(TIME).ok
    blocked.release.set()
    assert first.result(TIME).ok
    assert crowd.submit(create("a")).result(TIME).ok


def test_what_a_plan_leaves_as_it_is_may_be_changed_by_another() -> None:
    crowd = Crowd(FakeSession([record("shared")]))
    blocked = Blocked(crowd, "a")
    first = crowd.submit(unchanged("shared"), create("a", "shared"))
    assert blocked.begun.wait(TIME)
    assert crowd.submit(unchanged("shared"), create("b", "shared")).result(TIME).ok
    blocked.release.set()
    assert first.result(TIME).ok
    crowd.applier.close()


def test_a_stop_ends_its_own_plan_alone(crowd: Crowd) -> None:
    held = threading.Event()
    crowd.bench.platform.ready = lambda _: Ready() if held.is_set() else WaitingStill(reason="pulling")
    stop = StopSignal()
    stopped, other = crowd.submit(create("a", goal=GOAL), stop=stop), crowd.submit(create("b", goal=GOAL))
    stop.request()
    assert stopped.result(TIME).interrupted
    assert not other.done()
    held.set()
    result = other.result(TIME)
    assert (result.ok, result.ids) == (True, {address("b"): result.ids[address("b")]})


def test_a_timeout_ends_its_own_plan_alone(crowd: Crowd) -> None:
    crowd.bench.platform.ready = _only("b")
    late, other = crowd.submit(create("a", goal=GOAL), timeout=3.0), crowd.submit(create("b", goal=GOAL))
    result = late.result(TIME)
    assert (result.interrupted, [change.name for change in result.started]) == (True, ["a"])
    assert other.result(TIME).ok


def _only(name: str) -> Callable[[Waiting], Ready | WaitingStill]:
    return lambda item: Ready() if item.address == address(name) else WaitingStill(reason="pulling")


def test_a_plan_that_is_ended_at_once_says_what_was_made(crowd: Crowd) -> None:
    blocked, stop = Blocked(crowd, "b"), StopSignal()
    future = crowd.submit(create("a"), create("b", "a"), stop=stop)
    assert blocked.begun.wait(TIME)
    stop.request()
    stop.request()
    with pytest.raises(InterruptedApply) as caught:
        future.result(TIME)
    assert dict(caught.value.result.ids) == {address("a"): crowd.bench.session.objects[address("a")].id}
    with pytest.raises(ConfigurationError):  # the call under way still may change it
        crowd.submit(create("b"))
    assert crowd.submit(create("c")).result(TIME).ok
    blocked.release.set()
    while address("b") not in crowd.bench.session.objects:  # that call is recorded when it ends
        threading.Event().wait(0.01)
    assert crowd.bench.session.intents == {}


def test_a_stop_for_all_ends_all_in_order_and_the_second_at_once(crowd: Crowd) -> None:
    crowd.bench.platform.ready = lambda _: WaitingStill(reason="pulling")
    blocked = Blocked(crowd, "b")
    waiting, calling = crowd.submit(create("a", goal=GOAL)), crowd.submit(create("b"))
    assert blocked.begun.wait(TIME)
    crowd.applier.stop()
    assert waiting.result(TIME).interrupted
    assert not calling.done()
    crowd.applier.stop()
    with pytest.raises(InterruptedApply):
        calling.result(TIME)
    assert crowd.bench.platform.operations.count("create-c") == 0
    assert [because for _, because in crowd.submit(create("c")).result(TIME).skipped] == ["the run was stopped"]
    blocked.release.set()


def test_a_listener_that_fails_ends_its_own_plan_alone(crowd: Crowd) -> None:
    def fail(event: ApplyEvent) -> None:
        if isinstance(event, StepDone):
            raise BrokenPipeError

    bad, good = crowd.submit(create("a"), create("b", "a"), listener=fail), crowd.submit(create("c"))
    with pytest.raises(BrokenPipeError):
        bad.result(TIME)
    assert good.result(TIME).ok
    assert "create-b" not in crowd.bench.platform.operations
    assert crowd.bench.session.objects[address("a")].id


def test_a_plan_is_not_cancelled_by_its_future(crowd: Crowd) -> None:
    blocked = Blocked(crowd, "slow")
    slow = crowd.submit(create("slow"))
    assert blocked.begun.wait(TIME)
    assert not slow.cancel()
    blocked.release.set()
    assert slow.result(TIME).ok


def test_a_state_that_cannot_be_written_ends_all_plans(crowd: Crowd) -> None:
    crowd.bench.platform.ready = lambda _: WaitingStill(reason="pulling")
    waiting = crowd.submit(create("a", goal=GOAL))
    while not crowd.bench.platform.polls:
        threading.Event().wait(0.01)

    def fail(_: str) -> None:
        raise StateError.of("Disk failed", "The test says so.")

    crowd.bench.session.fail = fail
    for future in (crowd.submit(create("b")), waiting):
        with pytest.raises(StateError):
            future.result(TIME)


def test_an_applier_that_is_closed_takes_no_plan_and_has_one_line_in_the_history() -> None:
    crowd = Crowd()
    all_of([crowd.submit(create(f"n{n}")) for n in range(5)], TIME)
    crowd.bench.platform.replies["create-bad"] = [ValueError()]
    crowd.submit(create("bad"))
    crowd.applier.close()
    assert [entry.summary for entry in crowd.bench.session.history] == ["5 done, 1 failed, 0 skipped"]
    with pytest.raises(RuntimeError, match="closed"):
        crowd.submit(create("late"))


@pytest.mark.parametrize("recorded", [0, 500])
def test_a_plan_of_one_part_costs_the_same_whatever_is_recorded(recorded: int) -> None:
    session = CountingSession(record(f"old{n}") for n in range(recorded))
    crowd = Crowd(session)
    crowd.inputs = _part_of(crowd)
    before = {thread.name for thread in threading.enumerate()}
    session.copies = 0
    futures = [crowd.submit(create(f"n{n}", goal=GOAL)) for n in range(200)]
    assert all(future.result(TIME).ok for future in futures)
    assert (session.copies, session.reserved) == (0, 1)
    assert len({thread.name for thread in threading.enumerate()} - before) <= 8 + 1
    assert len(crowd.bench.platform.polls) <= 20
    crowd.applier.close()
    assert (session.copies, len(session.history)) == (1, 1)


def _part_of(crowd: Crowd) -> Inputs:
    return replace(crowd.inputs, declared=replace(crowd.inputs.declared, partial=True))


def test_the_records_of_concurrent_plans_share_their_syncs(tmp_path: Path) -> None:
    store = LocalStateStore(tmp_path, "s", "e")
    with store.acquire(LockRequest(owner="test")) as lease, store.open(lease) as session:
        bench = Bench(clock=SystemClock())
        applier = Applier(session, bench.inputs.connections, options=ApplyOptions(parallelism=64), clock=bench.clock)
        barrier = threading.Barrier(64)

        def meet(_: Step) -> None:
            barrier.wait(TIME)

        bench.platform.during = meet
        applier.start()
        futures = [applier.submit(plan_of(create(f"n{n}")), bench.inputs, listener=lambda _: None) for n in range(64)]
        assert all(future.result(TIME).ok for future in futures)
        syncs = session.stats.syncs
        applier.close()
    assert len(store.load().objects) == 64
    assert syncs < 128


@pytest.mark.parametrize("seed", range(10))
def test_plans_at_once_end_as_they_would_one_after_the_other(seed: int) -> None:
    random = Random(seed)
    plans = [_chains(random, f"p{number}") for number in range(12)]
    bad = {f"create-{change.name}" for plan in plans for change in plan if random.random() < 0.15}
    crowd, bench = Crowd(), Bench()
    for platform in (crowd.bench.platform, bench.platform):
        platform.replies |= {operation: [ValueError()] for operation in bad}
    futures = [crowd.submit(*plan) for plan in plans]
    at_once = [_ends(future.result(TIME)) for future in futures]
    crowd.applier.close()
    assert at_once == [_ends(bench.apply(*plan)) for plan in plans]
    assert crowd.bench.session.objects.keys() == bench.session.objects.keys()
    # What answered with an exception may have happened.
    assert {item.operation for item in crowd.bench.session.intents.values()} == bad & {*bench.platform.operations}


def _chains(random: Random, prefix: str) -> list[Change]:
    """Return creates, each of which may come after earlier ones."""
    names = [f"{prefix}-{number}" for number in range(random.randint(1, 6))]
    return [
        create(
            name, *random.sample(names[:place], k=min(place, random.randint(0, 2))), goal=random.choice([None, GOAL])
        )
        for place, name in enumerate(names)
    ]


def _ends(result: ApplyResult) -> tuple[set[str], set[str], set[str]]:
    done = {change.name for change in result.done}
    return done, {change.name for change, _ in result.failed}, {change.name for change, _ in result.skipped}
