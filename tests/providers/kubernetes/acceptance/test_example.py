"""The example of the first steps on a cluster, with nothing changed but the environment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.cluster_stage import ClusterStage

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle

EXAMPLE = Path(__file__).parents[4] / "examples" / "quickstart" / "infra.py"
H100 = {"count": 1, "products": ["NVIDIA-H100-80GB-HBM3"], "type": "H100"}
A100 = {"count": 1, "products": ["NVIDIA-A100-SXM4-80GB"], "type": "A100"}
BUNDLES = {
    "cpu.small": {"cpu": 0.5, "memory": "512MB"},
    "cpu.large": {"cpu": 1, "memory": "1GB"},
    "gpu.h100": {"cpu": 1, "memory": "1GB", "gpu": H100},
    "gpu.a100": {"cpu": 1, "memory": "1GB", "gpu": A100},
}
IMAGE = "ghcr.io/acme/chat:1.4.2"
SCALED = "autoscaling=[wl.concurrency(target=10, min=0, max=env.settings.replicas)]"
BY_CPU = "autoscaling=[wl.cpu(target=70, min=2, max=4)]"
FIXED = "replicas=2"


@pytest.fixture
def example(keda_definitions: ClusterHandle, stage: ClusterStage) -> Iterator[ClusterStage]:
    write(stage, SCALED)
    yield stage
    stage.run("destroy", "--auto-approve", "--no-wait", code=None)


def write(stage: ClusterStage, scaling: str, *, image: str = IMAGE, bundle: str = "cpu.small") -> None:
    """Write the example with an edit of it, as somebody makes it over time."""
    text = EXAMPLE.read_text().replace(SCALED, scaling).replace(IMAGE, image).replace('"cpu.small"', f'"{bundle}"')
    stage.program(text, bundles=BUNDLES, target={"ngc_secret": "ngc"})


def replicas(stage: ClusterStage) -> Any:
    return json.loads(stage.kubectl("get", "deployment", "chat", "-o", "jsonpath={.spec.replicas}"))


def container(stage: ClusterStage) -> Any:
    return stage.get("deployment", "chat")["spec"]["template"]["spec"]["containers"][0]


def test_the_untouched_example_becomes_what_the_plan_promised(example: ClusterStage) -> None:
    planned = example.run("plan").out
    assert "GPUs 0 -> 1..2 H100" in planned
    with example.routes_ready():
        example.apply("--no-wait")
    assert example.names("deployment") >= {"chat"}
    assert example.names("scaledobject") == {"chat"}
    assert example.names("interceptorroute") == {"chat"}
    assert example.names("nimservice") == {"llm"}
    assert example.get("nimservice", "llm")["spec"]["resources"]["limits"]["nvidia.com/gpu"] in (1, "1")
    assert example.actions() == {}


def test_replicas_pass_to_an_autoscaler_and_back_without_a_jump(example: ClusterStage) -> None:
    write(example, FIXED)
    example.apply()
    assert (replicas(example), example.actions()) == (2, {})
    with example.watched("chat") as seen:
        write(example, BY_CPU)
        example.apply()
        assert example.get("hpa", "chat")["spec"]["minReplicas"] == 2
        assert example.actions() == {}
        write(example, FIXED)
        example.apply()
    assert "chat" not in example.names("hpa")
    assert set(seen) == {2}
    assert example.actions() == {}


def test_a_new_image_and_another_bundle_roll_the_deployment_in_place(example: ClusterStage) -> None:
    write(example, FIXED)
    example.apply()
    first = example.get("deployment", "chat")["metadata"]["uid"]
    write(example, FIXED, image="ghcr.io/acme/chat:2")
    assert example.actions()["workload.chat/Deployment"] == "roll"
    example.apply()
    assert container(example)["image"] == "ghcr.io/acme/chat:2"
    write(example, FIXED, image="ghcr.io/acme/chat:2", bundle="cpu.large")
    assert example.actions()["workload.chat/Deployment"] == "roll"
    example.apply()
    assert container(example)["resources"]["requests"]["cpu"] == "1"
    assert example.get("deployment", "chat")["metadata"]["uid"] == first
    assert example.actions() == {}


def test_destroying_leaves_nothing_but_volumes_that_it_names(example: ClusterStage) -> None:
    write(example, FIXED)
    example.apply()
    example.run("destroy", "--auto-approve")
    for kind in ("deployment", "service", "secret", "nimservice", "scaledobject", "interceptorroute"):
        assert not example.names(kind), kind
    assert example.names("configmap") <= {"kube-root-ca.crt"}
