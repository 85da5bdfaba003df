"""The generated roles are enough for a stack's life, and every rule is used, whatever kinds the stack is made of.

Each life is planned, applied, changed, replaced, pruned and destroyed by a user who holds those roles alone. Its
first image is a slow one, so that a wait asks for warnings.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from engines.sample_objects import claim
from support.cluster_stage import ClusterStage, container
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


def holds(life: LeastRights) -> None:
    """Fail unless the rights were enough and none was idle."""
    assert life.refused == []
    assert sorted(life.used ^ life.rights) == []


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
    stage.manifests(*runners("slow:1"))
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
    holds(life)


def test_bundles_with_gpus_and_a_way_in_from_outside(life: LeastRights) -> None:
    stage = life.stage
    target = {"domain": "example.com", "entry": {"class_name": "nginx"}}
    chat = 'bundles=["gpu.h100"], replicas=1'
    workload(stage, chat, extra=SECOND, target=target, image="slow:1")
    life.grant()
    stage.apply()
    workload(stage, chat, extra=SECOND, target=target, image="nginx:2")
    stage.apply()
    stage.apply("--replace", "workload.second/Deployment")
    workload(stage, chat, extra=SECOND, target=target, image="acme/bad-image:1")
    assert "ImagePullBackOff" in stage.apply(code=1).out
    workload(stage, chat, target=target, image="nginx:2")
    stage.apply()
    assert stage.names("deployment,ingress") == {"chat"}
    stage.run("destroy", "--auto-approve")
    holds(life)


def test_bundles_with_claimed_devices(life: LeastRights) -> None:
    stage = life.stage
    chat = 'bundles=["gpu.claimed", "cpu.small"], replicas=1'
    workload(stage, chat, image="slow:1")
    life.grant()
    stage.apply()
    workload(stage, chat, image="nginx:2")
    stage.apply()
    workload(stage, chat, image="acme/bad-image:1")
    stage.apply(code=1)
    stage.run("destroy", "--auto-approve")
    holds(life)


def test_model_servers_of_the_operator_with_their_caches(life: LeastRights, fakes: ClusterHandle) -> None:
    stage = life.stage
    stage.kubectl("create", "secret", "generic", "ngc", "--from-literal=NGC_API_KEY=x")
    model = """type="nim", containers=[wl.Container(image="IMAGE", port=8000)], storage=wl.Storage(mode="nim_cache")"""
    options: dict[str, Any] = {"target": {"ngc_secret": "ngc", "storage_class": "shared"}, "delete_volumes": True}
    scaled = 'bundles=["gpu.h100"], autoscaling=[wl.gpu_cache(target=0.8, min=1, max=2)]'
    workload(stage, scaled, artifact=model, image="nvcr.io/nim/slow:1", **options)
    life.grant()
    stage.apply()
    workload(stage, scaled, artifact=model, image="nvcr.io/nim/llama:2", **options)
    assert "roll" in stage.actions().values()
    stage.apply()
    workload(stage, scaled, artifact=model, image="acme/crashes:1", crash_restarts=1, **options)
    assert "CrashLoopBackOff" in stage.apply(code=1).out
    stage.run("destroy", "--auto-approve")
    assert stage.names("nimservice,nimcache,deployment") == set()
    holds(life)


def test_an_autoscaler_is_handed_over_to_keda_and_back(keda: ClusterHandle, life: LeastRights) -> None:
    stage = life.stage
    by_cpu = 'bundles=["cpu.small"], autoscaling=[wl.cpu(target=80, min=1, max=2)]'
    by_queue = 'bundles=["cpu.small"], autoscaling=[wl.queue_depth(target=10, min=0, max=2)]'
    options: dict[str, Any] = {"target": {"prometheus": keda.prometheus, "polling_seconds": 1, "cooldown_seconds": 1}}
    keda.set_prometheus("10", "num_requests_waiting", stage.namespace)
    for text in (by_cpu, by_queue, by_cpu, by_queue):
        workload(stage, text, image="slow:1", **options)
        life.grant()
        stage.apply()
        assert stage.actions() == {}
    workload(stage, 'bundles=["cpu.small"], replicas=1', image="acme/bad-image:1", **options)
    assert "ImagePullBackOff" in stage.apply(code=1).out
    stage.run("destroy", "--auto-approve")
    holds(life)


# ---------------------------------------------------------------- where it stands


def definition(stage: ClusterStage) -> dict[str, Any]:
    """Return a kind of the test's own whose plural nobody would guess."""
    group = f"{stage.namespace}.example.com"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"plural": "mice", "singular": "mouse", "kind": "Mouse"}
    spec = {"group": group, "scope": "Namespaced", "names": names, "versions": [version]}
    return manifest("CustomResourceDefinition", f"mice.{group}", "apiextensions.k8s.io/v1", spec=spec)


def test_definitions_namespaces_and_what_stands_in_them(life: LeastRights) -> None:
    stage, away = life.stage, f"{life.stage.namespace}-away"
    place, kind = manifest("Namespace", away), definition(stage)

    def write(value: str, *more: dict[str, Any]) -> None:
        mouse = manifest("Mouse", "mouse", f"{stage.namespace}.example.com/v1", spec={"value": value})
        settings = manifest("ConfigMap", "settings", namespace=away, data={"a": value})
        stage.manifests(place, kind, mouse, settings, *more)

    # The roles of a namespace can be granted once it exists, so it is made with those of the cluster alone.
    extra = manifest("ConfigMap", "extra", namespace=away, data={})
    write("one", extra)
    life.grant(without=away)
    stage.apply("--target", f"manifest.{away}")
    life.grant()
    stage.apply()
    write("two", extra)
    assert stage.actions() == {"manifest.mouse": "update", "manifest.settings": "update"}
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
