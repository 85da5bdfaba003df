"""Questions that arrive while one is under way become the next one, and every caller gets its own answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from apply.fakes import FakePlatform, FakeSession, address

from wlinfra.errors import ProviderError
from wlinfra.provider.base import Absent, Live, Reading, ReadRequest, Status, Waiting, WaitingStill
from wlinfra.provider.joining import Joining
from wlinfra.provider.optional import KnowsItsPlace, KnowsOwners, PlansFromFacts

TIME = 20


@dataclass
class Slow(FakePlatform):
    """Answers each question when it is allowed to."""

    questions: list[list[str]] = field(default_factory=list)
    asked: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    allowed: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    fact_kinds: frozenset[str] = frozenset({"thing"})
    fails: BaseException | None = None
    fails_from: int = 2
    """With so many objects in one question."""

    def place(self) -> Mapping[str, str]:
        return {"endpoint": "here"}

    def _answer(self, names: list[str]) -> None:
        self.questions.append(names)
        self.asked.release()
        assert self.allowed.acquire(timeout=TIME)
        if self.fails is not None and len(names) >= self.fails_from:
            raise self.fails

    def read(self, wanted: Sequence[ReadRequest]) -> Sequence[Reading]:
        self._answer([item.name for item in wanted])
        return [Live(id=f"id of {item.name}", values={}) for item in wanted]

    def poll(self, waiting: Sequence[Waiting]) -> Sequence[Status]:
        self._answer([item.address.name for item in waiting])
        return [WaitingStill(reason=item.address.name) for item in waiting]


def request(name: str, at: str = "") -> ReadRequest:
    return ReadRequest(address=address(at or name), kind="thing", name=name)


@dataclass
class Crowd:
    platform: Slow
    joined: Joining
    pool: ThreadPoolExecutor

    def ask(self, *requests: ReadRequest) -> Future[Sequence[Reading]]:
        return self.pool.submit(self.joined.read, requests)

    def wait_for(self, count: int) -> None:
        """Return when so many callers wait behind the question that is under way."""
        while len(self.joined._read._waiting) < count:
            threading.Event().wait(0.005)


@pytest.fixture
def crowd() -> Iterator[Crowd]:
    platform = Slow(FakeSession())
    with ThreadPoolExecutor(64) as pool:
        yield Crowd(platform, Joining(platform), pool)


@contextmanager
def first_under_way(crowd: Crowd) -> Iterator[Future[Sequence[Reading]]]:
    first = crowd.ask(request("first"))
    assert crowd.platform.asked.acquire(timeout=TIME)
    yield first
    crowd.platform.allowed.release(100)


def test_what_arrives_during_a_question_is_the_next_one_question(crowd: Crowd) -> None:
    with first_under_way(crowd) as first:
        others = [crowd.ask(request(f"n{n}"), request(f"m{n}")) for n in range(50)]
        crowd.wait_for(50)
        assert not first.done()
    found = [[reading.id for reading in other.result(TIME) if isinstance(reading, Live)] for other in others]
    assert found == [[f"id of n{n}", f"id of m{n}"] for n in range(50)]
    assert [len(names) for names in crowd.platform.questions] == [1, 100]


def test_two_questions_about_one_address_are_never_joined(crowd: Crowd) -> None:
    with first_under_way(crowd):
        others = [crowd.ask(request(name, at="same")) for name in ("old", "new")]
        crowd.wait_for(2)
    assert {other.result(TIME)[0].id for other in others} == {"id of old", "id of new"}  # type: ignore[union-attr]
    assert [len(names) for names in crowd.platform.questions] == [1, 1, 1]


def test_a_platform_that_does_not_answer_is_an_error_for_all_that_asked(crowd: Crowd) -> None:
    crowd.platform.fails = ProviderError.of("No answer", "The test says so.")
    with first_under_way(crowd) as first:
        others = [crowd.ask(request(f"n{n}")) for n in range(3)]
        crowd.wait_for(3)
    assert len(first.result(TIME)) == 1
    for other in others:
        with pytest.raises(ProviderError, match="No answer"):
            other.result(TIME)
    assert len(crowd.platform.questions) == 2


def test_a_bug_of_the_provider_shows_where_its_own_object_is_asked_about(crowd: Crowd) -> None:
    crowd.platform.fails = ZeroDivisionError()
    with first_under_way(crowd):
        others = [crowd.ask(request(f"n{n}")) for n in range(3)]
        crowd.wait_for(3)
    assert [len(other.result(TIME)) for other in others] == [1, 1, 1]
    crowd.platform.fails_from = 1
    crowd.platform.allowed.release(10)
    with pytest.raises(ZeroDivisionError):
        crowd.ask(request("n")).result(TIME)


def test_a_question_waits_a_moment_for_others_to_join_it(crowd: Crowd) -> None:
    crowd.joined = Joining(crowd.platform, patience=1.0)
    crowd.platform.allowed.release(10)
    assert all(found.result(TIME) for found in [crowd.ask(request(f"n{n}")) for n in range(8)])
    assert len(crowd.platform.questions) < 8


def test_waits_are_joined_too(crowd: Crowd) -> None:
    crowd.platform.allowed.release(10)
    waiting = [Waiting(address=address(name), kind="thing", id="i", goal="ready") for name in "ab"]
    assert crowd.joined.poll(waiting) == [WaitingStill(reason="a"), WaitingStill(reason="b")]
    assert crowd.platform.questions == [["a", "b"]]


def test_it_can_what_the_connection_can_and_no_more() -> None:
    joined = Joining(Slow(FakeSession()))
    assert isinstance(joined, KnowsItsPlace)
    assert joined.place() == {"endpoint": "here"}
    assert isinstance(joined, PlansFromFacts)
    assert joined.fact_kinds == {"thing"}
    assert not isinstance(joined, KnowsOwners)
    assert Joining(FakePlatform(FakeSession())).read([request("a")]) == [Absent()]
