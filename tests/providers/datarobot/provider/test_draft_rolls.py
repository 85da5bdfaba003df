"""A roll to an edited draft whose end nobody saw is judged by what serves, and not made twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.datarobot_stage import Stage

import wlinfra as wl
from wlinfra.resources.base import Resource


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with closing(Stage(tmp_path)) as made:
        yield made


def chat(image: str) -> Callable[[], Iterator[Resource]]:
    def resources() -> Iterator[Resource]:
        server = wl.Artifact("server", status="draft", containers=[wl.Container(image=image, port=8080)])
        yield server
        yield wl.Workload("chat", artifact=server, replicas=1)

    return resources


def start_roll(stage: Stage, image: str = "ghcr.io/acme/chat:2") -> None:
    """Edit the draft and begin the roll without waiting for its end."""
    stage.apply(chat("ghcr.io/acme/chat:1"))
    stage.calls()
    stage.apply(chat(image), wait=False)
    assert stage.calls() == ["PATCH /artifacts/*", "PATCH /workloads/*/settings"]


def test_a_roll_under_way_is_awaited_and_not_made_again(stage: Stage) -> None:
    start_roll(stage)
    assert stage.workload()["replacement"] is not None
    stage.apply(chat("ghcr.io/acme/chat:2"))
    assert stage.calls() == []
    assert stage.plan(chat("ghcr.io/acme/chat:2")).is_empty


def test_a_roll_that_ended_unseen_is_not_made_again(stage: Stage) -> None:
    start_roll(stage)
    stage.clock.advance(3600)
    stage.apply(chat("ghcr.io/acme/chat:2"))
    assert stage.calls() == []
    assert stage.plan(chat("ghcr.io/acme/chat:2")).is_empty


def test_a_further_edit_rolls_again(stage: Stage) -> None:
    start_roll(stage)
    stage.apply(chat("ghcr.io/acme/chat:3"))
    assert stage.calls() == ["PATCH /artifacts/*", "PATCH /workloads/*/settings"]
    assert stage.plan(chat("ghcr.io/acme/chat:3")).is_empty


def test_a_roll_that_failed_unseen_is_made_again(stage: Stage) -> None:
    start_roll(stage, "ghcr.io/acme/crashes:1")
    stage.clock.advance(3600)
    change = stage.change(chat("ghcr.io/acme/crashes:1"), "workload.chat")
    assert [step.operation for step in change.steps] == ["update_settings"]
