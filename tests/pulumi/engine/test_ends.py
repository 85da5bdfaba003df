"""What an interrupted update leaves: an id in the state, no process, and an update that continues."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from engines.kubernetes.waiting import eventually
from engines.pulumi.workspace import Command, PulumiWorkspace
from support.pulumi_stage import PulumiStage, mutating, stage_on

from wlinfra.emulation import ManualClock


@pytest.fixture
def platform() -> ManualClock:
    """The time of the platform, which stands still: nothing starts before a test lets it."""
    return ManualClock()


@pytest.fixture
def stage(pulumi_workspace: PulumiWorkspace, platform: ManualClock) -> Iterator[PulumiStage]:
    with stage_on(pulumi_workspace, clock=platform) as stage:
        yield stage


def plugins(stage: PulumiStage) -> list[int]:
    return [number for number, words in stage.workspace.running().items() if "pulumi-resource-wlinfra" in words]


def waiting(stage: PulumiStage) -> Command:
    """Start an update, and return when it waits for its workload to run."""
    command = stage.workspace.start("up", "--yes", "--skip-preview")
    eventually(stage.workloads)
    return command


def test_ctrl_c_keeps_the_id_of_what_it_waited_for_and_the_next_update_waits_on(
    stage: PulumiStage, platform: ManualClock
) -> None:
    command = waiting(stage)
    command.interrupt()
    ended = command.wait(60)
    assert ended.code != 0
    (workload,) = stage.workloads()
    assert stage.recorded("Workload")["id"] == workload["id"]
    assert stage.recorded("Workload")["initErrors"]
    eventually(lambda: stage.workspace.running() == {})
    platform.advance(60)
    _, requests = stage.up()
    assert mutating(requests) == []
    assert [(one["id"], one["status"]) for one in stage.workloads()] == [(workload["id"], "running")]


@pytest.mark.parametrize(
    "victims",
    ["engine", pytest.param("plugin", marks=pytest.mark.nightly), pytest.param("both", marks=pytest.mark.nightly)],
)
def test_a_killed_update_leaves_no_plugin_and_the_next_one_no_duplicate(
    stage: PulumiStage, platform: ManualClock, victims: str
) -> None:
    command = waiting(stage)
    (plugin,) = plugins(stage)
    if victims != "engine":
        os.kill(plugin, signal.SIGKILL)
    if victims != "plugin":
        command.kill()
    command.wait(60)
    eventually(lambda: plugins(stage) == [])
    (workload,) = stage.workloads()
    platform.advance(60)
    if victims != "plugin":  # what the engine locked, only a person may unlock
        stage.run("cancel", "--yes")
    stage.run("refresh", "--yes", "--skip-preview", "--clear-pending-creates")
    stage.up()
    assert [one["id"] for one in stage.workloads()] == [workload["id"]]
    assert stage.recorded("Workload")["id"] == workload["id"]
