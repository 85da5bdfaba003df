"""Kill the run at every mutating request, or lose its answer, and run it again: nothing twice, nothing left over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.api_proxy import Harm, Moment
from support.kill_stage import KillStage, kill_stage

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle

HEAD = """\
import wlinfra as wl
from wlinfra_kubernetes import Manifest

stack = wl.Stack("shop")


def config(name, value):
    return Manifest(name, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"a": value}})


def deployment(app):
    labels = {"app": app}
    pods = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": "nginx:1"}]}}
    spec = {"replicas": 0, "selector": {"matchLabels": labels}, "template": pods}
    return Manifest("web", {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec})


@stack.resources
def resources(env):
"""
FIRST = """\
    yield config("settings", "1")
    yield config("dropped", "1")
    yield deployment("old")
"""
SECOND = """\
    yield config("settings", "2")
    yield config("added", "1")
    yield deployment("new")
"""
CREATING = 5
"""The inventory is made and claimed, two ConfigMaps and a Deployment are made."""
CHANGING = 5
"""One ConfigMap is updated, one made, one deleted; the Deployment is deleted and made anew."""
INVENTORY = "configmap/wlinfra-shop-test"


@pytest.fixture
def stage(cluster: ClusterHandle, namespace: str, tmp_path: Path) -> Iterator[KillStage]:
    with kill_stage(cluster, namespace, tmp_path) as opened:
        yield opened


def settled(stage: KillStage, *names: str) -> None:
    """Apply once more and assert that exactly these objects are there and nothing is left to do."""
    done = stage.project.apply()
    assert stage.ours() == {INVENTORY, *names}, done.out
    assert stage.project.actions() == {}


@pytest.mark.parametrize("moment", Moment, ids=lambda moment: moment.value)
@pytest.mark.parametrize("at", range(1, CREATING + 1))
def test_a_killed_creation_is_finished_by_the_next(stage: KillStage, at: int, moment: Moment) -> None:
    stage.write(HEAD + FIRST)
    stage.killed(at, moment, "apply")
    settled(stage, "configmap/settings", "configmap/dropped", "deployment.apps/web")


@pytest.mark.parametrize("moment", Moment, ids=lambda moment: moment.value)
@pytest.mark.parametrize("at", range(1, CHANGING + 1))
def test_a_killed_change_is_finished_by_the_next(stage: KillStage, at: int, moment: Moment) -> None:
    stage.write(HEAD + FIRST)
    stage.project.apply()
    stage.write(HEAD + SECOND)
    stage.killed(at, moment, "apply")
    settled(stage, "configmap/settings", "configmap/added", "deployment.apps/web")


UPDATE = """\
    yield config("settings", "2")
    yield config("dropped", "1")
    yield deployment("old")
"""


@pytest.mark.parametrize(("moment", "waits"), [(Moment.BEFORE, True), (Moment.AFTER, False)])
def test_a_killed_update_is_waited_for_unless_the_object_shows_it(
    stage: KillStage, moment: Moment, *, waits: bool
) -> None:
    stage.write(HEAD + FIRST)
    stage.project.apply()
    stage.write(HEAD + UPDATE)
    stage.killed(1, moment, "apply")
    done = stage.project.apply()
    assert ("An interrupted run sent PATCH for manifest.settings" in done.err) is waits
    assert stage.project.actions() == {}


@pytest.mark.parametrize(
    ("moment", "status"),
    [
        (Moment.BEFORE, None),
        (Moment.AFTER, None),
        (Moment.AFTER, 500),
        (Moment.AFTER, 502),
        pytest.param(Moment.AFTER, 504, marks=pytest.mark.nightly),
        (Moment.BEFORE, 503),
        pytest.param(Moment.BEFORE, 429, marks=pytest.mark.nightly),
    ],
    ids=["cut-before", "reply-lost", "500-after", "502-after", "504-after", "503-before", "429-before"],
)
@pytest.mark.parametrize("at", range(1, CHANGING + 1))
def test_a_faulty_network_leaves_nothing_twice(stage: KillStage, at: int, moment: Moment, status: int | None) -> None:
    stage.write(HEAD + FIRST)
    stage.project.apply()
    stage.write(HEAD + SECOND)
    stage.proxy.reset(Harm(at=at, moment=moment, status=status))
    stage.project.apply("--parallelism", "2", code=None)
    stage.proxy.reset()
    settled(stage, "configmap/settings", "configmap/added", "deployment.apps/web")


def test_the_matrix_covers_every_request(stage: KillStage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.write(HEAD + FIRST)
    stage.project.apply()
    assert len(stage.proxy.calls) == CREATING, stage.proxy.calls
    stage.proxy.reset()
    stage.write(HEAD + SECOND)
    stage.project.apply()
    assert len(stage.proxy.calls) == CHANGING, stage.proxy.calls
    points, faults = (CREATING + CHANGING) * len(Moment), CHANGING * 7
    with capsys.disabled():
        print(f"\nkill matrix: {points} points = {CREATING + CHANGING} mutating requests x 3, and {faults} faults")
