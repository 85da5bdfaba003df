"""What is refused before any call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.datarobot_stage import Stage, chat

import wlinfra as wl


@pytest.mark.parametrize(
    ("workload", "artifact", "dialect", "summary"),
    [
        pytest.param({"tags": {"team": "a"}}, {}, "2026-10", "Tags cannot be written", id="tags"),
        pytest.param(
            {"autoscaling": [wl.requests_per_hour(target=10, min=1, max=2)]},
            {},
            "2026-10",
            "Scaling metric not available",
            id="requests per hour",
        ),
        pytest.param(
            {"autoscaling": [wl.requests_in_flight(target=10, min=1, max=2)]},
            {},
            "2026-06",
            "Scaling metric not available",
            id="requests in flight",
        ),
        pytest.param(
            {"autoscaling": [wl.gpu_cache(target=0.8, min=1, max=2)]},
            {},
            "2026-10",
            "Scaling metric needs a NIM",
            id="gpu cache without a NIM",
        ),
        pytest.param(
            {"autoscaling": [wl.concurrency(target=1, min=0, max=2), wl.cpu(target=70, min=1, max=2)]},
            {},
            "2026-10",
            "Replica bounds differ",
            id="bounds per policy",
        ),
        pytest.param({}, {"type": "agent"}, "2026-06", "Not in this API version", id="agent"),
        pytest.param(
            {},
            {"container": {"readiness": wl.Probe(path="/", success_threshold=2)}},
            "2026-06",
            "Not in this API version",
            id="success threshold",
        ),
    ],
)
def test_what_the_version_cannot_do_is_refused(
    stages: Callable[..., Stage], workload: dict[str, Any], artifact: dict[str, Any], dialect: str, summary: str
) -> None:
    stage = stages(dialect=dialect)
    with pytest.raises(wl.DeclarationError) as refused:
        stage.plan(chat(artifact=artifact, **workload))
    assert {diagnostic.summary for diagnostic in refused.value.diagnostics} == {summary}
    assert all(diagnostic.location is not None for diagnostic in refused.value.diagnostics)
    assert list(stage.emulator.requests) == []


@pytest.mark.parametrize(
    ("workload", "artifact", "dialect", "path"),
    [
        (
            {},
            {"container": {"readiness": wl.Probe(path="/", success_threshold=2)}},
            "2026-06",
            "containers[main].readiness.success_threshold",
        ),
        (
            {"autoscaling": [wl.cpu(target=70, min=1, max=2, priority=1)]},
            {},
            "2026-10",
            "autoscaling.policies[cpuAverageUtilization].priority",
        ),
        ({"replacement": wl.ReplacementPolicy(keep_old_minutes=5)}, {}, "2026-10", "replacement.keep_old_minutes"),
    ],
    ids=["refused in an artifact", "refused in a workload", "accepted and not applied"],
)
def test_what_a_version_lacks_is_named_as_declared(
    stages: Callable[..., Stage], workload: dict[str, Any], artifact: dict[str, Any], dialect: str, path: str
) -> None:
    try:
        found = stages(dialect=dialect).plan(chat(artifact=artifact, **workload)).warnings
    except wl.DeclarationError as refused:
        found = refused.diagnostics
    assert path in {diagnostic.path for diagnostic in found}


def test_loosened_confinement_is_a_warning(stage: Stage) -> None:
    loose = wl.SecurityContext(allow_privilege_escalation=True)
    plan = stage.plan(chat(artifact={"container": {"security": loose}}))
    assert [warning.summary for warning in plan.warnings] == ["Needs an administrator's role"]
