"""A stack with every sort of resource on the DataRobot emulator; `phase` is how far its history has gone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import wlinfra as wl


class Settings(wl.Settings):
    phase: int = 4
    sources: str = ""
    """The catalog and its version, as `CATALOG/VERSION`."""


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
    "unsaid": {},
    "cpu": {"autoscaling": [wl.cpu(target=70, min=1, max=3)]},
    "asleep": {"autoscaling": [wl.concurrency(target=10, min=0, max=4)]},
    "two": {"autoscaling": [wl.cpu(target=60, min=1, max=4), wl.concurrency(target=5, min=1, max=4)]},
    "off": {"autoscaling": wl.Autoscaling(enabled=False, policies=[wl.cpu(target=70, min=1, max=3)])},
}
NIM_SCALINGS: dict[str, Any] = {
    "cache": {"autoscaling": [wl.gpu_cache(target=0.8, min=1, max=4)]},
    "queue": {"autoscaling": [wl.queue_depth(target=8, min=0, max=2)]},
    "custom": {"autoscaling": [wl.custom_metric("vllm:kv_cache_usage_perc", target=0.7, min=1, max=2)]},
}
HARDWARE: dict[str, Any] = {
    "bundle": {"bundles": ["cpu.small"]},
    "choice": {"bundles": ["gpu.h100", "gpu.a100"]},
    "exact": {"cpu": 2, "memory": "512MB"},
    "gpu": {"cpu": 1, "memory": "2GB", "gpu": 1},
}


@stack.resources
def resources(env: wl.Environment[Settings]) -> Iterator[wl.Resource | wl.Output]:
    phase = env.settings.phase
    tag = min(phase, 3)
    shared = wl.Artifact("shared", description="Runs often", containers=[wl.Container(image="acme/often:1", port=8080)])
    yield shared
    for scaling, replicas in SCALINGS.items():
        for hardware, size in HARDWARE.items():
            yield wl.Workload(f"{scaling}-{hardware}", artifact=shared, **replicas, **size)
    yield from _models()
    yield from _service(tag, env.settings)
    yield from _lifecycles(phase)
    yield from _builds(env.settings)
    with wl.scope("payments"):
        server = wl.Artifact("server", platform_name="payments-server", containers=[_plain(tag)])
        yield server
        with wl.scope("inner"):
            yield wl.Workload("api", platform_name="payments-api", artifact=server, replicas=1, bundles=["cpu.small"])


def _plain(tag: int) -> wl.Container:
    return wl.Container(image=f"acme/plain:{tag}", port=8080)


def _models() -> Iterator[wl.Resource]:
    storages = {"own": wl.Storage(mode="dedicated_pvc", pvc_size="200Gi"), "shared": wl.Storage(mode="nim_cache")}
    for name, storage in storages.items():
        image = wl.Container(image=f"nvcr.io/nim/meta/llama-{name}:1.8", port=8000)
        model = wl.Artifact(f"model-{name}", type="nim", containers=[image], storage=storage)
        yield model
        for scaling, replicas in NIM_SCALINGS.items():
            yield wl.Workload(f"{scaling}-{name}", artifact=model, bundles=["gpu.h100"], **replicas)


def _service(tag: int, settings: Settings) -> Iterator[wl.Resource | wl.Output]:
    """A service of two containers with every attribute, three versions of it, and another that is told where it is."""
    main = wl.Container(
        name="main",
        image=f"ghcr.io/acme/chat:1.{tag}",
        port=8080,
        primary=True,
        entrypoint=["serve", "--fast"],
        env={
            "B_FIRST": "1",
            "A_SECOND": "größe",
            "TOKEN": wl.secret_env("CHAT_TOKEN"),
            "FILE": wl.secret_file("token.txt"),
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
    side = wl.Container(name="side", image="docker.io/library/redis:7")
    server = wl.Artifact("server", containers=[main, side], description=f"Version {tag}")
    yield server
    chat = wl.Workload(
        "chat",
        artifact=server,
        description="Chats",
        importance="high",
        protect=True,
        replacement=wl.ReplacementPolicy(warmup_minutes=0, keep_old_minutes=0),
        shared_roles=[wl.SharedRole(role="CONSUMER", username="bob"), wl.SharedRole(role="READ_ONLY", username="eve")],
        runtime=wl.Runtime(
            container_groups=[
                wl.GroupRuntime(
                    replicas=1 + tag,
                    containers=[
                        wl.ContainerRuntime(name="main", allocation=wl.Allocation(cpu=2, memory="1GB")),
                        wl.ContainerRuntime(name="side", allocation=wl.Allocation(cpu=0.5, memory="256MB")),
                    ],
                )
            ]
        ),
        timeouts={"create": 600, "update": 300},
    )
    yield chat
    front = wl.Artifact(
        "front",
        containers=[
            wl.Container(
                image=f"acme/front:{tag}", port=8080, env={"MODELS": f"{chat.endpoint}v1/models", "PEER": chat.id}
            )
        ],
    )
    yield front
    yield wl.Workload("front", artifact=front, replicas=1, bundles=["cpu.small"])
    yield wl.Output("endpoint", chat.endpoint)
    yield wl.Output("token", {"of": chat.id, "list": [server.id, server.version]}, sensitive=True)
    yield wl.Output("plain", {"tag": tag, "repository": server.repository_id})


def _lifecycles(phase: int) -> Iterator[wl.Resource]:
    kept = wl.Artifact("kept", retain=True, protect=True, containers=[_plain(1)])
    yield kept
    yield wl.Workload("kept", artifact=kept, replicas=1, bundles=["cpu.small"], retain=True)
    yield wl.Workload("stopped", artifact=kept, replicas=1, bundles=["cpu.small"], power="stopped")
    yield wl.Workload(
        "left-alone",
        artifact=kept,
        replicas=1,
        bundles=["cpu.small"],
        description="as declared",
        ignore_changes=["description", "runtime.containerGroups.*.replicaCount"],
    )
    name = "renamed" if phase >= 3 else "old-name"
    aliases = ["workload.old-name"] if phase >= 3 else []
    yield wl.Workload(name, platform_name="old-name", aliases=aliases, artifact=kept, replicas=1, bundles=["cpu.small"])
    # The platform stops what runs from a draft after a day.
    draft = wl.Artifact("draft", status="draft", containers=[_plain(min(phase, 3))])
    yield draft
    yield wl.Workload("tried-out", artifact=draft, replicas=1, bundles=["cpu.small"], power="stopped")
    once = wl.Artifact("once-draft", status="locked" if phase >= 2 else "draft", containers=[_plain(2)])
    yield once
    yield wl.Workload("promoted", artifact=once, replicas=1, bundles=["cpu.small"])
    if phase >= 2:
        yield wl.Workload(
            "found", artifact=kept, replicas=1, bundles=["cpu.small"], description="made by hand", depends_on=[once]
        )
    if phase < 3:
        gone = wl.Artifact("gone", containers=[_plain(1)])
        yield gone
        yield wl.Workload("gone", artifact=gone, replicas=1, bundles=["cpu.small"])
        yield wl.Workload("retained", artifact=kept, replicas=1, bundles=["cpu.small"], retain=True)
    if phase >= 2:
        yield wl.Workload(
            "another-every-time",
            artifact=kept,
            replicas=1,
            bundles=["cpu.small"],
            description=f"phase {min(phase, 3)}",
            replace_on=["description"],
            replace_order="delete-then-create",
        )
    inline = wl.Artifact("inline", containers=[_plain(3)])
    yield wl.Workload("inline", artifact=inline, replicas=1, bundles=["cpu.small"])
    seen = wl.lookup("workload", name="somebodys")
    told = wl.Artifact("told", containers=[wl.Container(image="acme/told:1", port=8080, env={"SEEN": seen.endpoint})])
    yield told


def _builds(settings: Settings) -> Iterator[wl.Resource]:
    catalog, _, version = settings.sources.partition("/")
    build = wl.ImageBuild(code_ref=wl.CodeRef(catalog_id=catalog, catalog_version_id=version))
    yield wl.Artifact("built", containers=[wl.Container(build=build, port=8080)])


stack.environment("embedded", provider="datarobot", endpoint="emulator")
stack.environment("standalone", provider="datarobot", token="test-token")
stack.environment("june", provider="datarobot", endpoint="emulator", api="2026-06")
