"""An account that may only read still gets a plan: it is right, and it says that it is a prediction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.cluster_stage import ClusterStage, container

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle

PROGRAM = """
import wlinfra as wl
from wlinfra_kubernetes import Manifest

stack = wl.Stack("shop")


@stack.resources
def resources(env):
    server = wl.Artifact("server", containers=[wl.Container(image="IMAGE", port=8080, readiness=wl.Probe(path="/"))])
    model = wl.Artifact("model", type="nim", containers=[wl.Container(image="nvcr.io/nim/llama:1", port=8000)],
                        storage=wl.Storage(mode="nim_cache"))
    yield server
    yield model
    yield wl.Workload("chat", artifact=server, bundles=["cpu.small", "cpu.large"],
                      autoscaling=[wl.cpu(target=80, min=1, max=2)])
    yield wl.Workload("fixed", artifact=server, bundles=["cpu.small"], replicas=1)
    yield wl.Workload("llm", artifact=model, bundles=["gpu.h100"], replicas=1)
    meta = {"name": "key"}
    yield Manifest("key", {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": {"a": "VALUE"}})
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    disk = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "disk"}, "spec": claim}
    yield Manifest("disk", disk)

"""
BUNDLES = {
    "cpu.small": {"cpu": 0.1, "memory": "64MB"},
    "cpu.large": {"cpu": 0.2, "memory": "128MB"},
    "gpu.h100": {"cpu": 1, "memory": "1GB", "gpu": {"count": 1, "products": ["NVIDIA-H100-80GB-HBM3"]}},
}
TARGET = {"ngc_secret": "ngc", "storage_class": "shared"}
HIDDEN = "s3cret-words"
AMOUNTS = {"requests": {"cpu": 0.1, "memory": "65536Ki"}, "limits": {"cpu": "1000m", "memory": "0.5Gi"}}


def write(stage: ClusterStage, *, image: str = "nginx:1", value: str = HIDDEN, **options: Any) -> None:
    text = PROGRAM.replace("IMAGE", image).replace("VALUE", value)
    stage.program(text, bundles=BUNDLES, target=TARGET, **options)


def restrict(stage: ClusterStage, *resources: str) -> None:
    """Let the user without rights get and list these in the namespace, and nothing else."""
    stage.kubectl("create", "role", "few", "--verb=get,list", *(f"--resource={name}" for name in resources))
    stage.kubectl("create", "rolebinding", "few", "--role=few", "--user=stack-user")
    stage.user = "stack-user"


NAMESPACED = ("configmaps", "secrets", "services", "persistentvolumeclaims", "deployments.apps")
OTHERS = ("horizontalpodautoscalers.autoscaling", "nimservices.apps.nvidia.com", "nimcaches.apps.nvidia.com")


@pytest.fixture
def applied(fakes: ClusterHandle, stage: ClusterStage) -> ClusterStage:
    """The whole stack, made by an administrator."""
    assert fakes.fake
    stage.kubectl("create", "secret", "generic", "ngc", "--from-literal=NGC_API_KEY=x")
    write(stage)
    stage.apply()
    return stage


def test_an_account_that_may_only_read_plans_what_would_change(stage: ClusterStage) -> None:
    stage.deployment()
    stage.apply()
    stage.user = "readonly"
    stage.deployment(image="nginx:2")
    change = stage.project.changes("-e", "cluster")["manifest.web"]
    assert change["action"] == "roll"
    assert change["predicted"] == ["not tried, because the account may not patch deployments"]
    stage.apply(code=1)
    stage.user = "admin"
    stage.deployment()
    assert stage.actions() == {}


def test_what_the_server_fills_in_and_spells_otherwise_is_no_change(stage: ClusterStage) -> None:
    containers = [container(ports=[{"containerPort": 80}], env=[{"name": "A", "value": ""}], resources=AMOUNTS)]
    pod = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": containers}}
    spec = {"selector": {"matchLabels": {"app": "web"}}, "template": pod}
    service = {"selector": {"app": "web"}, "ports": [{"port": 80}]}
    documents = [
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "service"}, "spec": service},
    ]
    stage.manifests(*documents)
    stage.apply()
    stage.user = "readonly"
    stage.manifests(*documents)
    assert stage.actions() == {}


@pytest.mark.parametrize("read_only", [False, True])
def test_an_unchanged_stack_of_every_kind_plans_nothing(applied: ClusterStage, *, read_only: bool) -> None:
    applied.user = "readonly"
    write(applied, read_only=read_only)
    assert applied.actions() == {}


@pytest.mark.parametrize("read_only", [False, True])
def test_another_image_is_one_roll_for_each_that_runs_it_and_nothing_else(
    applied: ClusterStage, *, read_only: bool
) -> None:
    applied.user = "readonly"
    write(applied, image="nginx:2", read_only=read_only)
    changes = applied.project.changes("-e", "cluster")
    rolls = {address: change for address, change in changes.items() if change["kind"] != "artifact"}
    assert {address: change["action"] for address, change in rolls.items()} == {
        "workload.chat/Deployment": "roll",
        "workload.fixed/Deployment": "roll",
    }
    assert all(change["predicted"] for change in rolls.values())


@pytest.mark.parametrize("read_only", [False, True])
def test_what_is_left_to_others_is_no_change_for_readers_either(stage: ClusterStage, *, read_only: bool) -> None:
    left = {"spec.replicas": "yield", "spec.template.spec.containers[name=main].image": "yield"}
    stage.deployment(replicas=1)
    stage.apply()
    stage.kubectl("scale", "deployment", "web", "--replicas=2")
    stage.kubectl("set", "image", "deployment/web", "main=nginx:9")
    stage.user = "readonly"
    stage.deployment(replicas=1, conflicts=left, read_only=read_only)
    assert stage.actions() == {}
    stage.deployment(replicas=1, read_only=read_only)
    assert stage.actions() == {"manifest.web": "roll"}


def shop(*, whole: bool) -> list[dict[str, Any]]:
    """Return a Deployment, a ConfigMap and a Secret, with or without what is to be removed."""
    more: dict[str, Any] = {"env": [{"name": "A", "value": "1"}, *([{"name": "B", "value": "2"}] if whole else [])]}
    side = [{**container("nginx:9"), "name": "side"}] if whole else []
    pod = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container(**more), *side]}}
    spec = {"selector": {"matchLabels": {"app": "web"}}, "template": pod}
    extra = {"b": "two"} if whole else {}
    return [
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "one", **extra}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key"}, "stringData": {"a": "one", **extra}},
    ]


@pytest.mark.parametrize("read_only", [False, True])
def test_what_is_declared_no_more_is_removed_and_no_drift(stage: ClusterStage, *, read_only: bool) -> None:
    stage.manifests(*shop(whole=True))
    stage.apply()
    stage.user = "readonly"
    stage.manifests(*shop(whole=False), read_only=read_only)
    changes = stage.project.changes("-e", "cluster")
    told = {address: (change["action"], change["reason"], change["drift"]) for address, change in changes.items()}
    assert told == {
        "manifest.web": ("roll", "attribute_changed", []),
        "manifest.settings": ("update", "attribute_changed", []),
        "manifest.key": ("update", "attribute_changed", []),
    }
    (removed,) = changes["manifest.settings"]["attributes"]
    assert (removed["path"], removed["live"]["value"], removed["planned"]["value"]) == (["data", "b"], "two", None)
    assert any("is declared no more" in line for line in changes["manifest.settings"]["predicted"])
    stage.manifests(*shop(whole=True), read_only=read_only)
    assert stage.actions() == {}


def test_replicas_that_pass_to_an_autoscaler_are_not_removed(stage: ClusterStage) -> None:
    stage.deployment(replicas=2)
    stage.apply()
    stage.kubectl("autoscale", "deployment", "web", "--max=3", "--cpu=80%")
    stage.user = "readonly"
    stage.deployment(replicas=None, read_only=True)
    assert stage.actions() == {}


def test_another_secret_is_planned_without_a_word_of_it(applied: ClusterStage) -> None:
    applied.user = "readonly"
    write(applied, value="other-words")
    plan = applied.run("plan").out
    assert applied.actions() == {"manifest.key": "update"}
    assert HIDDEN not in plan
    assert "other-words" not in plan


def test_an_account_that_sees_its_namespace_alone_plans_the_same(applied: ClusterStage) -> None:
    restrict(applied, *NAMESPACED, *OTHERS)
    write(applied)
    assert applied.actions() == {}
    write(applied, image="nginx:2")
    assert list(applied.actions().values()).count("roll") == 2


def test_an_account_that_may_not_look_at_nodes_takes_the_first_bundle_and_says_so(stage: ClusterStage) -> None:
    restrict(stage, *NAMESPACED, *OTHERS)
    write(stage)
    plan = stage.run("plan").out
    assert "bundle cpu.small: the account may not look at nodes, so the first is taken" in plan
    assert "predicted:" in plan
    assert set(stage.actions().values()) == {"create"}


def test_an_account_that_may_read_nothing_is_told_which_right_it_lacks(stage: ClusterStage) -> None:
    stage.user = "stack-user"
    write(stage)
    ended = stage.run("plan", code=1)
    assert "cannot get resource" in ended.out + ended.err
    assert "Traceback" not in ended.err
