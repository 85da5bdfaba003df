"""The example of the first steps on a real control plane, with only the environment changed."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Self

from support.command_line import CommandLine

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle

EXAMPLE = Path(__file__).parents[2] / "examples" / "quickstart" / "infra.py"
ENVIRONMENT = """
stack.environment(
    "cluster", provider="kubernetes", kubeconfig={kubeconfig!r}, namespace={namespace!r},
    bundles={{
        "cpu.small": {{"cpu": 0.5, "memory": "512MB"}},
        "gpu.h100": {{"cpu": 1, "memory": "1GB", "gpu": {{"count": 1, "products": ["NVIDIA-H100-80GB-HBM3"], "type": "H100"}}}},
        "gpu.a100": {{"cpu": 1, "memory": "1GB", "gpu": {{"count": 1, "products": ["NVIDIA-A100-SXM4-80GB"], "type": "A100"}}}},
    }},
    target={{"ngc_secret": "ngc"}},
)
"""


class RouteStandIn:
    """Calls every InterceptorRoute of a namespace ready, as the operator of the HTTP add-on would."""

    def __init__(self, cluster: ClusterHandle, namespace: str) -> None:
        self._kubectl = cluster.kubectl
        self._place = ("-n", namespace)
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _work(self) -> None:
        condition = {"type": "Ready", "status": "True", "reason": "Ready", "lastTransitionTime": "2026-01-01T00:00:00Z"}
        status = json.dumps({"status": {"conditions": [condition]}})
        while not self._done.wait(0.3):
            for name in self._kubectl("get", "interceptorroutes", "-o", "name", *self._place).split():
                self._kubectl("patch", name, *self._place, "--subresource=status", "--type=merge", "-p", status)


def test_the_example_runs_on_a_cluster_with_only_the_environment_changed(
    keda_definitions: ClusterHandle, namespace: str, tmp_path: Path
) -> None:
    line = CommandLine(folder=tmp_path, environ={"CHAT_TOKEN": "s3cret"})
    environment = ENVIRONMENT.format(kubeconfig=str(keda_definitions.kubeconfig), namespace=namespace)
    line.write(EXAMPLE.read_text() + environment)
    plan = line.run("plan", "-e", "cluster")
    assert plan.code == 0, plan.err
    assert "GPUs 0 -> 1..2 H100" in plan.out
    with RouteStandIn(keda_definitions, namespace):
        applied = line.run("apply", "--auto-approve", "--no-wait", "-e", "cluster")
    assert applied.code == 0, applied.out + applied.err
    again = line.run("plan", "--format", "json", "-e", "cluster").json
    assert {change["action"] for change in again["changes"]} == {"no-op"}
