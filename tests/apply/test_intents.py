"""Before every call its intent is recorded, after it its result, and the id before any waiting."""

from __future__ import annotations

import pytest
from apply.fakes import DIGEST, GOAL, Bench, address, create, delete, record, update

from wlinfra.apply.intents import leaf_digests
from wlinfra.changes.model import Step
from wlinfra.errors import ConfigurationError
from wlinfra.provider.base import Done, Ready, Status, Waiting
from wlinfra.state.key import Digest
from wlinfra.state.model import Health, Intent
from wlinfra.values import Secret


def test_each_call_stands_between_its_intent_and_its_result() -> None:
    bench = Bench.with_records(record("b"), record("c"))
    bench.apply(create("a"), update("b", "a"), delete("c"))
    for name, operation in (("a", "create-a"), ("b", "update-b"), ("c", "delete-c")):
        own = [entry for entry in bench.session.log if operation in entry]
        assert own == [("begin", address(name), operation), ("call", operation), ("end", address(name), operation)]


def test_the_id_is_recorded_before_waiting_begins() -> None:
    bench = Bench()
    seen: list[tuple[str | None, Health]] = []

    def ready(waiting: Waiting) -> Status:
        found = bench.session.objects[waiting.address]
        seen.append((found.id, found.health))
        return Ready(outputs={"endpoint": "https://a"})

    bench.platform.ready = ready
    bench.apply(create("a", goal=GOAL))
    assert seen == [("id-1", Health.UNREADY)]
    after = bench.session.objects[address("a")]
    assert (after.health, after.outputs) == (Health.READY, {"id": "id-1", "endpoint": "https://a"})


def test_an_intent_says_what_a_look_up_needs_and_no_payload() -> None:
    bench = Bench()
    intents: list[Intent] = []
    bench.platform.during = lambda _: intents.extend(bench.session.intents.values())
    lookup = {"siblings": ["x"]}
    step = Step(
        operation="make",
        verb="POST",
        path="/",
        summary="",
        payload={"size": 7},
        makes=True,
        lookup=lookup,
        timeout=30.0,
    )
    bench.apply(create("a", steps=(step,)))
    (intent,) = intents
    assert (intent.operation, intent.makes, intent.lookup, intent.deadline) == ("make", True, lookup, 1030.0)
    assert intent.digests == {"size": DIGEST("7")[:16]}


def test_values_are_recorded_only_when_all_steps_are_done() -> None:
    bench = Bench()
    share = Step(operation="share", verb="PATCH", path="/", summary="", target="x")
    seen = []
    bench.platform.during = lambda _: seen.append(bench.session.find(address("a")))
    bench.apply(create("a", steps=(*create("a").steps, share), values={"size": 1}))
    halfway = seen[1]
    assert halfway is not None
    assert (halfway.id, halfway.values, halfway.health) == ("id-1", {}, Health.UNREADY)
    assert bench.session.objects[address("a")].values == {"size": 1}


def test_outputs_and_memory_of_answers_are_recorded() -> None:
    bench = Bench()
    bench.platform.replies["create-a"] = [Done(id="n", outputs={"url": "u"}, memory={"proton": 3})]
    bench.apply(create("a", memory={"digest": "d"}))
    after = bench.session.objects[address("a")]
    assert (after.outputs, after.memory) == ({"id": "n", "url": "u"}, {"digest": "d", "proton": 3})


def test_a_secret_without_a_source_stops_the_step_before_anything_is_written() -> None:
    def missing() -> str:
        raise ConfigurationError.of("Secret not found", "CHAT_TOKEN is not set.")

    bench = Bench()
    secret = Secret(missing, describe="CHAT_TOKEN")
    step = Step(operation="make", verb="POST", path="/", summary="", payload={"token": secret}, makes=True)
    result = bench.apply(create("a", steps=(step,)))
    assert [error.summary for _, error in result.failed] == ["Secret not found"]
    assert bench.session.log == []


@pytest.mark.parametrize("payload", [None, {}, []])
def test_an_empty_payload_has_no_leaves(payload: object) -> None:
    assert leaf_digests(payload, DIGEST) == {}


def test_without_a_key_there_are_no_digests() -> None:
    assert leaf_digests({"a": 1}, Digest()) == {}
