"""Kill the run at every mutating request in the life of workloads: nothing left over, nothing left to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.api_proxy import Moment
from support.kill_stage import KillStage, kill_stage

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle

HEAD = """\
import wlinfra as wl
from wlinfra_kubernetes import Manifest

stack = wl.Stack("shop")


@stack.resources
def resources(env):
    yield from ()
"""
SERVICE = """\
    env = {"TOKEN": wl.secret_env("CHAT_TOKEN")}
    server = wl.Artifact("server", containers=[wl.Container(image="ghcr.io/acme/chat:1.0.0", port=8080, env=env)])
    yield server
    yield wl.Workload("chat", artifact=server, bundles=["cpu"], SCALING)
"""
FIXED, SCALED = (
    SERVICE.replace("SCALING", by) for by in ("replicas=2", "autoscaling=[wl.cpu(target=70, min=2, max=4)]")
)
MODEL = """\
    image = "nvcr.io/nim/meta/llama-3.1-8b-instruct:1.8.3"
    storage = wl.Storage(mode="dedicatedPvc", pvc_size="50Gi")
    llama = wl.Artifact("llama", type="nim", containers=[wl.Container(image=image, port=8000)], storage=storage)
    yield llama
    yield wl.Workload("llm", artifact=llama, bundles=["gpu"], replicas=1)
"""
BUNDLES = {"cpu": {"cpu": 0.1, "memory": "64MB"}, "gpu": {"cpu": 1, "memory": "1GB", "gpu": {"count": 1}}}
OPTIONS = f"bundles={BUNDLES!r}, target={{'ngc_secret': 'ngc'}}"
INVENTORY = "configmap/wlinfra-shop-test"
ALWAYS = {
    INVENTORY,
    "deployment.apps/chat",
    "service/chat",
    "secret/chat-env",
    "poddisruptionbudget.policy/chat",
}
SCALER = "horizontalpodautoscaler.autoscaling/chat"


def volume(mode: str) -> str:
    """Return a claim and a Deployment that mounts it."""
    size = {"requests": {"storage": "1Gi"}}
    spec: dict[str, Any] = {"accessModes": [mode], "storageClassName": "shared", "resources": size}
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "models"}, "spec": spec}
    mount = {"name": "main", "image": "nginx:1", "volumeMounts": [{"name": "data", "mountPath": "/data"}]}
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "models"}}]
    labels = {"app": "web"}
    pods = {"metadata": {"labels": labels}, "spec": {"containers": [mount], "volumes": volumes}}
    runs = {"replicas": 1, "selector": {"matchLabels": labels}, "template": pods}
    web = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": runs}
    return f"    yield Manifest('models', {claim!r})\n    yield Manifest('web', {web!r})\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A command on what an earlier program made: how many requests it takes, and what is there in the end."""

    before: str | None
    after: str
    requests: int
    left: frozenset[str]
    arguments: tuple[str, ...] = ("apply",)


STORIES = {
    "create": Story(before=None, after=FIXED, requests=6, left=frozenset(ALWAYS)),
    "to-autoscaling": Story(before=FIXED, after=SCALED, requests=4, left=frozenset({*ALWAYS, SCALER})),
    "from-autoscaling": Story(before=SCALED, after=FIXED, requests=2, left=frozenset(ALWAYS)),
    "model": Story(
        before=None,
        after=MODEL,
        requests=4,
        left=frozenset({INVENTORY, "persistentvolumeclaim/llm-models", "nimservice.apps.nvidia.com/llm"}),
    ),
    "volume": Story(
        before=volume("ReadWriteMany"),
        after=volume("ReadWriteOnce"),
        requests=4,
        left=frozenset({INVENTORY, "persistentvolumeclaim/models", "deployment.apps/web"}),
        arguments=("apply", "--replace", "manifest.models"),
    ),
    "destroy": Story(before=SCALED, after=SCALED, requests=6, left=frozenset(), arguments=("destroy",)),
}
POINTS = [(name, at) for name, story in STORIES.items() for at in range(1, story.requests + 1)]


@pytest.fixture
def stage(fakes: ClusterHandle, namespace: str, tmp_path: Path) -> Iterator[KillStage]:
    with kill_stage(fakes, namespace, tmp_path) as opened:
        yield opened


def begin(stage: KillStage, story: Story) -> None:
    if story.before is not None:
        stage.write(HEAD + story.before, OPTIONS)
        stage.project.apply()
    stage.write(HEAD + story.after, OPTIONS)


def finish(stage: KillStage, story: Story) -> None:
    """Do again what was killed, as its messages say."""
    again = stage.project.run(*story.arguments[:1], "--auto-approve", code=None)
    if "--replace" in again.out + again.err:  # it was killed before the volume went
        again = stage.project.run(*story.arguments, "--auto-approve", code=None)
    assert again.code == 0, again.out + again.err


@pytest.mark.parametrize(
    "moment",
    [Moment.BEFORE, Moment.AFTER, pytest.param(Moment.REPLIED, marks=pytest.mark.nightly)],
    ids=lambda moment: moment.value,
)
@pytest.mark.parametrize(("name", "at"), POINTS)
def test_a_killed_run_is_finished_by_the_next(stage: KillStage, name: str, at: int, moment: Moment) -> None:
    story = STORIES[name]
    begin(stage, story)
    stage.killed(at, moment, *story.arguments)
    finish(stage, story)
    assert stage.ours() == story.left
    if story.arguments != ("destroy",):
        assert stage.project.actions() == {}


@pytest.mark.parametrize("name", STORIES)
def test_the_matrix_covers_every_request(stage: KillStage, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    story = STORIES[name]
    begin(stage, story)
    stage.proxy.reset()
    stage.project.run(*story.arguments, "--auto-approve")
    assert len(stage.proxy.calls) == story.requests, stage.proxy.calls
    with capsys.disabled():
        print(f"\nkill matrix: {name}: {story.requests} mutating requests x {len(Moment)}")
