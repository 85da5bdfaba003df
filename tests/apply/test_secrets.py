"""A secret reaches the platform and nothing else."""

from __future__ import annotations

import pytest
from apply.fakes import DIGEST, Bench, address, create, problem

from wlinfra.changes.model import Step
from wlinfra.provider.base import Done, Refused, StepResult, UnknownOutcome
from wlinfra.state.model import Intent, SecretDigest
from wlinfra.values import Secret

CANARY = "canary-3f9c"


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(Done(id="n"), id="done"),
        pytest.param(Refused(error=problem()), id="refused"),
        pytest.param(UnknownOutcome(error=problem()), id="lost"),
        pytest.param(ValueError(CANARY), id="crashed"),
    ],
)
def test_a_secret_is_in_no_event_intent_record_or_result(reply: StepResult | Exception) -> None:
    bench = Bench()
    intents: list[Intent] = []
    bench.platform.during = lambda _: intents.extend(bench.session.intents.values())
    values = {"env": [{"name": "TOKEN", "value": Secret(lambda: CANARY, describe="TOKEN")}]}
    step = Step(operation="make", verb="POST", path="/", summary="", payload=values, makes=True)
    bench.platform.replies["make"] = [reply]
    result = bench.apply(create("a", steps=(step,), values=values))
    seen = (bench.events, intents, bench.session.objects, bench.session.log, bench.session.history, result)
    assert CANARY not in repr(seen)
    assert bench.platform.calls[0].payload["env"][0]["value"].reveal() == CANARY
    assert intents[0].digests["env"][0]["value"] == DIGEST(CANARY)[:16]


def test_what_is_kept_of_a_secret_is_its_keyed_digest() -> None:
    bench = Bench()
    bench.apply(create("a", values={"token": Secret(lambda: CANARY, describe="TOKEN")}))
    assert bench.session.objects[address("a")].values == {"token": SecretDigest(DIGEST(CANARY))}
