"""Small stacks on a cluster, each left behind in the middle of its second apply; an environment each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import wlinfra as wl
from wlinfra_kubernetes import Manifest


class Settings(wl.Settings):
    phase: int = 2


stack = wl.Stack("interrupted", settings=Settings)
ENVIRONMENTS = (
    "create-lost",
    "create-unsent",
    "update-lost",
    "delete-lost",
    "replace-half",
    "deposed",
    "workload-lost",
    "unready",
)


@stack.resources
def resources(env: wl.Environment[Settings]) -> Iterator[wl.Resource | wl.Output]:
    first, name = env.settings.phase == 1, env.name
    settings = {"a": "1" if first or name != "update-lost" else "2"}
    yield Manifest("settings", _map(f"{name}-settings", settings))
    yield Manifest("secret", _secret(f"{name}-secret"), protect=True, retain=True)
    if not first and name.startswith("create"):
        yield Manifest("second", _map(f"{name}-second", {"b": "2"}), protect=True, retain=True)
    if first or name != "delete-lost":
        yield Manifest("third", _map(f"{name}-third", {"c": "3"}))
    if name == "replace-half":
        yield Manifest("web", _deployment(f"{name}-web", app="before" if first else "after"))
    if name == "deposed":
        yield Manifest("moved", _map(f"{name}-{'before' if first else 'after'}", {"d": "4"}))
    if name == "unready":
        yield Manifest("slow", _deployment(f"{name}-slow", image="nginx:1" if first else "never-ready:1"))
    if name == "workload-lost":
        image = wl.Container(image="acme/chat:1.0.0", port=8080, env={"TOKEN": wl.secret_env("CHAT_TOKEN")})
        server = wl.Artifact("server", containers=[image])
        yield server
        yield wl.Workload("one", platform_name=f"{name}-one", artifact=server, replicas=2, cpu=0.1, memory="64MB")
        if not first:
            yield wl.Workload("two", platform_name=f"{name}-two", artifact=server, replicas=2, cpu=0.1, memory="64MB")


def _map(name: str, data: dict[str, str]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def _secret(name: str) -> dict[str, Any]:
    values = {"token": wl.secret_env("CHAT_TOKEN")}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": values}


def _deployment(name: str, *, app: str = "web", image: str = "nginx:1") -> dict[str, Any]:
    resources = {"requests": {"cpu": "10m", "memory": "16Mi"}}
    pod = {
        "metadata": {"labels": {"app": f"{name}-{app}"}},
        "spec": {"containers": [{"name": "main", "image": image, "resources": resources}]},
    }
    spec = {"selector": {"matchLabels": {"app": f"{name}-{app}"}}, "template": pod}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


for environment in ENVIRONMENTS:
    stack.environment(environment, provider="kubernetes", namespace="interrupted")
