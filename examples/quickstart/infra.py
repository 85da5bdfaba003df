"""Two services on one platform: a plain one that scales to zero, and an NVIDIA NIM on GPU bundles."""

from collections.abc import Iterator

import wlinfra as wl


class Settings(wl.Settings):
    """What differs between environments."""

    replicas: int = 2
    bundles: list[str] = ["cpu.small"]
    gpu_bundles: list[str] = ["gpu.h100", "gpu.a100"]


stack = wl.Stack("assistant", settings=Settings)


@stack.resources
def resources(env: wl.Environment[Settings]) -> Iterator[wl.Resource | wl.Output]:
    """Yield what this stack wants in one environment."""
    server = wl.Artifact(
        "server",
        containers=[
            wl.Container(
                image="ghcr.io/acme/chat:1.4.2",
                port=8080,
                env={"LOG": "info", "TOKEN": wl.secret_env("CHAT_TOKEN")},
                readiness=wl.Probe(path="/healthz"),
            )
        ],
    )
    chat = wl.Workload(
        "chat",
        artifact=server,
        description="Answers people",
        bundles=env.settings.bundles,
        autoscaling=[wl.concurrency(target=10, min=0, max=env.settings.replicas)],
    )
    llama = wl.Artifact(
        "llama",
        type="nim",
        containers=[wl.Container(image="nvcr.io/nim/meta/llama-3.1-8b-instruct:1.8.3", port=8000)],
        storage=wl.Storage(mode="dedicatedPvc", pvc_size="50Gi"),
    )
    llm = wl.Workload(
        "llm",
        artifact=llama,
        importance="high",
        bundles=env.settings.gpu_bundles,
        autoscaling=[wl.gpu_cache(target=0.8, min=1, max=env.settings.replicas)],
    )
    yield from (server, chat, llama, llm)
    yield wl.Output("chat", chat.endpoint)
    yield wl.Output("llm", llm.endpoint)


stack.environment("local", provider="datarobot", endpoint="emulator")
stack.environment(
    "cluster",
    provider="kubernetes",
    namespace="assistant",
    bundles={
        "cpu.small": {"cpu": 0.5, "memory": "512MB"},
        "gpu.h100": {"cpu": 8, "memory": "64GB", "gpu": {"products": ["NVIDIA-H100-80GB-HBM3"], "type": "H100"}},
        "gpu.a100": {"cpu": 8, "memory": "64GB", "gpu": {"products": ["NVIDIA-A100-SXM4-80GB"], "type": "A100"}},
    },
    target={"ngc_secret": "ngc"},
)
stack.environment("prod", provider="datarobot", settings=Settings(replicas=8), protect=True)
