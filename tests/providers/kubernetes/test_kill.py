"""Kill the run at every mutating request, or lose its answer, and run it again: nothing twice, nothing left over."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.api_proxy import ApiProxy, Harm, Moment, api_proxy
from support.project import Project

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle

PROGRAM = """\
import wlinfra as wl
from wlinfra_kubernetes import Manifest

stack = wl.Stack("shop")


def config(name, value):
    return Manifest(name, {{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {{"name": name}}, "data": {{"a": value}}}})


def deployment(app):
    labels = {{"app": app}}
    pods = {{"metadata": {{"labels": labels}}, "spec": {{"containers": [{{"name": "main", "image": "nginx:1"}}]}}}}
    spec = {{"replicas": 0, "selector": {{"matchLabels": labels}}, "template": pods}}
    return Manifest("web", {{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {{"name": "web"}}, "spec": spec}})


@stack.resources
def resources(env):
{body}


stack.environment("test", provider="kubernetes", kubeconfig={kubeconfig!r}, namespace={namespace!r}, read_timeout=1, connect_timeout=0.2)
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
CREATING = 4
"""The inventory, two ConfigMaps and a Deployment are made."""
CHANGING = 5
"""One ConfigMap is updated, one made, one deleted; the Deployment is deleted and made anew."""
KINDS = ("api/v1/namespaces/{}/configmaps", "apis/apps/v1/namespaces/{}/deployments")
INVENTORY = "wlinfra-shop-test"


@dataclass(slots=True, kw_only=True)
class Stage:
    """A project that speaks to the cluster through a proxy."""

    cluster: ClusterHandle
    namespace: str
    proxy: ApiProxy
    project: Project

    def write(self, body: str) -> None:
        """Write a program with these resources."""
        kubeconfig = str(self.project.folder / "kubeconfig")
        self.project.write(PROGRAM.format(body=body, kubeconfig=kubeconfig, namespace=self.namespace))

    def ours(self) -> Counter[str]:
        """Return the names of what bears a label of ours, anywhere in the namespace."""
        found: Counter[str] = Counter()
        for kind in KINDS:
            for item in self.cluster.api.get(f"/{kind.format(self.namespace)}")["items"]:
                labels = item["metadata"].get("labels") or {}
                found.update([item["metadata"]["name"]] if any("applyset" in label for label in labels) else [])
        return found

    def killed(self, at: int, moment: Moment) -> None:
        """Apply in a process that is killed at a request."""
        victims: list[int] = []
        self.proxy.reset(Harm(at=at, moment=moment, run=lambda: os.kill(victims[0], signal.SIGKILL)))
        child = self.project.start("apply", "--auto-approve", "--parallelism", "2")
        victims.append(child.pid)
        _, err = child.communicate(timeout=60)
        self.proxy.reset()
        assert child.returncode == -signal.SIGKILL, err


@pytest.fixture
def stage(fakes: ClusterHandle, namespace: str, tmp_path: Path) -> Iterator[Stage]:
    from engines.kubernetes.handle import write_kubeconfig

    with api_proxy(fakes.server, fakes.authority) as proxy:
        write_kubeconfig(tmp_path / "kubeconfig", server=proxy.url, authority=None, token="admin-token")
        yield Stage(cluster=fakes, namespace=namespace, proxy=proxy, project=Project(folder=tmp_path))


def settled(stage: Stage, *names: str) -> None:
    """Apply once more and assert that exactly these objects are there and nothing is left to do."""
    done = stage.project.apply()
    assert stage.ours() == Counter([INVENTORY, *names]), done.out
    assert stage.project.actions() == {}


@pytest.mark.parametrize("moment", Moment, ids=lambda moment: moment.value)
@pytest.mark.parametrize("at", range(1, CREATING + 1))
def test_a_killed_creation_is_finished_by_the_next(stage: Stage, at: int, moment: Moment) -> None:
    stage.write(FIRST)
    stage.killed(at, moment)
    settled(stage, "settings", "dropped", "web")


@pytest.mark.parametrize("moment", Moment, ids=lambda moment: moment.value)
@pytest.mark.parametrize("at", range(1, CHANGING + 1))
def test_a_killed_change_is_finished_by_the_next(stage: Stage, at: int, moment: Moment) -> None:
    stage.write(FIRST)
    stage.project.apply()
    stage.write(SECOND)
    stage.killed(at, moment)
    settled(stage, "settings", "added", "web")


UPDATE = """\
    yield config("settings", "2")
    yield config("dropped", "1")
    yield deployment("old")
"""


@pytest.mark.parametrize(("moment", "waits"), [(Moment.BEFORE, True), (Moment.AFTER, False)])
def test_a_killed_update_is_waited_for_unless_the_object_shows_it(stage: Stage, moment: Moment, *, waits: bool) -> None:
    stage.write(FIRST)
    stage.project.apply()
    stage.write(UPDATE)
    stage.killed(1, moment)
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
def test_a_faulty_network_leaves_nothing_twice(stage: Stage, at: int, moment: Moment, status: int | None) -> None:
    stage.write(FIRST)
    stage.project.apply()
    stage.write(SECOND)
    stage.proxy.reset(Harm(at=at, moment=moment, status=status))
    stage.project.apply("--parallelism", "2", code=None)
    stage.proxy.reset()
    settled(stage, "settings", "added", "web")


def test_the_matrix_covers_every_request(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.write(FIRST)
    stage.project.apply()
    assert len(stage.proxy.calls) == CREATING, stage.proxy.calls
    stage.proxy.reset()
    stage.write(SECOND)
    stage.project.apply()
    assert len(stage.proxy.calls) == CHANGING, stage.proxy.calls
    points, faults = (CREATING + CHANGING) * len(Moment), CHANGING * 7
    with capsys.disabled():
        print(f"\nkill matrix: {points} points = {CREATING + CHANGING} mutating requests x 3, and {faults} faults")
