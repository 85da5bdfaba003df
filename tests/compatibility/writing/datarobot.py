"""Writes what stacks on the DataRobot emulator leave: directories of states, and the emulators' worlds."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from support.api_client import ApiClient
from support.project import Project

from compatibility.projects import EARLIER, project_on, rewrite
from wlinfra.emulation import Drop, Invoke, Phase, Reply
from wlinfra_datarobot.emulator import DataRobotEmulator

__all__ = ["write_everything", "write_interrupted"]


def write_everything(folder: Path, projects: Path, environment: str, dialect: str) -> None:
    """Apply one environment of the stack that has everything four times, with work by hand between."""
    world = folder / "world"
    if environment != "standalone":
        world = folder / "states" / "everything" / environment / "provider-default" / "datarobot"
    world.mkdir(parents=True, mode=0o700)
    with DataRobotEmulator(data=world, dialect=dialect) as emulator:
        api = ApiClient(emulator.url, "test-token")
        named = {} if environment != "standalone" else {"DATAROBOT_ENDPOINT": emulator.url}
        project = project_on(folder / "states", projects / environment, "datarobot", **named)
        sources = api.ok("POST", "/files", {})
        made = _made_by_hand(api)
        options = ["-e", environment, "--set", f"sources={sources['catalogId']}/{sources['catalogVersionId']}"]
        (folder / "options.txt").write_text("\n".join(options[2:]) + "\n")
        project.apply(*options, "--set", "phase=1")
        project.run("import", "workload.found", made, *options, "--set", "phase=2")
        project.apply(*options, "--set", "phase=2")
        _work_by_hand(api)
        if environment == "standalone":
            rewrite(project, *options[:2])
            emulator.faults.on(Reply(422), mutating=True, method="PATCH", path="/workloads/", times=1)
            project.apply(*options, "--set", "phase=3", code=1)
        project.apply(*options, "--set", "phase=3")
        project.apply(*options)
        assert project.actions(*options) == {}


def _made_by_hand(api: ApiClient) -> str:
    """Make what the stack looks up and what it imports; return the id of the latter."""
    container = {"name": "main", "imageUri": "acme/by-hand:1", "port": 8080}
    spec = {"containerGroups": [{"containers": [container]}]}
    artifact = api.ok("POST", "/artifacts/", {"name": "by-hand", "status": "locked", "spec": spec})
    runtime = {"containerGroups": [{"resourceBundles": ["cpu.small"], "replicaCount": 1}]}
    body = {"artifactId": artifact["id"], "runtime": runtime}
    api.ok("POST", "/workloads/", {**body, "name": "somebodys"})
    found: str = api.ok("POST", "/workloads/", {**body, "name": "found", "description": "made by hand"})["id"]
    return found


def _work_by_hand(api: ApiClient) -> None:
    """Change what the stack leaves alone."""
    rows = api.ok("GET", "/workloads/?limit=100")["data"]
    (one,) = [row["id"] for row in rows if row["name"] == "left-alone"]
    api.ok("PATCH", f"/workloads/{one}/", {"description": "changed by hand"})


LOST = {
    "create-lost": ("POST", "/workloads/?$", Phase.AFTER),
    "create-unsent": ("POST", "/workloads/?$", Phase.BEFORE),
    "update-lost": ("PATCH", "/workloads/", Phase.AFTER),
    "roll-lost": ("POST", "/replacement", Phase.AFTER),
    "delete-lost": ("DELETE", "/workloads/", Phase.AFTER),
}


def write_interrupted(folder: Path, projects: Path) -> None:
    """Apply a small stack in each environment and leave it in the middle of the second time."""
    world = folder / "world"
    world.mkdir(parents=True, mode=0o700)
    with DataRobotEmulator(data=world) as emulator:
        environ = {"DATAROBOT_ENDPOINT": emulator.url, "PYTHONPATH": str(EARLIER)}
        project = project_on(folder / "states", projects, "interrupted", **environ)
        for environment, (method, path, phase) in LOST.items():
            project.apply("-e", environment, "--set", "phase=1")
            _kill(project, emulator, environment, method=method, path=path, phase=phase)
        project.apply("-e", "deposed", "--set", "phase=1")
        emulator.faults.on(Reply(500), method="DELETE", times=None)
        project.apply("-e", "deposed", code=1)
        emulator.faults.clear()
        project.apply("-e", "unready", "--set", "phase=1")
        project.apply("-e", "unready", "--no-wait")


def _kill(project: Project, emulator: DataRobotEmulator, environment: str, **where: Any) -> None:
    """Apply in a process that is killed at one request."""
    victims: list[int] = []
    emulator.faults.on(Invoke(lambda _: os.kill(victims[0], signal.SIGKILL)), **where)
    if where["phase"] is Phase.BEFORE:
        emulator.faults.on(Drop(), **where)
    child = project.start("apply", "--auto-approve", "-e", environment, "--parallelism", "1")
    victims.append(child.pid)
    out, err = child.communicate(timeout=60)
    assert child.returncode == -signal.SIGKILL, out + err
    emulator.faults.clear()


def planned(folder: Path, projects: Path) -> dict[str, dict[str, str]]:
    """Return what this version plans for each interrupted environment."""
    with DataRobotEmulator(data=folder / "world") as emulator:
        project = project_on(folder / "states", projects, "interrupted", DATAROBOT_ENDPOINT=emulator.url)
        return {name: project.actions("-e", name) for name in (*LOST, "deposed", "unready")}
