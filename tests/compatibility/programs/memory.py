"""Resources of every sort on the platform in memory; an environment that is settled, and others that were interrupted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import wlinfra as wl


class Settings(wl.Settings):
    phase: int = 3


stack = wl.Stack("memory", settings=Settings)
INTERRUPTED = ("create-lost", "create-unsent", "update-lost", "delete-lost", "replace-lost", "deposed")


@stack.resources
def resources(env: wl.Environment[Settings]) -> Iterator[wl.Resource | wl.Output]:
    if env.name == "settled":
        yield from _settled(env.settings.phase)
    else:
        yield from _interrupted(env.name, env.settings.phase)


def _server(name: str, tag: int = 1, **more: Any) -> wl.Artifact:
    return wl.Artifact(name, containers=[wl.Container(image=f"acme/{name}:{tag}", port=8080, **more)])


def _settled(phase: int) -> Iterator[wl.Resource | wl.Output]:
    secrets = {"A": "größe", "TOKEN": wl.secret_env("CHAT_TOKEN"), "FILE": wl.secret_file("token.txt")}
    server = _server("server", phase, env=secrets)
    yield server
    chat = wl.Workload("chat", artifact=server, replicas=phase, bundles=["cpu.small"], protect=True)
    yield chat
    yield wl.Workload("kept", artifact=server, replicas=1, cpu=1, memory="1GB", retain=True, tags={"$wlinfra": "odd"})
    yield wl.Workload(
        "scaled", artifact=server, autoscaling=[wl.cpu(target=70, min=1, max=3)], ignore_changes=["description"]
    )
    front = _server("front", env={"MODELS": f"{chat.endpoint}v1", "PEER": chat.id})
    yield front
    yield wl.Workload("front", artifact=front, replicas=1, bundles=["cpu.small"], depends_on=[server])
    yield wl.Workload("found", artifact=front, replicas=1, bundles=["cpu.small"], description="made by hand")
    yield wl.Workload(
        "again", artifact=front, replicas=1, importance="low" if phase < 3 else "high", replace_on=["importance"]
    )
    yield wl.Workload(
        "new" if phase >= 3 else "old", platform_name="old", aliases=["workload.old"] * (phase >= 3), artifact=front
    )
    if phase < 3:
        yield wl.Workload("gone", artifact=front, replicas=1)
        yield wl.Workload("left", artifact=front, replicas=1, retain=True)
    with wl.scope("payments"):
        yield wl.Workload("api", platform_name="payments-api", artifact=server, replicas=1)
    seen = wl.lookup("workload", name="somebodys")
    yield _server("told", env={"SEEN": seen.endpoint})
    yield wl.Output("endpoint", chat.endpoint)
    yield wl.Output("hidden", {"of": chat.id}, sensitive=True)
    yield wl.Output("phase", phase)


def _interrupted(name: str, phase: int) -> Iterator[wl.Resource | wl.Output]:
    first = phase == 1
    server = wl.Artifact(
        "server", platform_name=f"{name}-server", containers=[wl.Container(image="acme/chat:1", port=8080)]
    )
    yield server
    changed = not first and name in ("update-lost", "replace-lost", "deposed")
    yield wl.Workload(
        "chat",
        platform_name=f"{name}-chat",
        artifact=server,
        replicas=1,
        description="changed" if changed else "as it was",
        replace_on=["description"] if name in ("replace-lost", "deposed") else [],
        replace_order="create-then-delete" if name == "deposed" else "delete-then-create",
    )
    if not first and name.startswith("create"):
        yield wl.Workload(
            "second", platform_name=f"{name}-second", artifact=server, replicas=2, protect=True, retain=True
        )
    if first or name != "delete-lost":
        yield wl.Workload("third", platform_name=f"{name}-third", artifact=server, replicas=1)


for environment in ("settled", *INTERRUPTED):
    stack.environment(environment, provider="memory")
