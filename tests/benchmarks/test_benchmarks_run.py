"""Every scenario completes at its smallest size, and what it counts is right; times are not looked at."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = ["H1", "H2", "H3", "H5", "H6", "H7", "H8", "H9", "H10", "H11"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    """Return the table and the reports by scenario, of one run of the documented command."""
    file = tmp_path_factory.mktemp("benchmarks") / "reports.json"
    command = [sys.executable, "-m", "benchmarks", "--size", "small", "--json", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout, {report["name"]: report for report in json.loads(file.read_text())}


@pytest.fixture(scope="module")
def counts(run: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """Return what each scenario counted."""
    return {name: report["counts"] for name, report in run[1].items()}


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_row_stands_in_the_table(run: tuple[str, dict[str, Any]], name: str) -> None:
    table, reports = run
    lines = [line for line in table.splitlines() if line.startswith(f"| {name} ")]
    assert len(lines) == len(reports[name]["rows"]) > 0
    for line, row in zip(lines, reports[name]["rows"], strict=True):
        assert row["what"] in line
        assert row["verdict"] in line


def test_a_missing_peer_is_said_and_one_at_hand_is_measured(run: tuple[str, dict[str, Any]]) -> None:
    rows = {row["peer"]: row for row in run[1]["H2"]["rows"]}
    for tool, peer in (("kubectl", "kubectl apply"), ("terraform", "terraform apply, small")):
        assert (rows[peer]["verdict"] == "peer missing") is (shutil.which(tool) is None)


def test_an_unchanged_plan_reads_list_pages_only(counts: dict[str, Any]) -> None:
    for number, requests in counts["H1"]["requests"].items():
        assert sum(requests.values()) <= counts["H1"]["pages"][number] + 3
        assert not [request for request in requests if "{id}" in request]


def test_an_apply_creates_each_object_once_and_polls_them_together(counts: dict[str, Any]) -> None:
    requests = dict(counts["H2"]["requests"])
    objects = counts["H2"]["objects"]
    assert requests.pop("POST artifacts") == requests.pop("POST workloads") == objects // 2
    assert sum(requests.values()) < objects // 2


def test_one_change_costs_two_syncs_and_the_same_bytes_in_any_state(counts: dict[str, Any]) -> None:
    costs = list(counts["H3"].values())
    assert {cost["syncs"] for cost in costs} == {2}
    assert all(cost["bytes"] <= 3 * cost["object bytes"] for cost in costs)
    assert max(cost["bytes"] for cost in costs) - min(cost["bytes"] for cost in costs) < 64


def test_only_changed_documents_differ_and_deepdiff_finds_the_same_paths(counts: dict[str, Any]) -> None:
    assert counts["H5"]["changed"] == counts["H5"]["with differences"] == counts["H5"]["documents"] // 10
    assert counts["H5"]["same paths as DeepDiff"] == counts["H5"]["sampled"]


def test_declaring_keeps_every_resource_and_edge(counts: dict[str, Any]) -> None:
    assert counts["H6"] == {"resources": 50, "edges": 25}


def test_starting_imports_nothing_heavy(counts: dict[str, Any]) -> None:
    assert counts["H7"]["modules of --help"] == []
    assert not {"kubernetes", "pulumi", "deepdiff", "rich", "asyncio"}.intersection(counts["H7"]["modules of plan"])


def test_a_chain_goes_on_beside_a_fan_out(counts: dict[str, Any]) -> None:
    assert counts["H8"]["calls"] == 211
    assert counts["H8"]["chain in order"]
    assert counts["H8"]["chain calls before the last leaf"] > 2


def test_a_rate_limited_platform_is_asked_again_until_it_answers(counts: dict[str, Any]) -> None:
    for requests in counts["H9"]["requests"].values():
        assert requests["429"] <= 2
        assert requests["GET artifacts"] == requests["GET workloads"] == 1


def test_kubernetes_is_asked_at_most_twice_for_each_object(counts: dict[str, Any]) -> None:
    for found in counts["H10"].values():
        assert found["objects"] < found["requests of plan"] <= 2 * found["objects"] + 12
        assert 2 * found["objects"] < found["requests of apply"] <= 2 * found["objects"] + 12


def test_growing_costs_one_record_each_and_no_more_questions(counts: dict[str, Any]) -> None:
    for size, found in counts["H11"].items():
        assert found["creates"] == int(size)
        assert found["changes afterwards"] == 0
        assert found["questions"]["read"] <= 3
        assert found["syncs"] <= 3 * int(size) + 10
