"""A path of `ignore_changes` or `replace_on` that names nothing is a mistake, not silence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.datarobot_stage import Stage, chat

from wlinfra.changes.model import Action
from wlinfra.errors import DeclarationError

REPLICAS = "runtime.containerGroups.default.replicaCount"
LONG = "runtime.container_groups[default].replicas"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    stage.close()


@pytest.mark.parametrize(
    "path",
    [
        "replica",
        "runtime.containerGroups[0].replicaCount",
        "runtime.bogus",
        "Description",
        "artifact.containers[main].image",
    ],
)
@pytest.mark.parametrize("option", ["ignore_changes", "replace_on"])
def test_a_path_that_nothing_has_is_refused(stage: Stage, option: str, path: str) -> None:
    options: dict[str, Any] = {option: [path]}
    with pytest.raises(DeclarationError) as refused:
        stage.plan(chat(**options))
    (problem,) = refused.value.diagnostics
    assert (problem.summary, problem.address, problem.path) == ("No such attribute path", "workload.chat", option)
    assert "runtime" in problem.fix


@pytest.mark.parametrize("path", [REPLICAS, "runtime.containerGroups.*.replicaCount", "runtime", "*", "replicas", LONG])
def test_an_ignored_change_leaves_nothing_to_do(stage: Stage, path: str) -> None:
    stage.apply(chat(replicas=1))
    ignoring = chat(replicas=2, ignore_changes=[path])
    assert stage.plan(ignoring).is_empty
    stage.apply(ignoring)
    assert stage.plan(ignoring).is_empty
    assert stage.change(chat(replicas=2), "workload.chat").action is Action.ROLL


def test_an_ignored_variable_leaves_nothing_to_do(stage: Stage) -> None:
    stage.apply(chat(artifact={"env": {"A": "1"}}))
    path = "spec.containerGroups.*.containers.*.environmentVars"
    ignoring = chat(artifact={"env": {"A": "2"}, "ignore_changes": [path]})
    assert stage.plan(ignoring).is_empty
