"""A provider's bug fails its own object; everything else goes on and the journal stays complete."""

from __future__ import annotations

from collections.abc import Sequence

from apply.fakes import GOAL, Bench, FakePlatform, address, create, record, update

from wlinfra.changes.model import Step
from wlinfra.errors import ProviderError
from wlinfra.provider.base import Done, Ready, Status, Waiting, WaitingStill
from wlinfra.values import Address, Ref


def test_an_exception_fails_its_object_and_keeps_its_intent() -> None:
    bench = Bench()
    bench.platform.replies["create-a"] = [KeyError("canary")]
    result = bench.apply(create("a"), create("b", "a"), create("c"))
    ((_, error),) = result.failed
    assert "KeyError was raised" in error.detail
    assert error.detail.endswith("This is a bug in the default provider.")
    assert [change.name for change in result.done] == ["c"]
    assert [intent.operation for intent in bench.session.intents.values()] == ["create-a"]


def test_the_text_of_an_unexpected_exception_is_not_shown() -> None:
    bench = Bench()
    bench.platform.replies["create-a"] = [ValueError("token=canary")]
    assert "canary" not in str(bench.apply(create("a")).failed)


def test_a_provider_that_ends_its_thread_does_not_end_the_run() -> None:
    bench = Bench()

    def leave(step: Step) -> None:
        if step.operation == "create-a":
            raise SystemExit(3)

    bench.platform.during = leave
    result = bench.apply(create("a"), create("b"))
    assert [change.name for change, _ in result.failed] == ["a"]
    assert [change.name for change in result.done] == ["b"]


def test_an_error_meant_for_people_is_shown_as_it_is() -> None:
    bench = Bench()
    bench.platform.replies["create-a"] = [ProviderError.of("Token was refused", "The platform answered 401.")]
    ((_, error),) = bench.apply(create("a")).failed
    assert (error.summary, error.address) == ("Token was refused", "thing.a")


def test_a_created_object_without_an_id_is_an_error_of_the_provider() -> None:
    bench = Bench()
    bench.platform.replies["create-a"] = [Done()]
    ((_, error),) = bench.apply(create("a")).failed
    assert error.summary == "Created object has no id"


def test_a_reference_nobody_tells_stops_the_step_before_any_record() -> None:
    bench = Bench()
    step = Step(operation="make", verb="POST", path="/", summary="", payload=Ref(Address("thing.x"), "id"), makes=True)
    ((_, error),) = bench.apply(create("a", steps=(step,))).failed
    assert error.summary == "A value is still unknown"
    assert (bench.session.log, bench.platform.calls) == ([], [])


class _Choking(FakePlatform):
    """Cannot be asked about one of its objects."""

    def poll(self, waiting: Sequence[Waiting]) -> Sequence[Status]:
        if any(item.address == address("a") for item in waiting):
            raise ZeroDivisionError
        return [Ready() for _ in waiting]


def test_a_crash_while_asking_about_one_object_leaves_the_others_alone() -> None:
    bench = Bench()
    bench.platform = _Choking(bench.session)
    result = bench.apply(create("a", goal=GOAL), create("b", goal=GOAL))
    assert [(change.name, error.summary) for change, error in result.failed] == [("a", "Provider failed unexpectedly")]
    assert [change.name for change in result.done] == ["b"]


def test_a_platform_that_cannot_be_asked_is_asked_again() -> None:
    bench = Bench.with_records(record("a"))
    answers: list[Status | ProviderError] = [ProviderError.of("Platform not reachable", "No route."), Ready()]

    def ready(_: Waiting) -> Status:
        answer = answers.pop(0)
        if isinstance(answer, ProviderError):
            raise answer
        return answer

    bench.platform.ready = ready
    assert bench.apply(update("a", goal=GOAL)).ok


def test_a_wrong_number_of_answers_is_a_bug_of_the_provider() -> None:
    class Short(FakePlatform):
        def poll(self, waiting: Sequence[Waiting]) -> Sequence[Status]:
            return [WaitingStill(reason="")] * (len(waiting) + 1)

    bench = Bench()
    bench.platform = Short(bench.session)
    assert [error.summary for _, error in bench.apply(create("a", goal=GOAL)).failed] == [
        "Provider failed unexpectedly"
    ]
