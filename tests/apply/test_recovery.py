"""What an interrupted run left behind is looked up before anything else, and recorded."""

from __future__ import annotations

from dataclasses import replace

from apply.fakes import Bench, FakePlatform, FakeSession, address, plan_of, problem, record, unchanged

from wlinfra.apply import recovery
from wlinfra.errors import ProviderError
from wlinfra.plan.model import Recovered
from wlinfra.provider.base import DidNotHappen, Happened, Recovery, UnclearOutcome
from wlinfra.state.model import Deposed, Health, Intent, ObjectState

CREATED = Intent(
    sequence=1,
    address=address("a"),
    provider="default",
    kind="thing",
    operation="create-a",
    verb="POST",
    target=None,
    makes=True,
    name="a",
    depends_on=(address("b"),),
    deadline=1050.0,
)
DELETED = replace(CREATED, makes=False, removes=True, target="live-a", operation="delete-a", verb="DELETE")
CHANGED = replace(CREATED, makes=False, target="live-a", operation="update-a", verb="PATCH")


def bench_with(intent: Intent, *records: ObjectState, found: Recovery) -> Bench:
    bench = Bench(session=FakeSession(records, intents=(intent,)))
    bench.platform.recoveries = [found]
    return bench


def recover(bench: Bench) -> tuple[Recovered, ...]:
    recovered = recovery.resolve(bench.inputs, bench.inputs.state.intents, bench.clock)
    recovery.record(bench.session, recovered)
    return recovered


def test_a_create_that_happened_is_recorded_without_values() -> None:
    bench = bench_with(CREATED, found=Happened(id="new", outputs={"id": "new"}))
    assert [item.outcome for item in recover(bench)] == ["happened"]
    found = bench.session.objects[address("a")]
    assert (found.id, found.values, found.health, found.depends_on) == ("new", {}, Health.UNREADY, (address("b"),))
    assert bench.session.intents == {}
    assert bench.clock.time == 1000.0


def test_a_create_that_did_not_happen_is_believed_only_after_its_time() -> None:
    bench = bench_with(CREATED, found=DidNotHappen())
    assert [item.outcome for item in recover(bench)] == ["did-not-happen"]
    assert bench.clock.time == 1050.0
    assert (bench.session.objects, bench.session.intents) == ({}, {})


def test_what_is_waited_for_and_how_long_is_told_in_one_line() -> None:
    bench = bench_with(CREATED, found=DidNotHappen())
    told: list[str] = []
    recovery.resolve(bench.inputs, (CREATED,), bench.clock, report=told.append)
    assert told == [
        "An interrupted run sent POST for thing.a, which may still be carried out: waiting 50 s until that is certain."
    ]


def test_what_is_certain_at_once_is_not_waited_for() -> None:
    bench = bench_with(CHANGED, found=Happened())
    told: list[str] = []
    recovery.resolve(bench.inputs, (CHANGED,), bench.clock, report=told.append)
    assert (told, bench.clock.time) == ([], 1000.0)


def test_a_plan_that_does_not_wait_calls_it_unclear() -> None:
    bench = bench_with(CREATED, found=DidNotHappen())
    (item,) = recovery.resolve(bench.inputs, (CREATED,), bench.clock, wait=False)
    assert (item.outcome, bench.clock.time) == ("unclear", 1000.0)
    assert bench.session.intents == {1: CREATED}


def test_a_replacement_that_made_the_new_object_keeps_the_old_id() -> None:
    bench = bench_with(CREATED, record("a"), found=Happened(id="new"))
    recover(bench)
    found = bench.session.objects[address("a")]
    assert (found.id, found.deposed) == ("new", (Deposed(id="live-a"),))


def test_a_deletion_that_happened_removes_the_record() -> None:
    bench = bench_with(DELETED, record("a"), found=Happened())
    recover(bench)
    assert bench.session.objects == {}


def test_a_deletion_of_a_deposed_object_keeps_the_object() -> None:
    bench = bench_with(replace(DELETED, target="old"), record("a", deposed=(Deposed(id="old"),)), found=Happened())
    recover(bench)
    assert (bench.session.objects[address("a")].id, bench.session.objects[address("a")].deposed) == ("live-a", ())


def test_an_update_that_happened_keeps_the_recorded_values_and_is_compared_again() -> None:
    bench = bench_with(CHANGED, record("a"), found=Happened(memory={"proton": 2}))
    recover(bench)
    found = bench.session.objects[address("a")]
    assert (found.values, found.memory, found.health) == ({"size": 1}, {"proton": 2}, Health.UNREADY)


def test_what_is_unclear_stays_open_and_names_the_import_commands() -> None:
    bench = bench_with(CREATED, found=UnclearOutcome(error=problem(), candidates=("x",)))
    (item,) = recover(bench)
    assert item.error is not None
    assert 'workspace.import_("thing.a", "x")' in item.error.fix
    assert bench.session.intents == {1: CREATED}


class _Unreachable(FakePlatform):
    def recover(self, intent: Intent) -> Recovery:
        raise ProviderError(problem("Platform not reachable"))


def test_a_platform_that_cannot_be_asked_leaves_it_open() -> None:
    bench = bench_with(CREATED, found=DidNotHappen())
    bench.platform = _Unreachable(bench.session)
    (item,) = recover(bench)
    assert item.error is not None
    assert (item.outcome, item.error.summary) == ("unclear", "Interrupted step cannot be looked up")


def test_a_provider_that_is_not_configured_any_more_leaves_it_open() -> None:
    bench = bench_with(replace(CREATED, provider="gone"), found=DidNotHappen())
    (item,) = recover(bench)
    assert item.error is not None
    assert (item.outcome, item.error.summary) == ("unclear", "Provider not configured")


def test_a_plan_made_before_recording_is_recorded_by_its_apply() -> None:
    bench = bench_with(CREATED, found=Happened(id="new"))
    recovered = recovery.resolve(bench.inputs, (CREATED,), bench.clock)
    assert bench.session.intents == {1: CREATED}
    bench.apply_plan(plan_of(recovered=recovered))
    assert (bench.session.objects[address("a")].id, bench.session.intents) == ("new", {})


def test_an_unchanged_object_found_again_is_recorded_in_full() -> None:
    bench = bench_with(CREATED, found=Happened(id="live-a"))
    recovered = recovery.resolve(bench.inputs, (CREATED,), bench.clock)
    assert bench.apply_plan(plan_of(unchanged("a"), recovered=recovered)).ok
    found = bench.session.objects[address("a")]
    assert (found.values, found.health, bench.platform.calls) == ({"size": 1}, Health.READY, [])
