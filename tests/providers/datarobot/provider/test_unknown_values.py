"""A plan of a declaration with an unknown value at any place: nothing fails, nothing is called, and it is reported."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from support.datarobot_stage import Declaring, Stage
from support.positions import Case, on_datarobot

import wlinfra as wl
from wlinfra.changes.change import Change
from wlinfra.changes.model import Action, BlastRadius
from wlinfra.plan.model import Plan
from wlinfra.resources.base import Resource
from wlinfra.stack.form import build
from wlinfra.values import UNKNOWN, contains_unknown

PART = 5
"""The gate takes every fifth place."""
ONE_VALUE_LEFT = {
    "Artifact.type",
    "Artifact.storage.mode",
    "Artifact.containers.0.primary",
    "Artifact.containers.0.security.seccompProfile.type",
    "Artifact.containerGroups.0.containers.0.primary",
    "Artifact.containerGroups.0.containers.0.security.seccompProfile.type",
    "Workload.sharedRoles.0.recipient",
}
"""Where the rest of the declaration leaves one value."""


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.close()


def plannable(part: int) -> Iterator[Case]:
    """Yield cases without sources, which an emulator would have to store first."""
    cases = (case for case in on_datarobot(lambda value: UNKNOWN) if "codeRef" not in str(case.properties))
    return islice(cases, 0, None, part)


def tells(change: Change) -> bool:
    return contains_unknown(dict(change.values)) or any(contains_unknown(one.planned) for one in change.attributes)


def planned(stage: Stage, case: Case) -> Plan:
    stage.calls()
    plan = stage.plan(case.declared)
    assert plan.errors == (), case
    assert stage.calls() == []
    assert "wlinfrasample" not in repr(plan), case
    assert "unknown.value" not in repr(plan), case
    return plan


def untold(stage: Stage, part: int) -> set[str]:
    cases = list(plannable(part))
    found = {str(case) for case in cases if not any(map(tells, planned(stage, case).changes))}
    print(f"{len(cases) - len(found)} of {len(cases)} places are planned as unknown")
    return found


def test_an_unknown_value_at_any_place_of_something_new_is_planned(stage: Stage) -> None:
    assert untold(stage, PART) <= ONE_VALUE_LEFT


@pytest.mark.nightly
def test_an_unknown_value_at_every_place_of_something_new_is_planned(stage: Stage) -> None:
    assert untold(stage, 1) <= ONE_VALUE_LEFT


WORKLOAD: dict[str, Any] = {
    "replicas": 2,
    "bundles": ["cpu.small"],
    "description": "Chats.",
    "importance": "high",
    "power": "running",
    "replacement": {"warmupMinutes": 1},
    "sharedRoles": [{"role": "CONSUMER", "recipient": "user", "username": "ada"}],
}
CONTAINER: dict[str, Any] = {"image": "acme/chat:1", "port": 8080, "env": {"A": "b"}, "readiness": {"path": "/"}}
EFFECTS: list[tuple[str, Any, Action, BlastRadius]] = [
    ("replicas", UNKNOWN, Action.ROLL, BlastRadius.ROLLING),
    ("bundles", UNKNOWN, Action.ROLL, BlastRadius.ROLLING),
    ("bundles", [UNKNOWN], Action.ROLL, BlastRadius.ROLLING),
    ("autoscaling", UNKNOWN, Action.ROLL, BlastRadius.ROLLING),
    ("description", UNKNOWN, Action.UPDATE, BlastRadius.NONE),
    ("importance", UNKNOWN, Action.UPDATE, BlastRadius.NONE),
    ("replacement", UNKNOWN, Action.UPDATE, BlastRadius.NONE),
    ("sharedRoles", UNKNOWN, Action.UPDATE, BlastRadius.NONE),
    ("power", UNKNOWN, Action.UPDATE, BlastRadius.DOWNTIME),
]
ROLLING: list[dict[str, Any]] = [
    {"image": UNKNOWN},
    {"port": UNKNOWN},
    {"env": UNKNOWN},
    {"env": {"A": UNKNOWN}},
    {"readiness": UNKNOWN},
    {"security": UNKNOWN},
    {"entrypoint": [UNKNOWN]},
]


def running(container: Any = CONTAINER, **workload: Any) -> Declaring:
    """Return a program of one artifact and the workload that runs it, as a tool builds them."""

    def declaring() -> list[Resource]:
        containers = container if container is UNKNOWN else [container]
        artifact = build(wl.Artifact, {"name": "server", "containers": containers})
        given = {name: value for name, value in {**WORKLOAD, **workload}.items() if value is not None}
        return [artifact, build(wl.Workload, {"name": "chat", "artifact": artifact, **given})]

    return declaring


def change_of(stage: Stage, declaring: Declaring) -> Change:
    plan = stage.plan(declaring)
    assert plan.errors == ()
    assert stage.calls() == []
    assert "wlinfrasample" not in repr(plan)
    return next(change for change in plan.changes if change.address == "workload.chat")


def test_an_unknown_value_of_something_that_runs_has_the_strongest_effect_it_can_have(stage: Stage) -> None:
    stage.apply(running())
    stage.calls()
    for name, value, action, radius in EFFECTS:
        changed = {"replicas": None} if name == "autoscaling" else {}
        change = change_of(stage, running(**changed, **{name: value}))
        assert (name, change.action, change.decision.blast_radius) == (name, action, radius)
        assert tells(change)
    for container in ROLLING:
        change = change_of(stage, running({**CONTAINER, **container}))
        assert (container, change.action) == (container, Action.ROLL)
    assert change_of(stage, running(UNKNOWN)).action is Action.ROLL


def test_what_is_unknown_is_never_sent(stage: Stage) -> None:
    for name, value, *_ in EFFECTS:
        result = stage.apply(
            running(**({"replicas": None} if name == "autoscaling" else {}), **{name: value}), ok=False
        )
        assert not result.ok
        assert [call for call in stage.calls() if "workloads" in call] == []
