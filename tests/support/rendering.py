"""Workloads rendered for one cluster, and short ways to look at what came out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import wlinfra as wl
from wlinfra_manifests.model import Bundle, DeviceRequest, Gpu, Rendered, Target
from wlinfra_manifests.render import render_workload

__all__ = ["TARGET", "errors", "nim", "plain", "render", "rendered", "server", "spec", "target", "warnings"]

TARGET = Target(
    namespace="ai",
    labels={"wlinfra.dev/stack": "assistant"},
    bundles={
        "cpu.small": Bundle(cpu=1, memory=2 * 10**9),
        "gpu.h100": Bundle(
            cpu=16,
            memory=128 * 10**9,
            gpu=Gpu(count=2, products=("NVIDIA-H100-80GB-HBM3",), min_memory_mib=80000, type="H100"),
            tolerations=({"key": "nvidia.com/gpu", "operator": "Exists"},),
            node_selector={"pool": "gpu"},
            runtime_class="nvidia",
        ),
        "gpu.a100": Bundle(gpu=Gpu(product_regex="^NVIDIA-A100")),
        "gpu.mig": Bundle(cpu=8, gpu=Gpu(resource="nvidia.com/mig-3g.40gb")),
        "gpu.dra": Bundle(cpu=8, gpu=Gpu(count=2, dra=DeviceRequest(cel="true"))),
    },
    ngc_secret="ngc",
    prometheus="http://prometheus.monitoring:9090",
)


def target(**changes: Any) -> Target:
    """Return the target with other options."""
    return replace(TARGET, **changes)


def server(**container: Any) -> wl.Artifact:
    """Return an artifact with one container."""
    given: dict[str, Any] = {"image": "ghcr.io/acme/chat:1.4.2", "port": 8080, **container}
    return wl.Artifact("server", containers=[wl.Container(**given)])


def nim(
    image: str = "nvcr.io/nim/meta/llama:1.8.3", *, storage: wl.Storage | None = None, **container: Any
) -> wl.Artifact:
    """Return a model server."""
    given: dict[str, Any] = {"image": image, "port": 8000, **container}
    return wl.Artifact("llama", type="nim", containers=[wl.Container(**given)], storage=storage)


def rendered(artifact: wl.Artifact | None = None, on: Target = TARGET, **workload: Any) -> Rendered:
    """Return everything that comes out for the workload ``chat``."""
    artifact = artifact or server()
    return render_workload(wl.Workload("chat", artifact=artifact, **workload), artifact, on)


def render(artifact: wl.Artifact | None = None, on: Target = TARGET, **workload: Any) -> dict[str, Any]:
    """Return the manifests by part; no error is expected."""
    done = rendered(artifact, on, **workload)
    assert errors(done) == []
    return {item.part: item.manifest for item in done.objects}


def spec(artifact: wl.Artifact | None = None, on: Target = TARGET, **workload: Any) -> Any:
    """Return the spec of what runs the pods."""
    objects = render(artifact, on, **workload)
    return (objects.get("Deployment") or objects["NIMService"])["spec"]


def plain(artifact: wl.Artifact | None = None, on: Target = TARGET, **workload: Any) -> Any:
    """Return the only container of the Deployment's pods."""
    (container,) = spec(artifact, on, **workload)["template"]["spec"]["containers"]
    return container


def errors(done: Rendered) -> list[str]:
    """Return the summaries of the errors."""
    return [problem.summary for problem in done.problems if problem.is_error]


def warnings(done: Rendered) -> list[str]:
    """Return the summaries of the warnings."""
    return [problem.summary for problem in done.problems if not problem.is_error]
