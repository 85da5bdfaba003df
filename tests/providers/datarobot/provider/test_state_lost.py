"""Losing the state never duplicates anything."""

from __future__ import annotations

import shutil
from pathlib import Path

from support.datarobot_stage import Stage, chat

from wlinfra.changes.model import Action


def test_what_exists_is_imported_and_rolls_nothing(stage: Stage, tmp_path: Path) -> None:
    declared = chat(replicas=2, bundles=["cpu.small"], description="d")
    stage.apply(declared)
    shutil.rmtree(tmp_path / "stage0")
    plan = stage.plan(declared)
    assert [(change.action, change.steps) for change in plan.changes] == [(Action.IMPORT, ())] * 2
    stage.calls()
    stage.apply(declared)
    assert stage.calls() == []
    assert stage.plan(declared).is_empty


def test_an_imported_artifact_is_not_deleted(stage: Stage, tmp_path: Path) -> None:
    stage.apply(chat())
    shutil.rmtree(tmp_path / "stage0")
    stage.apply(chat())
    stage.calls()
    stage.apply(chat(), destroy=True)
    assert stage.calls() == ["DELETE /workloads/*"]
    assert len(stage.artifacts()) == 1
