"""Every scenario completes at its smallest size, and what it counts is right; times are not looked at."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = ["H1", "H2", "H3", "H5", "H6", "H7", "H8", "H9", "H10", "H11"]


@dataclass(frozen=True)
class Ran:
    """One scenario, run by the documented command."""

    table: str
    report: dict[str, Any]


class Scenarios(dict[str, Ran]):
    """The scenarios by name, each run when a test first looks at it."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def __missing__(self, name: str) -> Ran:
        file = self._folder / f"{name}.json"
        command = [sys.executable, "-m", "benchmarks", "--only", name, "--size", "small", "--json", str(file)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280, check=False)
        assert done.returncode == 0, done.stderr
        (report,) = json.loads(file.read_text())
        return self.setdefault(name, Ran(table=done.stdout, report=report))

    def counts(self, name: str) -> dict[str, Any]:
        """Return what a scenario counted."""
        counted: dict[str, Any] = self[name].report["counts"]
        return counted


@pytest.fixture(scope="module")
def scenarios(tmp_path_factory: pytest.TempPathFactory) -> Scenarios:
    return Scenarios(tmp_path_factory.mktemp("benchmarks"))


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_row_stands_in_the_table(scenarios: Scenarios, name: str) -> None:
    table, rows = scenarios[name].table, scenarios[name].report["rows"]
    lines = [line for line in table.splitlines() if line.startswith(f"| {name} ")]
    assert len(lines) == len(rows) > 0
    for line, row in zip(lines, rows, strict=True):
        assert row["what"] in line
        assert row["verdict"] in line


def test_a_missing_peer_is_said_and_one_at_hand_is_measured(scenarios: Scenarios) -> None:
    rows = {row["peer"]: row for row in scenarios["H2"].report["rows"]}
    for tool, peer in (("kubectl", "kubectl apply"), ("terraform", "terraform apply, small")):
        assert (rows[peer]["verdict"] == "peer missing") is (shutil.which(tool) is None)


def test_an_unchanged_plan_reads_list_pages_only(scenarios: Scenarios) -> None:
    for number, requests in scenarios.counts("H1")["requests"].items():
        assert sum(requests.values()) <= scenarios.counts("H1")["pages"][number] + 3
        assert not [request for request in requests if "{id}" in request]


def test_an_apply_creates_each_object_once_and_polls_them_together(scenarios: Scenarios) -> None:
    requests = dict(scenarios.counts("H2")["requests"])
    objects = scenarios.counts("H2")["objects"]
    assert requests.pop("POST artifacts") == requests.pop("POST workloads") == objects // 2
    assert sum(requests.values()) < objects // 2


def test_one_change_costs_two_syncs_and_the_same_bytes_in_any_state(scenarios: Scenarios) -> None:
    costs = list(scenarios.counts("H3").values())
    assert {cost["syncs"] for cost in costs} == {2}
    assert all(cost["bytes"] <= 3 * cost["object bytes"] for cost in costs)
    assert max(cost["bytes"] for cost in costs) - min(cost["bytes"] for cost in costs) < 64


def test_only_changed_documents_differ_and_deepdiff_finds_the_same_paths(scenarios: Scenarios) -> None:
    assert (
        scenarios.counts("H5")["changed"]
        == scenarios.counts("H5")["with differences"]
        == scenarios.counts("H5")["documents"] // 10
    )
    assert scenarios.counts("H5")["same paths as DeepDiff"] == scenarios.counts("H5")["sampled"]


def test_declaring_keeps_every_resource_and_edge(scenarios: Scenarios) -> None:
    assert scenarios.counts("H6") == {"resources": 50, "edges": 25}


def test_starting_imports_nothing_heavy(scenarios: Scenarios) -> None:
    assert scenarios.counts("H7")["modules of --help"] == []
    assert not {"kubernetes", "pulumi", "deepdiff", "rich", "asyncio"}.intersection(
        scenarios.counts("H7")["modules of plan"]
    )


def test_a_chain_goes_on_beside_a_fan_out(scenarios: Scenarios) -> None:
    assert scenarios.counts("H8")["calls"] == 211
    assert scenarios.counts("H8")["chain in order"]
    assert scenarios.counts("H8")["chain calls before the last leaf"] > 2


def test_a_rate_limited_platform_is_asked_again_until_it_answers(scenarios: Scenarios) -> None:
    for requests in scenarios.counts("H9")["requests"].values():
        answered = sum(number for name, number in requests.items() if name != "429")
        assert requests["429"] <= answered  # none is refused twice
        assert requests["GET artifacts"] == requests["GET workloads"] == 1


def test_kubernetes_is_asked_at_most_twice_for_each_object(scenarios: Scenarios) -> None:
    for found in scenarios.counts("H10").values():
        assert found["objects"] < found["requests of plan"] <= 2 * found["objects"] + 12
        assert 2 * found["objects"] < found["requests of apply"] <= 2 * found["objects"] + 12


def test_growing_costs_one_record_each_and_no_more_questions(scenarios: Scenarios) -> None:
    for size, found in scenarios.counts("H11").items():
        assert found["creates"] == int(size)
        assert found["changes afterwards"] == 0
        assert found["questions"]["read"] <= 3
        assert found["syncs"] <= 3 * int(size) + 10
