"""The world outlives its process, and several processes serve one world."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.api_client import ApiClient

from wlinfra.emulation import ManualClock
from wlinfra.errors import ConfigurationError
from wlinfra_datarobot.emulator import DataRobotEmulator, Durations, Quirks

CONTAINER = {"imageUri": "ghcr.io/acme/chat:1", "port": 8080}
ARTIFACT = {"name": "server", "status": "locked", "spec": {"containerGroups": [{"containers": [CONTAINER]}]}}


@contextmanager
def _process(data: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], ApiClient]]:
    """Start the emulator as a user would, and wait until it says where it listens."""
    command = [sys.executable, "-m", "wlinfra_datarobot.emulator", "--port", "0", "--data", str(data), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        client = ApiClient(process.stdout.readline().strip().partition("=")[2])
        try:
            yield process, client
        finally:
            client.close()
            process.kill()


def _create(api: ApiClient, name: str) -> Any:
    artifact = api.ok("POST", "/artifacts/", ARTIFACT)
    return api.ok("POST", "/workloads/", {"name": name, "artifactId": artifact["id"]})


def test_killed_emulator_continues_where_it_was(tmp_path: Path) -> None:
    with _process(tmp_path) as (process, api):
        chat = _create(api, "chat")
        process.kill()
        process.wait()

    with _process(tmp_path) as (_, api):
        again = api.ok("GET", f"/workloads/{chat['id']}")

    assert (again["name"], again["createdAt"], again["endpoint"]) == ("chat", chat["createdAt"], chat["endpoint"])


def test_lifecycle_goes_on_while_nobody_serves(tmp_path: Path) -> None:
    clock = ManualClock()
    with DataRobotEmulator(data=tmp_path, clock=clock) as emulator:
        api = ApiClient(emulator.url)
        chat = _create(api, "chat")
        api.close()
    clock.advance(3600)

    with DataRobotEmulator(data=tmp_path, clock=clock) as emulator:
        api = ApiClient(emulator.url)
        assert api.ok("GET", f"/workloads/{chat['id']}")["status"] == "running"
        assert emulator.url in chat["endpoint"]
        api.close()


def test_two_processes_serve_one_world(tmp_path: Path) -> None:
    with _process(tmp_path) as (_, one), _process(tmp_path) as (_, two):
        names = []
        for number, api in enumerate((one, two, one, two)):
            names.append(_create(api, f"w{number}")["name"])

        lists = [[row["name"] for row in api.ok("GET", "/workloads")["data"]] for api in (one, two)]

    assert lists == [names, names]


def test_demo_world_is_there_once(tmp_path: Path) -> None:
    for _ in range(2):
        with _process(tmp_path, "--seed-demo", "--api", "2026-06") as (_, api):
            rows = api.ok("GET", "/workloads?orderBy=name")["data"]

    assert [row["name"] for row in rows] == ["chat", "nightly-report", "search"]
    assert rows[0]["tags"][0]["value"] == "demo"


def test_asked_to_end_it_ends_well(tmp_path: Path) -> None:
    with _process(tmp_path, "--realistic", "--token", "mine") as (process, api):
        refused = api.call("GET", "/workloads").status
        process.terminate()
        code = process.wait(timeout=60)

    assert (refused, code) == (401, 0)


def test_scaling_to_zero_can_be_the_default() -> None:
    with DataRobotEmulator(quirks=Quirks(default_scaling="to-zero"), durations=Durations.instant()) as emulator:
        api = ApiClient(emulator.url)
        group = _create(api, "chat")["runtime"]["containerGroups"][0]
        api.close()

    assert (group["replicaCount"], group["autoscaling"]["minReplicaCount"]) == (None, 0)


def test_seeded_world_is_seeded_again_after_a_reset() -> None:
    with DataRobotEmulator(seed=True, durations=Durations.instant()) as emulator:
        api = ApiClient(emulator.url)
        first = api.ok("GET", "/workloads?status=running")["data"]
        emulator.reset()
        again = api.ok("GET", "/workloads?status=running")["data"]
        api.close()

    assert [row["name"] for row in first] == [row["name"] for row in again] == ["chat", "search", "nightly-report"]
    assert {row["id"] for row in first}.isdisjoint(row["id"] for row in again)


def test_unknown_dialect_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="1999"):
        DataRobotEmulator(dialect="1999")


@pytest.mark.parametrize("text", ["mine", "", "8080 is mine"])
def test_a_file_of_somebody_else_called_port_is_not_touched(tmp_path: Path, text: str) -> None:
    (tmp_path / "port").write_text(text)
    with pytest.raises(ConfigurationError, match="Folder has another file"):
        DataRobotEmulator(data=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["port"]
    assert (tmp_path / "port").read_text() == text
