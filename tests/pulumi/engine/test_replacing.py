"""Replacements by the real engine, in both orders, with the old names still there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from engines.pulumi.workspace import PulumiWorkspace
from support.pulumi_stage import PROGRAM, PulumiStage, mutating, stage_on

Opening = Callable[[str], PulumiStage]

FIRST = "pulumi.ResourceOptions(delete_before_replace=True)"


@pytest.fixture
def opened(pulumi_workspace: PulumiWorkspace) -> Iterator[Opening]:
    """Return a function that opens the stage with a program."""
    with ExitStack() as stages:
        yield lambda program: stages.enter_context(stage_on(pulumi_workspace, program))


@pytest.mark.parametrize(
    "program",
    [PROGRAM, PROGRAM.replace("    containers=[{", f"    opts={FIRST},\n    containers=[{{")],
    ids=["create first", "delete first"],
)
def test_a_change_of_type_replaces_both_and_leaves_the_new_ones(opened: Opening, program: str) -> None:
    stage = opened(program)
    stage.up()
    old = stage.recorded("Artifact")["id"], stage.recorded("Workload")["id"]
    stage.config(type="agent")
    ended, requests = stage.run("preview", "--json")
    assert mutating(requests) == []
    steps = {step["urn"].rpartition("::")[2]: step["op"] for step in json.loads(ended.out)["steps"]}
    assert {name: op for name, op in steps.items() if name in ("server", "chat")} in (
        dict.fromkeys(("server", "chat"), "replace"),
        dict.fromkeys(("server", "chat"), "create-replacement"),
        dict.fromkeys(("server", "chat"), "delete-replaced"),
    )
    stage.up()
    new = stage.recorded("Artifact")["id"], stage.recorded("Workload")["id"]
    assert set(new).isdisjoint(old)
    assert [one["id"] for one in stage.workloads()] == [new[1]]
    assert {one["artifactRepositoryId"] for one in stage.artifacts()} == {new[0]}
    stage.up("--expect-no-changes")
    stage.run("destroy", "--yes", "--skip-preview")
    assert (stage.workloads(), stage.artifacts()) == ([], [])


def test_a_resource_is_replaced_when_the_user_asks_for_it(opened: Opening) -> None:
    stage = opened(PROGRAM)
    stage.up()
    old = stage.recorded("Workload")
    stage.up("--replace", old["urn"])
    assert [one["id"] for one in stage.workloads()] == [stage.recorded("Workload")["id"]]
    assert stage.recorded("Workload")["id"] != old["id"]
    stage.up("--expect-no-changes")


def test_an_alias_keeps_what_it_names(opened: Opening) -> None:
    stage = opened(PROGRAM)
    stage.up()
    old = stage.recorded("Workload")["id"]
    renamed = PROGRAM.replace(
        'wlinfra.Workload("chat", ',
        'wlinfra.Workload("talk", name="chat", opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name="chat")]), ',
    )
    stage.workspace.python(renamed)
    _, requests = stage.up("--expect-no-changes")
    assert mutating(requests) == []
    assert stage.recorded("Workload")["id"] == old
    stage.run("destroy", "--yes", "--skip-preview")
    assert (stage.workloads(), stage.artifacts()) == ([], [])
