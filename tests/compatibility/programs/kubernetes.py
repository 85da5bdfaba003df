"""Workloads of every sort on a cluster, once with the NIM Operator and an Ingress, once plain with KEDA and a Gateway."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import wlinfra as wl
from wlinfra_kubernetes import Manifest


class Settings(wl.Settings):
    phase: int = 3


stack = wl.Stack("everything", settings=Settings)

HEALTH = wl.Probe(path="/healthz", port=8080, period_seconds=10, timeout_seconds=2, failure_threshold=5)
TIGHT = wl.SecurityContext(
    capabilities=wl.Capabilities(drop=["ALL"]),
    allow_privilege_escalation=False,
    read_only_root_filesystem=True,
    seccomp_profile=wl.SeccompProfile(type="RuntimeDefault"),
)
SCALINGS: dict[str, Any] = {
    "fixed": {"replicas": 2},
    "plain": {"replicas": 1},
    "stopped": {"replicas": 1, "power": "stopped"},
    "cpu": {"autoscaling": [wl.cpu(target=70, min=1, max=2)]},
    "asleep": {"autoscaling": [wl.concurrency(target=10, min=0, max=2)]},
    "two": {"autoscaling": [wl.cpu(target=60, min=1, max=2), wl.concurrency(target=5, min=1, max=2)]},
    "custom": {"autoscaling": [wl.custom_metric("queue_length", target=7, min=1, max=2)]},
    "off": {"autoscaling": wl.Autoscaling(enabled=False, policies=[wl.cpu(target=70, min=1, max=3)])},
}
NIM_SCALINGS: dict[str, Any] = {
    "fixed": {"replicas": 1},
    "cache": {"autoscaling": [wl.gpu_cache(target=0.8, min=1, max=1)]},
    "queue": {"autoscaling": [wl.queue_depth(target=8, min=1, max=1)]},
}
BUNDLES = {
    "cpu.small": {"cpu": 0.1, "memory": "64MB"},
    "gpu.h100": {"cpu": 0.5, "memory": "256MB", "gpu": {"products": ["NVIDIA-H100-80GB-HBM3"], "type": "H100"}},
    "gpu.slice": {"cpu": 0.1, "memory": "64MB", "gpu": {"resource": "nvidia.com/mig-1g.10gb", "type": "H100 1g.10gb"}},
    "gpu.claimed": {"cpu": 0.1, "memory": "64MB", "gpu": {"type": "H100", "dra": {"device_class": "gpu.nvidia.com"}}},
}
TARGET = {
    "prometheus": "http://prometheus.monitoring:9090",
    "ngc_secret": "ngc",
    "storage_class": "standard",
    "volume_size": "10Gi",
    "domain": "example.com",
    "labels": {"team": "models"},
    "credentials": {"65f0c0ffee0000000000c001": "stored"},
    "api_key": {"secret": "platform", "key": "token"},
    "priority_classes": {"high": "system-cluster-critical"},
    "image_pull_secrets": ["pull"],
}


@stack.resources
def resources(env: wl.Environment[Settings]) -> Iterator[wl.Resource | wl.Output]:
    tag = env.settings.phase
    shared = wl.Artifact(
        "shared", description="Runs often", containers=[wl.Container(image="acme/often:1.0.0", port=8080)]
    )
    yield shared
    for scaling, replicas in SCALINGS.items():
        yield wl.Workload(scaling, artifact=shared, bundles=["cpu.small"], **replicas)
    for bundle in ("gpu.h100", "gpu.slice", "gpu.claimed"):
        yield wl.Workload(bundle.replace(".", "-"), artifact=shared, replicas=1, bundles=[bundle])
    yield wl.Workload("choice", artifact=shared, replicas=1, bundles=["gpu.slice", "gpu.h100"])
    yield wl.Workload("exact", artifact=shared, replicas=1, cpu=0.2, memory="128MB")
    yield from _models()
    yield from _service(tag)
    kept = wl.Workload(
        "kept", artifact=shared, replicas=1, bundles=["cpu.small"], retain=True, protect=True, tags={"owner": "kept"}
    )
    yield kept
    yield wl.Workload(
        "renamed" if tag >= 3 else "old-name",
        platform_name="old-name",
        aliases=["workload.old-name"] if tag >= 3 else [],
        artifact=shared,
        replicas=1,
        bundles=["cpu.small"],
        depends_on=[kept],
    )
    if tag < 3:
        yield wl.Workload("gone", artifact=shared, replicas=1, bundles=["cpu.small"])
    draft = wl.Artifact(
        "draft",
        status="draft" if tag < 3 else "locked",
        containers=[wl.Container(image=f"acme/draft:1.{tag}.0", port=8080)],
    )
    yield draft
    yield wl.Workload("tried-out", artifact=draft, replicas=1, bundles=["cpu.small"], importance="high")
    with wl.scope("payments"):
        yield wl.Workload("api", artifact=shared, replicas=1, bundles=["cpu.small"])


def _models() -> Iterator[wl.Resource]:
    storages = {"own": wl.Storage(mode="dedicated_pvc", pvc_size="20Gi"), "shared": wl.Storage(mode="nim_cache")}
    for name, storage in storages.items():
        image = wl.Container(image=f"nvcr.io/nim/meta/llama-{name}:1.8.3", port=8000)
        model = wl.Artifact(f"model-{name}", type="nim", containers=[image], storage=storage)
        yield model
        for scaling, replicas in NIM_SCALINGS.items():
            yield wl.Workload(f"model-{scaling}-{name}", artifact=model, bundles=["gpu.h100"], **replicas)


def _service(tag: int) -> Iterator[wl.Resource | wl.Output]:
    main = wl.Container(
        name="main",
        image=f"ghcr.io/acme/chat:1.{tag}.0",
        port=8080,
        primary=True,
        entrypoint=["serve", "--fast"],
        env={
            "B_FIRST": "1",
            "A_SECOND": "größe $(HOME) $$",
            "TOKEN": wl.secret_env("CHAT_TOKEN"),
            "COMMAND": wl.secret_command("printf printed-s3cret"),
            "STORED": wl.credential("65f0c0ffee0000000000c001", "username"),
            "KEY": wl.api_key(),
        },
        readiness=HEALTH,
        liveness=HEALTH,
        startup=wl.Probe(path="/start", port=8080, headers={"X-Probe": "yes"}, initial_delay_seconds=3),
        security=TIGHT,
        description="Answers",
    )
    side = wl.Container(name="side", image="docker.io/library/redis:7.2.1")
    server = wl.Artifact("server", containers=[main, side], description=f"Version {tag}")
    yield server
    chat = wl.Workload(
        "chat",
        artifact=server,
        description="Chats",
        protect=True,
        tags={"owner": "chat", "note": "not a label: ü"},
        replacement=wl.ReplacementPolicy(warmup_minutes=0),
        runtime=wl.Runtime(
            container_groups=[
                wl.GroupRuntime(
                    replicas=2,
                    containers=[
                        wl.ContainerRuntime(name="main", allocation=wl.Allocation(cpu=0.1, memory="64MB")),
                        wl.ContainerRuntime(name="side", allocation=wl.Allocation(cpu=0.1, memory="64MB")),
                    ],
                )
            ]
        ),
        timeouts={"create": 600, "update": 300},
    )
    yield chat
    groups = wl.Artifact(
        "groups",
        container_groups=[
            wl.ContainerGroup(name="front", containers=[wl.Container(image="acme/front:1.0.0", port=8080)]),
            wl.ContainerGroup(name="back", containers=[wl.Container(image="acme/back:1.0.0", port=8080)]),
        ],
    )
    yield groups
    runtimes = [wl.GroupRuntime(name=name, replicas=1, bundles=["cpu.small"]) for name in ("front", "back")]
    yield wl.Workload("groups", artifact=groups, runtime=wl.Runtime(container_groups=runtimes))
    told = {"MODELS": f"{chat.endpoint}v1/models", "PEER": chat.id}
    front = wl.Artifact("front", containers=[wl.Container(image=f"acme/front:1.{tag}.0", port=8080, env=told)])
    yield front
    yield wl.Workload("front", artifact=front, replicas=1, bundles=["cpu.small"])
    seen = wl.lookup("manifest", name="somebodys", api_version="v1", kind="ConfigMap")
    document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "tells"}, "data": {"uid": seen.id}}
    yield Manifest("tells", document)
    yield wl.Output("endpoint", chat.endpoint)
    yield wl.Output("token", {"of": chat.id, "list": [front.id]}, sensitive=True)
    yield wl.Output("plain", {"tag": tag})


stack.environment(
    "operator",
    provider="kubernetes",
    namespace="operator",
    bundles=BUNDLES,
    target={**TARGET, "nim": "operator", "entry": {"class_name": "nginx", "tls_secret": "tls"}},
)
stack.environment(
    "plain",
    provider="kubernetes",
    namespace="plain",
    bundles={**BUNDLES, "gpu.h100": {"cpu": 0.5, "memory": "256MB", "gpu": {"products": ["NVIDIA-A100-SXM4-80GB"]}}},
    target={**TARGET, "nim": "plain", "autoscaler": "keda", "entry": {"name": "gateway", "namespace": "gateways"}},
)
