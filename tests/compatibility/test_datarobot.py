"""States and worlds of the DataRobot emulator that an earlier version wrote: read as they are, nothing is to be done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.project import Project
from support.world import World

from compatibility.projects import expected_actions, filled_in, missing, project_on, recorded, restored
from wlinfra_datarobot.emulator import DataRobotEmulator

EMBEDDED = ["embedded", "june"]
PLANS = expected_actions("datarobot/interrupted")
WAITS_IN_VAIN = "unready"


@contextmanager
def everything(environment: str, folder: Path) -> Iterator[tuple[Project, Callable[[], object]]]:
    """Give the project of one environment, and what no call may change."""
    kept = restored(f"datarobot/{environment}", folder)
    if environment in EMBEDDED:
        world = kept / "states" / "everything" / environment / "provider-default" / "datarobot"
        yield project_on(kept / "states", folder, "datarobot"), (world / "world.journal").read_bytes
        return
    with DataRobotEmulator(data=kept / "world") as emulator:
        project = project_on(kept / "states", folder, "datarobot", DATAROBOT_ENDPOINT=emulator.url)
        yield project, World(emulator).calls


def options_of(environment: str, folder: Path) -> list[str]:
    return ["-e", environment, *(folder / "kept" / "options.txt").read_text().split()]


@pytest.mark.parametrize("environment", [*EMBEDDED, "standalone"])
def test_nothing_is_to_be_done_and_an_apply_calls_nothing(environment: str, tmp_path: Path) -> None:
    with everything(environment, tmp_path) as (project, unchanged):
        options = options_of(environment, tmp_path)
        before, exists = recorded(project, *options[:2]), unchanged()
        assert len(before) > 50
        assert project.actions(*options) == {}
        assert project.actions(*options, "--refresh=false") == {}
        project.plan(*options, "--detailed-exitcode")
        project.apply(*options)
        assert unchanged() == exists
        assert missing(before, recorded(project, *options[:2])) == []
        assert filled_in(project, *options)
        assert project.actions(*options) == {}


def test_what_was_protected_kept_and_remembered_still_is(tmp_path: Path) -> None:
    with everything("standalone", tmp_path) as (project, _):
        options = options_of("standalone", tmp_path)
        history = project.run("history", *options[:2], "--json").json
        assert [entry["result"] for entry in history] == ["done", "done", "failed", "done"]
        outputs = project.run("output", *options[:2], "--json").json
        assert outputs["plain"]["value"]["tag"] == 3
        assert "memory" in recorded(project, *options[:2])["artifact.server"]
        refused = project.run("destroy", "--auto-approve", *options, code=1)
        assert "workload.chat" in refused.out
        assert "artifact.kept" in refused.out


@pytest.fixture
def interrupted(tmp_path: Path) -> Iterator[tuple[Project, World]]:
    kept = restored("datarobot/interrupted", tmp_path)
    with DataRobotEmulator(data=kept / "world") as emulator:
        yield (
            project_on(kept / "states", tmp_path, "interrupted", DATAROBOT_ENDPOINT=emulator.url),
            World(emulator),
        )


@pytest.mark.parametrize("environment", PLANS)
def test_a_plan_after_an_interruption_is_the_one_of_the_version_that_was_interrupted(
    interrupted: tuple[Project, World], environment: str
) -> None:
    project, world = interrupted
    assert project.actions("-e", environment) == PLANS[environment]
    assert world.calls() == []


@pytest.mark.parametrize(
    "environment",
    # What does not show is waited for as long as a request may take, here more than a minute.
    [
        pytest.param(name, marks=pytest.mark.nightly) if name in ("create-unsent", "update-lost") else name
        for name in PLANS
        if name != WAITS_IN_VAIN
    ],
)
def test_an_apply_after_an_interruption_ends_what_was_begun(
    interrupted: tuple[Project, World], environment: str, tmp_path: Path
) -> None:
    project, world = interrupted
    for lock in tmp_path.rglob("lock.json"):
        lock.unlink()  # else the apply waits until the lease of the other machine is over
    project.apply("-e", environment)
    mine = Counter({name: many for name, many in world.names().items() if name.startswith(environment)})
    wanted = {"server", "chat", "third"} - ({"third"} if environment == "delete-lost" else set())
    wanted |= {"second"} if environment.startswith("create") else set()
    versions = {"server": 2 if environment == "roll-lost" else 1}
    assert mine == Counter({f"{environment}-{name}": versions.get(name, 1) for name in wanted})
    assert project.actions("-e", environment) == {}
    assert recorded(project, "-e", environment).keys() == {
        "artifact.server" if name == "server" else f"workload.{name}" for name in wanted
    }
