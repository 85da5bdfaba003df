"""The generated roles are enough for a stack's life, and every rule is used, whatever kinds the stack is made of.

Each life is planned, applied, changed, replaced, pruned and destroyed by a user who holds those roles alone. Warnings
are asked for only about what is slow, so each kind that waits for pods begins a second life with a slow image.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from engines.sample_objects import claim
from support.cluster_stage import ClusterStage, collecting, container
from support.least_rights import LeastRights

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle

WORKLOAD = """\
import wlinfra as wl

stack = wl.Stack("shop")


@stack.resources
def resources(env):
    server = wl.Artifact("server", ARTIFACT)
    yield server
    yield wl.Workload("chat", artifact=server, WORKLOAD)
    EXTRA

"""
PLAIN = 'containers=[wl.Container(image="IMAGE", port=8080)]'
SECOND = 'yield wl.Workload("second", artifact=server, bundles=["cpu.small"], replicas=1)'
BUNDLES = {"cpu.small": {"cpu": 0.1, "memory": "64MB"}}
DEVICE = {"cpu": 1, "memory": "1GB", "gpu": {"count": 1, "dra": {"device_class": "gpu.nvidia.com"}}}
GPUS = {
    "gpu.claimed": DEVICE,
    "gpu.h100": {"cpu": 1, "memory": "1GB", "gpu": {"count": 1, "products": ["NVIDIA-H100-80GB-HBM3"]}},
    **BUNDLES,
}


@pytest.fixture
def life(cluster: ClusterHandle, namespace: str, tmp_path: Path) -> Iterator[LeastRights]:
    stage = ClusterStage(cluster=cluster, namespace=namespace, folder=tmp_path / "project")
    made = LeastRights(stage=stage)
    with made.ended():
        yield made


def workload(stage: ClusterStage, text: str, *, artifact: str = PLAIN, extra: str = "", **options: Any) -> None:
    image = options.pop("image", "nginx:1")
    program = WORKLOAD.replace("ARTIFACT", artifact).replace("IMAGE", image).replace("EXTRA", extra)
    stage.program(program.replace("WORKLOAD", text), bundles=GPUS, image_grace=0, **options)


def manifest(kind: str, name: str, api: str = "v1", namespace: str = "", **rest: Any) -> dict[str, Any]:
    meta = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": api, "kind": kind, "metadata": meta, **rest}


def holds(life: LeastRights, *, quick: bool = False) -> None:
    """Fail unless the rights were enough and none was idle, but for warnings where nothing was slow."""
    assert life.refused == []
    idle = {right for right in life.rights if right[3] == "events"} if quick else set()
    assert sorted(life.used ^ (life.rights - idle)) == []


# ---------------------------------------------------------------- what runs


def pods(image: str, **spec: Any) -> dict[str, Any]:
    """Return a spec of pods of one container."""
    labels = {"app": "store"}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [container(image)]}}
    return {"selector": {"matchLabels": labels}, "template": pod, **spec}


def runners(image: str, service: str = "db") -> list[dict[str, Any]]:
    template = {"metadata": {"name": "data"}, "spec": claim("data")["spec"]}
    once = {"spec": {"restartPolicy": "Never", "containers": [container(image)]}}
    return [
        manifest("Service", "db", spec={"selector": {"app": "store"}, "ports": [{"port": 80}]}),
        manifest("ServiceAccount", "account"),
        manifest(
            "StatefulSet", "store", "apps/v1", spec=pods(image, serviceName=service, volumeClaimTemplates=[template])
        ),
        manifest("Job", "once", "batch/v1", spec={"template": once}),
    ]


def test_stateful_sets_jobs_services_and_accounts(life: LeastRights) -> None:
    stage = life.stage
    stage.manifests(*runners("nginx:1"))
    life.grant()
    stage.apply()
    stage.manifests(*runners("nginx:2"))
    assert stage.actions() == {"manifest.store": "roll", "manifest.once": "replace"}
    stage.apply()
    stage.manifests(*runners("nginx:2", "other"))
    assert stage.actions() == {"manifest.store": "replace"}
    stage.apply()
    stage.manifests(*runners("nginx:2", "other")[1:])
    stage.apply()
    assert stage.actions() == {}
    stage.manifests(*runners("acme/bad-image:1", "other")[1:3], image_grace=0)
    assert "ImagePullBackOff" in stage.apply(code=1).out
    stage.run("destroy", "--auto-approve")
    holds(life, quick=True)


GATEWAY: dict[str, Any] = {"target": {"domain": "example.com", "entry": {"class_name": "nginx"}}}
GPU = 'bundles=["gpu.h100"], replicas=1'


def test_bundles_with_gpus_and_a_way_in_from_outside(life: LeastRights) -> None:
    stage = life.stage
    workload(stage, GPU, extra=SECOND, **GATEWAY)
    life.grant()
    stage.apply()
    workload(stage, GPU, extra=SECOND, image="nginx:2", **GATEWAY)
    stage.apply()
    stage.apply("--replace", "workload.second/Deployment")
    workload(stage, GPU, extra=SECOND, image="acme/bad-image:1", **GATEWAY)
    assert "ImagePullBackOff" in stage.apply(code=1).out
    workload(stage, GPU, image="nginx:2", **GATEWAY)
    stage.apply()
    assert stage.names("deployment,ingress") == {"chat"}
    stage.run("destroy", "--auto-approve")
    holds(life, quick=True)


CLAIMED = 'bundles=["gpu.claimed", "cpu.small"], replicas=1'


def test_bundles_with_claimed_devices(life: LeastRights) -> None:
    stage = life.stage
    workload(stage, CLAIMED)
    life.grant()
    stage.apply()
    workload(stage, CLAIMED, image="nginx:2")
    stage.apply()
    workload(stage, CLAIMED, image="acme/bad-image:1")
    stage.apply(code=1)
    stage.run("destroy", "--auto-approve")
    holds(life, quick=True)


def model(stage: ClusterStage, image: str, **more: Any) -> None:
    """Write a model server of the operator whose number follows its cache."""
    artifact = (
        """type="nim", containers=[wl.Container(image="IMAGE", port=8000)], storage=wl.Storage(mode="nim_cache")"""
    )
    scaled = 'bundles=["gpu.h100"], autoscaling=[wl.gpu_cache(target=0.8, min=1, max=2)]'
    target = {"ngc_secret": "ngc", "storage_class": "shared"}
    workload(stage, scaled, artifact=artifact, image=image, target=target, delete_volumes=True, **more)


@pytest.fixture
def modelling(life: LeastRights, fakes: ClusterHandle) -> LeastRights:
    life.stage.kubectl("create", "secret", "generic", "ngc", "--from-literal=NGC_API_KEY=x")
    return life


def test_model_servers_of_the_operator_with_their_caches(modelling: LeastRights) -> None:
    stage = modelling.stage
    model(stage, "nvcr.io/nim/llama:1")
    modelling.grant()
    stage.apply()
    model(stage, "nvcr.io/nim/llama:2")
    assert "roll" in stage.actions().values()
    stage.apply()
    model(stage, "acme/crashes:1", crash_restarts=1)
    assert "CrashLoopBackOff" in stage.apply(code=1).out
    stage.run("destroy", "--auto-approve")
    assert stage.names("nimservice,nimcache,deployment") == set()
    holds(modelling, quick=True)


BY_CPU = 'bundles=["cpu.small"], autoscaling=[wl.cpu(target=80, min=1, max=2)]'
BY_QUEUE = 'bundles=["cpu.small"], autoscaling=[wl.queue_depth(target=10, min=0, max=2)]'


@pytest.fixture
def scaling(keda: ClusterHandle, life: LeastRights) -> LeastRights:
    keda.set_prometheus("10", "num_requests_waiting", life.stage.namespace)
    return life


def autoscaled(life: LeastRights, text: str, image: str = "nginx:1") -> None:
    """Write a workload that one of the autoscalers has, with metrics that need no patience."""
    target = {"prometheus": life.stage.cluster.prometheus, "polling_seconds": 1, "cooldown_seconds": 1}
    workload(life.stage, text, image=image, target=target)


def test_an_autoscaler_is_handed_over_to_keda_and_back(scaling: LeastRights) -> None:
    stage = scaling.stage
    for text in (BY_CPU, BY_QUEUE, BY_CPU, BY_QUEUE):
        autoscaled(scaling, text)
        scaling.grant()
        stage.apply()
        assert stage.actions() == {}
    autoscaled(scaling, 'bundles=["cpu.small"], replicas=1', image="acme/bad-image:1")
    assert "ImagePullBackOff" in stage.apply(code=1).out
    stage.run("destroy", "--auto-approve")
    holds(scaling, quick=True)


# ---------------------------------------------------------------- what is slow


def warned(life: LeastRights) -> None:
    """Apply what is written and is slow; fail unless warnings were asked for, with the rights that are for them."""
    life.grant()
    life.stage.apply()
    assert life.refused == []
    rights = {right for right in life.rights if right[3] == "events"}
    assert rights
    assert rights <= life.used


def test_warnings_of_slow_stateful_sets_are_asked_for(life: LeastRights) -> None:
    life.stage.manifests(*runners("slow:1"))
    warned(life)


def test_warnings_of_slow_bundles_with_gpus_are_asked_for(life: LeastRights) -> None:
    workload(life.stage, GPU, extra=SECOND, image="slow:1", **GATEWAY)
    warned(life)


def test_warnings_of_slow_bundles_with_claimed_devices_are_asked_for(life: LeastRights) -> None:
    workload(life.stage, CLAIMED, image="slow:1")
    warned(life)


def test_warnings_of_slow_model_servers_are_asked_for(modelling: LeastRights) -> None:
    model(modelling.stage, "nvcr.io/nim/slow:1")
    warned(modelling)


def test_warnings_of_what_slowly_comes_under_an_autoscaler_are_asked_for(scaling: LeastRights) -> None:
    autoscaled(scaling, BY_CPU, image="slow:1")
    warned(scaling)


# ---------------------------------------------------------------- where it stands


def definition(stage: ClusterStage) -> dict[str, Any]:
    """Return a kind of the test's own whose plural nobody would guess."""
    group = f"{stage.namespace}.example.com"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"plural": "mice", "singular": "mouse", "kind": "Mouse"}
    spec = {"group": group, "scope": "Namespaced", "names": names, "versions": [version]}
    return manifest("CustomResourceDefinition", f"mice.{group}", "apiextensions.k8s.io/v1", spec=spec)


def test_definitions_and_objects_of_their_kinds(life: LeastRights) -> None:
    stage = life.stage
    kind, api = definition(stage), f"{stage.namespace}.example.com/v1"
    stage.manifests(kind, manifest("Mouse", "mouse", api, spec={"value": "one"}))
    life.grant()
    stage.apply()
    stage.manifests(kind, manifest("Mouse", "mouse", api, spec={"value": "two"}))
    assert stage.actions() == {"manifest.mouse": "update"}
    stage.apply()
    assert stage.actions() == {}
    with collecting(stage.cluster, f"/apis/{api}/namespaces/{stage.namespace}/mice"):
        stage.run("destroy", "--auto-approve")
    holds(life)


def test_namespaces_and_what_stands_in_them(life: LeastRights) -> None:
    stage, away = life.stage, f"{life.stage.namespace}-away"

    def write(value: str, *more: dict[str, Any]) -> None:
        settings = manifest("ConfigMap", "settings", namespace=away, data={"a": value})
        stage.manifests(manifest("Namespace", away), manifest("ServiceAccount", "account"), settings, *more)

    # The roles of a namespace can be granted once it exists, so it is made with those of the cluster alone.
    extra = manifest("ConfigMap", "extra", namespace=away, data={})
    write("one", extra)
    life.grant(without=away)
    stage.apply("--target", f"manifest.{away}")
    life.grant()
    stage.apply()
    write("two", extra)
    assert stage.actions() == {"manifest.settings": "update"}
    stage.apply()
    stage.apply("--replace", "manifest.settings")
    write("two")
    stage.apply()
    assert stage.actions() == {}
    stage.run("destroy", "--auto-approve")
    # What is declared in one namespace is looked for in the other one too, where the account need not list it.
    assert {request.partition(" ")[0] for request in life.refused} == {"list"}
    assert sorted(life.rights - life.used) == []


def test_volumes_are_kept_or_deleted_with_the_same_rights(life: LeastRights) -> None:
    stage = life.stage
    waits = claim("waits", storage_class="standard")  # for a pod that is never made
    stage.manifests(waits, claim("disk"), delete_volumes=True)
    life.grant()
    stage.apply()
    stage.manifests(waits, claim("disk", size="2Gi"), delete_volumes=True)
    assert stage.actions() == {"manifest.disk": "update"}
    stage.apply()
    stage.apply("--replace", "manifest.disk")
    stage.run("destroy", "--auto-approve")
    holds(life)
