"""Small stacks on the DataRobot emulator, each left behind in the middle of its second apply; an environment each."""

from __future__ import annotations

from collections.abc import Iterator

import wlinfra as wl


class Settings(wl.Settings):
    phase: int = 2


stack = wl.Stack("interrupted", settings=Settings)
ENVIRONMENTS = ("create-lost", "create-unsent", "update-lost", "roll-lost", "delete-lost", "deposed", "unready")


@stack.resources
def resources(env: wl.Environment[Settings]) -> Iterator[wl.Resource | wl.Output]:
    later = env.settings.phase == 2
    image = {"roll-lost": "acme/chat:2", "unready": "acme/never-ready:2"}.get(env.name, "acme/chat:1")
    server = wl.Artifact(
        "server",
        platform_name=f"{env.name}-server",
        containers=[
            wl.Container(image=image if later else "acme/chat:1", port=8080, env={"TOKEN": wl.secret_env("CHAT_TOKEN")})
        ],
    )
    yield server
    chat = wl.Workload(
        "chat",
        platform_name=f"{env.name}-chat",
        artifact=server,
        replicas=1,
        bundles=["cpu.small"],
        description="changed" if later and env.name in ("update-lost", "deposed") else "as it was",
        replace_on=["description"] if env.name == "deposed" else [],
        replace_order="create-then-delete" if env.name == "deposed" else None,
    )
    yield chat
    if later and env.name.startswith("create"):
        yield wl.Workload(
            "second",
            platform_name=f"{env.name}-second",
            artifact=server,
            replicas=2,
            bundles=["cpu.small"],
            protect=True,
            retain=True,
            description=f"beside {chat.id}",
        )
    if not later or env.name != "delete-lost":
        yield wl.Workload(
            "third", platform_name=f"{env.name}-third", artifact=server, replicas=1, bundles=["cpu.small"]
        )
    yield wl.Output("endpoint", chat.endpoint)


for environment in ENVIRONMENTS:
    stack.environment(environment, provider="datarobot", token="test-token", read_timeout=5)
