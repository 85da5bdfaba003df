"""A plan is the same bytes whatever the hash seed and whatever the order in which the platform lists things."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
from support.project import Project, program
from support.world import World

from wlinfra.emulation import Request, Response
from wlinfra_datarobot.emulator import DataRobotEmulator, Durations

FORMATS = ("text", "json", "terraform-json", "markdown")
PROCESSES = 2
PLANS = f"""
from wlinfra.cli.app import main
codes = [main(["plan", "--format", name]) for name in {FORMATS!r}]
assert codes == [0] * len(codes), codes
"""
BEFORE = """
for name in ("ants", "bees", "cats", "dogs"):
    server = wl.Artifact(f"{name}-server", containers=[wl.Container(image="ghcr.io/acme/chat:1", port=8080, env={"LOG": "info", "MODE": "fast"})])
    yield server
    chat = wl.Workload(name, artifact=server, bundles=["gpu.h100"], autoscaling=[wl.cpu(target=70, max=3), wl.concurrency(target=9, max=3)], importance="high")
    yield chat
    yield wl.Output(f"{name}-endpoint", chat.endpoint)
"""
AFTER = (
    BEFORE.replace('("ants", "bees", "cats", "dogs")', '("bees", "cats", "dogs", "eels", "foxes")')
    .replace("chat:1", "chat:2")
    .replace('"MODE": "fast"', '"MODE": "slow", "PEERS": "many", "TOKEN": wl.secret_env("CHAT_TOKEN")')
    .replace("target=70", "target=80")
)


@dataclass
class Shuffled:
    """Turns every list the emulator answers with around, at random, when it is told to."""

    random: Random | None = None

    def __call__(self, request: Request, response: Response) -> None:
        document = response.json()
        if self.random is None or not isinstance(document, dict) or not isinstance(document.get("data"), list):
            return
        self.random.shuffle(document["data"])
        object.__setattr__(response, "body", json.dumps(document).encode())


@pytest.fixture
def shuffled() -> Shuffled:
    return Shuffled()


@pytest.fixture
def emulator(shuffled: Shuffled) -> Iterator[DataRobotEmulator]:
    quick = Durations(submitted=0, provisioning=0, launching=0.01, stopping=0.01, staged=0, promoting=0, finalizing=0)
    with DataRobotEmulator(durations=quick, on_exchange=shuffled) as running:
        yield running


@pytest.fixture
def project(tmp_path: Path, emulator: DataRobotEmulator) -> Project:
    """A stack that was applied, drifted, and was edited: there is something of everything to plan."""
    project = Project(folder=tmp_path, environ={"CHAT_TOKEN": "t0p-secret"})
    project.write(program(BEFORE, emulator.url))
    project.apply()
    api, world = World(emulator).api, World(emulator)
    api.ok("PATCH", f"/workloads/{world.one('workloads', 'cats')['id']}", {"importance": "critical"})
    project.write(program(AFTER, emulator.url))
    return project


def plans(project: Project, seed: int) -> bytes:
    """Return the plan in every format, made by a fresh interpreter with this hash seed."""
    done = subprocess.run(
        [sys.executable, "-c", PLANS],
        cwd=project.folder,
        env={**project.environ, "PYTHONHASHSEED": str(seed)},
        capture_output=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@pytest.mark.parametrize("seeds", [16, pytest.param(100, marks=pytest.mark.nightly)])
def test_every_hash_seed_gives_the_same_bytes_in_every_format(project: Project, seeds: int) -> None:
    assert {"create", "roll", "update", "delete"} <= set(project.actions().values())
    with ThreadPoolExecutor(PROCESSES) as pool:
        found = set(pool.map(lambda seed: plans(project, seed), range(seeds)))
    assert len(found) == 1
    (text,) = found
    assert all(word in text for word in (b"critical", b"format_version", b"resource_changes", b"eels"))


def test_the_order_in_which_the_platform_lists_things_changes_no_byte(project: Project, shuffled: Shuffled) -> None:
    def all_formats() -> list[str]:
        return [project.plan("--format", name).out for name in FORMATS]

    expected = all_formats()
    for seed in range(20):
        shuffled.random = Random(seed)
        assert all_formats() == expected


def test_a_saved_plan_holds_the_same_approval_whatever_the_seed(project: Project) -> None:
    def approval(seed: int) -> bytes:
        environ = {**project.environ, "PYTHONHASHSEED": str(seed)}
        script = "from wlinfra.cli.app import main; main(['plan', '--out', 'plan.json'])"
        subprocess.run([sys.executable, "-c", script], cwd=project.folder, env=environ, check=True, capture_output=True)
        return (project.folder / "plan.json").read_bytes()

    assert approval(1) == approval(2)
