"""Pulumi's own engine over the plugin, on an emulated DataRobot: what users type, and what it does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from engines.kubernetes.waiting import eventually
from engines.pulumi.workspace import PulumiWorkspace
from support.pulumi_stage import TOKEN, PulumiStage, mutating, stage_on


@pytest.fixture
def stage(pulumi_workspace: PulumiWorkspace) -> Iterator[PulumiStage]:
    with stage_on(pulumi_workspace) as stage:
        yield stage


def test_what_was_created_does_not_change_and_is_not_asked_for(stage: PulumiStage) -> None:
    _, requests = stage.run("preview")
    assert requests == []
    stage.up()
    eventually(lambda: stage.workspace.running() == {})
    assert [one["status"] for one in stage.workloads()] == ["running"]
    _, requests = stage.run("preview", "--expect-no-changes")
    assert requests == []
    stage.up("--expect-no-changes")


def test_an_image_rolls_under_the_same_id_and_says_so_before(stage: PulumiStage) -> None:
    stage.up()
    before = stage.recorded("Workload")
    stage.config(image="ghcr.io/acme/chat:2", description="new words")
    ended, requests = stage.run("preview")
    assert mutating(requests) == []
    assert "rolling restart" in ended.out
    assert "POST /workloads/{id}/replacement" in ended.out
    stage.up()
    after = stage.recorded("Workload")
    assert (after["id"], after["outputs"]["endpoint"]) == (before["id"], before["outputs"]["endpoint"])
    assert [one["id"] for one in stage.workloads()] == [before["id"]]


def test_a_live_edit_is_shown_by_refresh_and_put_back_by_up(stage: PulumiStage) -> None:
    stage.up()
    identity = stage.workloads()[0]["id"]
    stage.api.call("PATCH", f"/workloads/{identity}", {"description": "edited"})
    stage.run("refresh", "--yes", "--skip-preview")
    assert stage.recorded("Workload")["inputs"]["description"] == "edited"
    _, requests = stage.up()
    assert len(mutating(requests)) == 1
    stage.run("up", "--refresh", "--yes", "--skip-preview", "--expect-no-changes")


def test_destroy_leaves_nothing(stage: PulumiStage) -> None:
    stage.up()
    stage.run("destroy", "--yes", "--skip-preview")
    assert (stage.workloads(), stage.artifacts()) == ([], [])


def test_no_secret_is_in_the_state_or_in_what_is_printed(stage: PulumiStage) -> None:
    ended, _ = stage.up()
    printed = [ended.out, ended.err, stage.workspace.run("preview", "--diff", "--json").out]
    files = [file.read_text(errors="replace") for file in stage.workspace.backend.rglob("*") if file.is_file()]
    journal = [
        file.read_text(errors="replace") for file in stage.workspace.home.rglob("wlinfra/**/*") if file.is_file()
    ]
    assert len(files) > 1
    assert journal
    for canary in ("canary-of-the-program", TOKEN):
        assert not [text for text in [*printed, *files, *journal] if canary in text]


def test_a_plugin_that_runs_already_is_attached_to(stage: PulumiStage) -> None:
    program = [sys.executable, "-m", "wlinfra.pulumi.main"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True, env=stage.workspace.environ) as plugin:
        assert plugin.stdout is not None
        stage.workspace.environ["PULUMI_DEBUG_PROVIDERS"] = f"wlinfra:{plugin.stdout.readline().strip()}"
        stage.up()
        _, requests = stage.up("--refresh", "--expect-no-changes")
        assert mutating(requests) == []
        assert plugin.poll() is None
        plugin.terminate()
        assert plugin.wait(20) == 0
