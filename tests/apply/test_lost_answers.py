"""A lost answer is looked up before anything else; a create is never blindly sent twice."""

from __future__ import annotations

import pytest
from apply.fakes import Bench, address, create, delete, problem, record, update

from wlinfra.changes.model import Repeat, Step
from wlinfra.provider.base import DidNotHappen, Done, Happened, RefusedForNow, UnclearOutcome, UnknownOutcome
from wlinfra.render.events import EventLines

LOST = UnknownOutcome(error=problem("Answer was lost"))


def test_a_create_found_on_the_platform_is_adopted() -> None:
    bench = Bench()
    bench.platform.replies["create-a"] = [LOST]
    bench.platform.recoveries = [Happened(id="found")]
    assert bench.apply(create("a")).ok
    assert bench.platform.operations == ["create-a"]
    assert bench.session.objects[address("a")].id == "found"
    assert bench.session.intents == {}


def test_a_create_that_did_not_happen_is_sent_again_only_after_its_time_is_over() -> None:
    bench = Bench()
    times = []
    bench.platform.replies["create-a"] = [LOST, Done(id="second")]
    bench.platform.during = lambda _: times.append(bench.clock.time)
    assert bench.apply(create("a")).ok
    assert times == [1000.0, 1075.0]
    assert len(bench.platform.looked_up) > 2
    assert bench.session.objects[address("a")].id == "second"


def test_one_that_appears_while_waiting_is_adopted() -> None:
    bench = Bench()
    bench.platform.replies["create-a"] = [LOST]
    bench.platform.recoveries = [DidNotHappen(), Happened(id="late")]
    assert bench.apply(create("a")).ok
    assert (bench.platform.operations, bench.session.objects[address("a")].id) == (["create-a"], "late")


def test_a_call_that_may_be_repeated_is_not_held_back() -> None:
    bench = Bench.with_records(record("a"))
    step = Step(operation="put", verb="PUT", path="/", summary="", target="live-a", repeat=Repeat.SAFE)
    bench.platform.replies["put"] = [LOST, Done()]
    assert bench.apply(update("a", steps=(step,))).ok
    assert (bench.platform.operations, bench.clock.time) == (["put", "put"], 1000.0)


def test_a_call_lost_three_times_fails() -> None:
    bench = Bench()
    bench.platform.replies["create-a"] = [LOST]
    result = bench.apply(create("a"))
    assert [error.summary for _, error in result.failed] == ["Answer was lost"]
    assert len(bench.platform.calls) == 3
    assert bench.session.intents == {}


def test_doubt_is_left_to_a_person_with_the_exact_commands() -> None:
    bench = Bench()
    bench.platform.replies["create-a"] = [LOST]
    bench.platform.recoveries = [UnclearOutcome(error=problem("Several could be it"), candidates=("x", "y"))]
    ((_, error),) = bench.apply(create("a")).failed
    assert '    workspace.import_("thing.a", "x")\n    workspace.import_("thing.a", "y")' in error.fix
    assert [intent.operation for intent in bench.session.intents.values()] == ["create-a"]
    assert bench.platform.operations == ["create-a"]


def test_a_deletion_found_done_removes_the_record() -> None:
    bench = Bench.with_records(record("a"))
    bench.platform.replies["delete-a"] = [LOST]
    bench.platform.recoveries = [Happened()]
    assert bench.apply(delete("a")).ok
    assert bench.session.objects == {}


def test_a_refusal_for_now_is_tried_again_after_the_time_asked_for() -> None:
    bench = Bench()
    times = []
    bench.platform.replies["create-a"] = [RefusedForNow(error=problem(), after=7.0), Done(id="n")]
    bench.platform.during = lambda _: times.append(bench.clock.time)
    assert bench.apply(create("a")).ok
    assert times == [1000.0, 1007.0]
    assert [entry[0] for entry in bench.session.log] == ["begin", "call", "end", "begin", "call", "end"]


def test_a_long_wait_is_reported_when_it_begins() -> None:
    bench = Bench()
    shown: list[str] = []
    error = problem("Too many", "The platform at https://example.com answered with 429.")
    bench.platform.replies["create-a"] = [RefusedForNow(error=error, after=600.0), Done(id="n")]
    bench.platform.during = lambda _: shown.append("(called)")
    bench.on_event = EventLines(shown.append)
    assert bench.apply(create("a")).ok
    begun, again = shown.index("(called)"), shown.index("(called)", shown.index("(called)") + 1)
    said = "".join(shown[begun:again])
    assert "asked to wait 10 minutes: The platform at https://example.com answered with 429" in said


def test_a_wait_longer_than_the_object_may_take_fails_at_once() -> None:
    bench = Bench()
    bench.platform.replies["create-a"] = [RefusedForNow(error=problem(), after=7200.0)]
    ((_, error),) = bench.apply(create("a")).failed
    assert bench.clock.time == 1000.0
    assert "It asks to wait 120 minutes, and 30 minutes are left" in error.detail
    assert error.fix == "Run the command again in 120 minutes, or give the resource longer `timeouts`."


def test_refusals_for_now_end_somewhere() -> None:
    bench = Bench()
    bench.platform.replies["create-a"] = [RefusedForNow(error=problem("Quota is used up"))]
    result = bench.apply(create("a"), create("b"))
    assert [error.summary for _, error in result.failed] == ["Quota is used up"]
    assert len([name for name in bench.platform.operations if name == "create-a"]) == 8
    assert [change.name for change in result.done] == ["b"]


@pytest.mark.parametrize("lost", [1, 2])
def test_each_lost_answer_is_looked_up(lost: int) -> None:
    bench = Bench()
    bench.platform.replies["create-a"] = [*[LOST] * lost, Done(id="n")]
    assert bench.apply(create("a")).ok
    assert {intent.sequence for intent in bench.platform.looked_up} == set(range(1, lost + 1))
