"""A refusal of a create may hide that something on the way repeated it: it is looked up once, and never sent blindly."""

from __future__ import annotations

from apply.fakes import Bench, address, create, problem

from wlinfra.provider.base import DidNotHappen, Done, Happened, Refused, UnclearOutcome, UnknownOutcome

DOUBTFUL = Refused(error=problem("Name is taken"), in_doubt=True)
RENEWED = UnknownOutcome(error=problem("Credentials had ended"), is_over=True)


def test_a_refused_create_that_exists_all_the_same_is_adopted() -> None:
    bench = Bench()
    bench.platform.replies["create-a"] = [DOUBTFUL]
    bench.platform.recoveries = [Happened(id="made")]
    assert bench.apply(create("a")).ok
    assert (bench.platform.operations, bench.session.objects[address("a")].id) == (["create-a"], "made")
    assert (bench.session.intents, bench.clock.time) == ({}, 1000.0)


def test_one_that_does_not_exist_is_refused_at_once_in_the_platforms_words() -> None:
    bench = Bench()
    bench.platform.replies["create-a"] = [DOUBTFUL]
    ((_, error),) = bench.apply(create("a")).failed
    assert (error.summary, len(bench.platform.looked_up), bench.clock.time) == ("Name is taken", 1, 1000.0)
    assert (bench.platform.operations, bench.session.intents) == (["create-a"], {})


def test_one_that_cannot_be_told_stays_open() -> None:
    bench = Bench()
    bench.platform.replies["create-a"] = [DOUBTFUL]
    bench.platform.recoveries = [UnclearOutcome(error=problem("No answer"))]
    ((_, error),) = bench.apply(create("a")).failed
    assert (error.summary, len(bench.session.intents)) == ("No answer", 1)


def test_a_refusal_without_doubt_is_not_looked_up() -> None:
    bench = Bench()
    bench.platform.replies["create-a"] = [Refused(error=problem())]
    assert not bench.apply(create("a")).ok
    assert (bench.platform.looked_up, bench.session.intents) == ([], {})


def test_what_was_answered_is_sent_again_after_one_look_without_a_wait() -> None:
    bench = Bench()
    bench.platform.replies["create-a"] = [RENEWED, Done(id="second")]
    bench.platform.recoveries = [DidNotHappen()]
    assert bench.apply(create("a")).ok
    assert (len(bench.platform.looked_up), bench.clock.time) == (1, 1000.0)
    assert bench.session.objects[address("a")].id == "second"
