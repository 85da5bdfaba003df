"""How the version of a server is found out, and what its statuses mean."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import orjson
import pytest
from support.scripted_server import Reply, scripted

from wlinfra.errors import ConfigurationError
from wlinfra_datarobot.attributes.dialects import DIALECTS, NEWEST, BoundsPlace, detect, dialect_named
from wlinfra_datarobot.client import DataRobotClient
from wlinfra_datarobot.waits.statuses import (
    PROTON,
    REPLACEMENT,
    WORKLOAD,
    WaitState,
    is_known,
    replacement_progress,
    workload_progress,
)

SCHEMAS: dict[str, Any] = orjson.loads(
    (Path(__file__).parents[3] / "contracts" / "datarobot-workloads.openapi.json").read_bytes()
)["components"]["schemas"]


def running(autoscaling: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
    return {
        "id": "w",
        "runtime": {"containerGroups": [{"name": "default", "autoscaling": autoscaling}]},
        "replacement": None,
        "type": "service",
        **more,
    }


@pytest.mark.parametrize(
    ("workload", "name"),
    [
        (running({"policies": [{"scalingMetric": "x", "target": 1, "minCount": 0, "maxCount": 1}]}), "2026-06"),
        (
            running({"minReplicaCount": 0, "maxReplicaCount": 2, "policies": [{"scalingMetric": "x", "target": 1}]}),
            "2026-10",
        ),
        (running(None, replacement={"status": "awaiting_promotion"}), "2026-06"),
        (running(None, replacement={"status": "promoting"}), "2026-10"),
        (running(None, type="agent"), "2026-10"),
    ],
    ids=["policy bounds", "group bounds", "old status", "new status", "new type"],
)
def test_a_workload_tells_the_version(
    workload: dict[str, Any], name: str, connect: Callable[..., DataRobotClient]
) -> None:
    with scripted(Reply(json={"data": [running(None), workload], "next": None})) as server:
        found = detect(connect(server))
    assert (found.name, server.calls) == (name, ["GET /api/v2/workloads?limit=100"])


def test_where_no_workload_shows_it_the_newest_version_is_assumed(connect: Callable[..., DataRobotClient]) -> None:
    with scripted(Reply(json={"data": [running(None)], "next": "?offset=1"})) as server:
        found = detect(connect(server))
    assert (found, len(server.calls)) == (NEWEST, 1)


@pytest.mark.parametrize("name", ["console-2.41", "2027-01"])
def test_an_unsupported_version_is_refused_with_the_supported_ones(name: str) -> None:
    with pytest.raises(ConfigurationError, match="2026-06, 2026-10"):
        dialect_named(name)


def test_the_published_dialect_matches_the_published_specification() -> None:
    published = dialect_named("2026-06")
    assert published.bounds is BoundsPlace.POLICY
    assert published.artifact_types == set(SCHEMAS["ArtifactType"]["enum"])
    assert published.replacement_statuses == set(SCHEMAS["ReplacementStatus"]["enum"])
    assert published.api_key_source == SCHEMAS["DrApiTokenEnvironmentVariable"]["properties"]["source"]["const"]
    assert published.probe_success_threshold == ("successThreshold" in SCHEMAS["ProbeConfig"]["properties"])


def test_every_status_of_the_specification_is_classed() -> None:
    assert set(WORKLOAD) == set(SCHEMAS["WorkloadStatus"]["enum"])
    assert set(PROTON) == set(SCHEMAS["ProtonStatus"]["enum"])
    assert set(REPLACEMENT) == {"failed"}.union(*(dialect.replacement_statuses for dialect in DIALECTS.values()))
    assert [len(table) for table in (WORKLOAD, PROTON)] == [11, 15]
    assert [len(dialect.replacement_statuses) for dialect in DIALECTS.values()] == [9, 9]


def test_an_unknown_status_waits_and_can_be_named() -> None:
    assert {workload_progress("new"), replacement_progress("new")} == {WaitState.WAITING}
    assert (is_known("new"), is_known("running"), is_known("switching")) == (False, True, True)


@pytest.mark.parametrize(
    ("status", "wanted", "is_starting", "progress"),
    [
        ("running", "running", False, WaitState.DONE),
        ("stopped", "running", False, WaitState.FAILED),
        ("stopped", "running", True, WaitState.WAITING),
        ("terminated", "running", False, WaitState.FAILED),
        ("suspended", "running", False, WaitState.WAITING),
        ("stopped", "stopped", False, WaitState.DONE),
        ("running", "stopped", False, WaitState.WAITING),
        ("errored", "stopped", False, WaitState.FAILED),
    ],
)
def test_progress_depends_on_the_wanted_power(
    status: str, wanted: Literal["running", "stopped"], is_starting: bool, progress: WaitState
) -> None:
    assert workload_progress(status, wanted=wanted, is_starting=is_starting) is progress
