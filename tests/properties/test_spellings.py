"""Every attribute in every spelling of one meaning: left out, as its default, empty, in another order or unit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.datarobot_stage import Stage

import wlinfra as wl

Attributes = dict[str, Any]
PROBE_DEFAULTS = {
    "port": 8080,
    "scheme": "HTTP",
    "headers": {},
    "initial_delay_seconds": 30,
    "period_seconds": 30,
    "timeout_seconds": 30,
    "failure_threshold": 3,
}
TWO_POLICIES = [wl.cpu(target=70, min=1, max=3), wl.concurrency(target=10, min=1, max=3)]
ROLES = [
    wl.SharedRole(role="EDITOR", username="a@example.test"),
    wl.SharedRole(role="CONSUMER", username="b@example.test"),
]


def group(**attributes: Any) -> Attributes:
    return {"runtime": wl.Runtime(container_groups=(wl.GroupRuntime(**attributes),))}


CONTAINERS: list[tuple[str, Attributes, Attributes]] = [
    ("name: unset or default", {}, {"name": "main"}),
    ("primary: unset or default", {}, {"primary": True}),
    ("env: unset or empty", {}, {"env": {}}),
    ("env: reordered", {"env": {"A": "1", "B": "2"}}, {"env": {"B": "2", "A": "1"}}),
    ("env: dict or list", {"env": {"A": "1"}}, {"env": [{"name": "A", "value": "1"}]}),
    ("description: unset or empty", {}, {"description": ""}),
    ("entrypoint: list or tuple", {"entrypoint": ["a", "b"]}, {"entrypoint": ("a", "b")}),
    ("probe: default port", {"readiness": wl.Probe(path="/")}, {"readiness": wl.Probe(path="/", port=8080)}),
    *(
        (f"probe: default {name}", {"liveness": wl.Probe(path="/")}, {"liveness": wl.Probe(path="/", **{name: value})})
        for name, value in PROBE_DEFAULTS.items()
    ),
    ("probe: absolute defaults", {"startup": wl.Probe(path="/")}, {"startup": wl.Probe(path="/", **PROBE_DEFAULTS)}),
    (
        "capabilities: reordered",
        {"security": wl.SecurityContext(capabilities=wl.Capabilities(drop=("A", "B")))},
        {"security": wl.SecurityContext(capabilities=wl.Capabilities(drop=("B", "A")))},
    ),
    (
        "capabilities: unset or empty",
        {"security": wl.SecurityContext(capabilities=wl.Capabilities(drop=("A",)))},
        {"security": wl.SecurityContext(capabilities=wl.Capabilities(drop=("A",), add=()))},
    ),
]
WORKLOADS: list[tuple[str, Attributes, Attributes]] = [
    ("description: unset or empty", {}, {"description": ""}),
    ("importance: unset or default", {}, {"importance": "low"}),
    ("power: unset or default", {}, {"power": "running"}),
    ("replacement: unset or empty", {}, {"replacement": wl.ReplacementPolicy()}),
    ("replacement: unset or default", {}, {"replacement": wl.ReplacementPolicy(warmup_minutes=0, keep_old_minutes=0)}),
    ("bundles: unset or empty", {"replicas": 1}, {"replicas": 1, "bundles": []}),
    ("form: short or long", {"replicas": 2, "bundles": ["cpu.small"]}, group(replicas=2, bundles=("cpu.small",))),
    ("group name: unset or default", group(replicas=2), group(replicas=2, name="default")),
    (
        "selection policy: unset or default",
        group(replicas=2),
        group(replicas=2, bundle_selection_policy="availability"),
    ),
    ("cpu: whole or decimal", {"cpu": 1}, {"cpu": 1.0}),
    *(
        (f"memory: {spelling!r}", {"memory": "512MB"}, {"memory": spelling})
        for spelling in ("512 mb", "0.512GB", "512000KB", "512000000B", 512_000_000)
    ),
    (
        "allocation: short or by container",
        {"cpu": 1, "memory": "2GB"},
        {"allocations": {"main": wl.Allocation(memory="2000MB", cpu=1)}},
    ),
    ("policies: reordered", {"autoscaling": TWO_POLICIES}, {"autoscaling": TWO_POLICIES[::-1]}),
    (
        "policies: target whole or decimal",
        {"autoscaling": [wl.cpu(target=70, max=3)]},
        {"autoscaling": [wl.cpu(target=70.0, min=1, max=3)]},
    ),
    (
        "policies: bounds on the group or on each",
        {"autoscaling": [wl.cpu(target=70, min=1, max=3)]},
        {
            "autoscaling": wl.Autoscaling(
                policies=(wl.ScalingPolicy(metric="cpuAverageUtilization", target=70),), min_replicas=1, max_replicas=3
            )
        },
    ),
    ("shared roles: reordered", {"shared_roles": ROLES}, {"shared_roles": ROLES[::-1]}),
]


@pytest.fixture(params=["2026-10", "2026-06"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    with closing(Stage(tmp_path, dialect=request.param)) as made:
        yield made


def declaring(container: Attributes, workload: Attributes) -> Any:
    def resources() -> Iterator[wl.Resource]:
        server = wl.Artifact("server", containers=[wl.Container(image="ghcr.io/acme/chat:1", port=8080, **container)])
        yield server
        yield wl.Workload("chat", artifact=server, **workload)

    return resources


def check(stage: Stage, left: Any, right: Any) -> None:
    """Fail unless nothing is planned after one is applied, whether it stands there or the other does, both ways."""
    for applied, other in ((left, right), (right, left)):
        stage.apply(applied)
        for declared in (applied, other):
            plan = stage.plan(declared)
            assert [(change.address, change.attributes) for change in plan.effective] == []
        stage.apply(applied, destroy=True)


@pytest.mark.parametrize(("left", "right"), [row[1:] for row in CONTAINERS], ids=[row[0] for row in CONTAINERS])
def test_containers_mean_the_same_in_every_spelling(stage: Stage, left: Attributes, right: Attributes) -> None:
    check(stage, declaring(left, {}), declaring(right, {}))


@pytest.mark.parametrize(("left", "right"), [row[1:] for row in WORKLOADS], ids=[row[0] for row in WORKLOADS])
def test_workloads_mean_the_same_in_every_spelling(stage: Stage, left: Attributes, right: Attributes) -> None:
    check(stage, declaring({}, left), declaring({}, right))


@pytest.mark.parametrize(
    ("left", "right"),
    [({"bundles": ["cpu.small", "cpu.large"]}, {"bundles": ["cpu.large", "cpu.small"]})],
    ids=["bundles: an order of preference"],
)
def test_an_order_with_a_meaning_is_a_difference(stage: Stage, left: Attributes, right: Attributes) -> None:
    stage.apply(declaring({}, left))
    assert {change.address for change in stage.plan(declaring({}, right)).effective} == {"workload.chat"}
