"""A plan over answers of every other shape: an error that names the call, never a crash."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from support.altered_answers import AlteringWire, alterations
from support.datarobot_stage import Declaring, Stage, chat, server

import wlinfra as wl
from wlinfra.errors import WlinfraError
from wlinfra.http.options import HttpOptions
from wlinfra.http.pool import PoolWire, new_pool, once
from wlinfra.http.transport import HttpTransport
from wlinfra.plan.model import PlanOptions
from wlinfra.plan.planner import build_plan
from wlinfra.provider.base import Failed, Ready, Waiting, WaitingStill
from wlinfra.resources.base import Resource
from wlinfra.values import Address
from wlinfra_datarobot.client import DataRobotClient
from wlinfra_datarobot.platform import Platform
from wlinfra_datarobot.provider import DataRobotConnection

_MOST = 150
"""How many ways are tried in the gate for each scene; every night all are."""
SCALING = wl.Autoscaling(policies=[wl.concurrency(target=3, max=5)])
ROLES = [wl.SharedRole(username="ann@example.com", role="OWNER")]


def many(tag: str = "1", count: int = 5) -> Declaring:
    def declaring() -> Iterable[Resource]:
        for number in range(count):
            what = server(f"acme/chat:{tag}", name=f"server-{number}", status="draft" if number == 1 else "locked")
            yield what
            yield wl.Workload(f"chat-{number}", artifact=what, bundles=["cpu.small"], replicas=1)

    return declaring


def rich(tag: str = "1") -> Declaring:
    return chat(artifact={"image": f"acme/chat:{tag}", "env": {"A": "b"}}, autoscaling=SCALING, shared_roles=ROLES)


def another() -> Iterable[Resource]:
    yield server("acme/other:1", name="other")


def applied(stage: Stage) -> None:
    stage.apply(rich())


def forgotten(stage: Stage) -> None:
    stage.apply(rich())
    stage.forget("workload.chat")
    stage.forget("artifact.server")


def rolling(stage: Stage) -> None:
    stage.apply(rich())
    stage.apply(rich("2"), wait=False)


def several(stage: Stage) -> None:
    stage.apply(many())


SCENES: dict[str, tuple[Callable[[Stage], None], Declaring]] = {
    "roll": (applied, rich("2")),
    "import": (forgotten, rich()),
    "while it rolls": (rolling, rich("3")),
    "delete": (applied, another),
    "many": (several, many("2")),
}


class OddStage:
    """A stage whose plans read over a wire that alters answers."""

    def __init__(self, stage: Stage, declaring: Declaring) -> None:
        self.stage, self.declaring = stage, declaring
        options = HttpOptions(base_url=stage.options["endpoint"], token=lambda *, refresh: "test-token", retries=0)
        self.wire = AlteringWire(PoolWire(once(lambda: new_pool(options))))
        self.transport = HttpTransport(options, self.wire)
        self.api: str | None = None

    def connection(self) -> DataRobotConnection:
        connection = self.stage.connection()
        client = DataRobotClient(self.transport)
        connection.platform = Platform(client=lambda: client, api=self.api, catalogue={})
        return connection

    def plan(self, altered: dict[int, bytes] | None = None) -> str:
        """Plan with those answers altered; return the errors."""
        self.wire.begin(altered)
        inputs = self.stage.inputs(self.declaring, self.stage.state)
        inputs.connections["default"].close()  # type: ignore[attr-defined] # not used
        inputs = type(inputs)(
            declared=inputs.declared,
            state=inputs.state,
            connections={"default": self.connection()},
            digest=inputs.digest,
        )
        try:
            plan = build_plan(inputs, PlanOptions())
        except WlinfraError as error:
            return str(error)
        return "\n".join(map(str, plan.errors))

    def poll(self, altered: dict[int, bytes] | None = None) -> str:
        """Ask what is awaited of everything recorded."""
        self.wire.begin(altered)
        waiting = [
            Waiting(address=Address(address), kind=record.kind, id=record.id, goal=goal, details={"proton": "x"})
            for address, record in self.stage.state.objects.items()
            for goal in (["ready", "rolled", "gone", "replacement-over"] if record.kind == "workload" else ["built"])
        ]
        for item in waiting:
            (status,) = self.connection().poll([item])
            assert isinstance(status, Ready | WaitingStill | Failed)
        return ""


@pytest.fixture
def odd(stage: Stage, request: pytest.FixtureRequest) -> Iterator[OddStage]:
    prepare, declaring = SCENES[request.param]
    prepare(stage)
    made = OddStage(stage, declaring)
    yield made
    made.transport.close()


def run(odd: OddStage, question: Callable[..., str], *, step: int) -> int:
    """Alter each read answer in every ``step``-th way; return how many ways were tried."""
    question()
    reads = list(odd.wire.reads)
    assert reads
    ways = [(number, body) for number, (_, answer) in enumerate(reads) for body in alterations(answer.body)]
    step = step if step == 1 else max(step, len(ways) // _MOST)
    for number, body in ways[::step]:
        try:
            told = question({number: body})
        except Exception as error:
            error.add_note(f"{reads[number][0]} answered {body[:2000]!r}")
            raise
        assert "bug" not in told
    return len(ways[::step])


@pytest.mark.parametrize("odd", list(SCENES), indirect=True)
def test_no_answer_crashes_a_plan(odd: OddStage, request: pytest.FixtureRequest) -> None:
    count = run(odd, odd.plan, step=37)
    print(f"\nodd answers to a plan: {request.node.callspec.params['odd']}: {count} of {len(odd.wire.reads)} reads")


@pytest.mark.nightly
@pytest.mark.parametrize("odd", list(SCENES), indirect=True)
def test_no_answer_crashes_a_plan_in_any_way(odd: OddStage, request: pytest.FixtureRequest) -> None:
    count = run(odd, odd.plan, step=1)
    print(f"\nodd answers to a plan: {request.node.callspec.params['odd']}: {count} ways")


@pytest.mark.parametrize("odd", ["roll", "while it rolls"], indirect=True)
def test_no_answer_crashes_a_wait(odd: OddStage) -> None:
    print(f"\nodd answers to a wait: {run(odd, odd.poll, step=37)}")


@pytest.mark.nightly
@pytest.mark.parametrize("odd", ["roll", "while it rolls"], indirect=True)
def test_no_answer_crashes_a_wait_in_any_way(odd: OddStage) -> None:
    print(f"\nodd answers to a wait: {run(odd, odd.poll, step=1)}")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "It is null where an object is expected."),
        (b"<html>", "It is not JSON."),
        (b"[]", "It is a list where an object is expected."),
        (b"{}", "It has no `id`."),
        (b'{"id": "x", "runtime": 5}', "`runtime` is a number where an object is expected."),
    ],
)
@pytest.mark.parametrize("odd", ["roll"], indirect=True)
def test_the_error_names_the_call_and_the_path(odd: OddStage, body: bytes, why: str) -> None:
    odd.plan()
    (number,) = [
        number
        for number, (url, _) in enumerate(odd.wire.reads)
        if "/workloads/" in url and "?" not in url and not url.endswith("replacement")
    ][:1]
    told = odd.plan({number: body})
    assert "GET /workloads/" in told
    assert why in told


ODD_WORKLOADS: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "another object": (lambda it: it.update(id="another"), "It is about another object: its `id` is 'another'."),
    "no status": (lambda it: it.update(status=None), "`status` is null"),
    "no runtime": (lambda it: it.update(runtime=None), "`runtime` is null"),
    "two artifacts": (lambda it: it.update(artifactId="another"), "`artifactId` and `artifact.id` name two artifacts"),
    "endless replicas": (
        lambda it: it["runtime"]["containerGroups"][0].update(replicaCount=1e300),
        "runtime.containerGroups[0].replicaCount` is a number where a whole number is expected",
    ),
}
ODD_ARTIFACTS: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "another object": (lambda it: it.update(id="another"), "It is about another object"),
    "no containers": (lambda it: it["spec"].update(containerGroups=[]), "`spec.containerGroups` holds no container"),
    "no spec": (lambda it: it.update(spec=None), "`spec` is null"),
}
ODD = [
    pytest.param(scene, kind, *case, id=f"{scene}, {kind}: {name}")
    for kind, cases in (("workload", ODD_WORKLOADS), ("artifact", ODD_ARTIFACTS))
    for name, case in cases.items()
    for scene in ("roll", "many")
    if (scene, name) != ("many", "another object")  # a row about something else is no row of ours
]


@pytest.mark.parametrize(("odd", "kind", "alter", "why"), ODD, indirect=["odd"])
def test_what_is_well_shaped_and_cannot_be_is_not_believed(
    odd: OddStage, kind: str, alter: Callable[[dict[str, Any]], None], why: str
) -> None:
    odd.plan()
    number, body = next(_answers_about(odd, kind))
    # A draft may be without containers, and which artifact was created first differs from run to run.
    alter(next(row for row in body.get("data", [body]) if row["status"] != "draft"))
    told = odd.plan({number: json.dumps(body).encode()})
    assert f"GET /{kind}s" in told
    assert why in told


def _answers_about(odd: OddStage, kind: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the answers to reads of that kind, one document or a list with some."""
    for number, (url, answer) in enumerate(odd.wire.reads):
        body = json.loads(answer.body)
        if re.search(rf"/{kind}s(/\w+)?$", urlsplit(url).path) and body.get("data", True):
            yield number, body
