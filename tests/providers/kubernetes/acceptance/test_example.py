"""The example of the first steps on a cluster, its code untouched: planned, applied, scaled, changed and destroyed.

KEDA's operator is the real one; its HTTP add-on and the NIM Operator are stand-ins.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from engines.kubernetes.waiting import eventually
from support.cluster_stage import ClusterStage

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle

EXAMPLE = Path(__file__).parents[4] / "examples" / "quickstart" / "infra.py"
SMALL = '"cpu.small": {"cpu": 0.5, "memory": "512MB"}'
LARGE = '"cpu.large": {"cpu": 1, "memory": "1GB"}'
TARGET = 'target={"ngc_secret": "ngc"}'
QUICK = 'target={"ngc_secret": "ngc", "polling_seconds": 1, "cooldown_seconds": 1}'
BY_REQUESTS = "autoscaling=[wl.concurrency(target=10, min=0, max=env.settings.replicas)]"
BY_CACHE = "autoscaling=[wl.gpu_cache(target=0.8, min=1, max=env.settings.replicas)]"
BY_CPU = "autoscaling=[wl.cpu(target=70, min=2, max=4)]"
FIXED = "replicas=3"
CHAT, LLM = "ghcr.io/acme/chat:1.4.2", "llama-3.1-8b-instruct:1.8.3"


@pytest.fixture
def example(keda: ClusterHandle, fakes: ClusterHandle, stage: ClusterStage) -> Iterator[ClusterStage]:
    write(stage)
    yield stage
    stage.run("destroy", "--auto-approve", "--no-wait", code=None)


def write(stage: ClusterStage, edits: dict[str, str] | None = None, *, settings: str = "") -> None:
    """Write the example for the namespace of the test, and with edits as somebody makes them over time."""
    edits = {
        'namespace="assistant"': f'namespace="{stage.namespace}", settings=Settings({settings})',
        SMALL: f"{SMALL}, {LARGE}",
        TARGET: QUICK,
        **(edits or {}),
    }
    text = EXAMPLE.read_text()
    for old, new in edits.items():
        assert old in text, old
        text = text.replace(old, new)
    stage.project.environ["KUBECONFIG"] = str(stage.cluster.kubeconfig)
    stage.project.write(text)


def replicas(stage: ClusterStage, name: str) -> int:
    return int(stage.get("deployment", name)["spec"]["replicas"])


def container(stage: ClusterStage, name: str) -> Any:
    return stage.get("deployment", name)["spec"]["template"]["spec"]["containers"][0]


def scale_up(stage: ClusterStage) -> None:
    """Give both services as much to do as three replicas can bear."""
    stage.cluster.set_requests(stage.namespace, "chat", 25)
    stage.cluster.set_pods_metric(stage.namespace, "gpu_cache_usage_perc", "790m", pods="llm")


@contextmanager
def never_jumping(stage: ClusterStage, count: int) -> Iterator[None]:
    """Fail unless both Deployments have this number of replicas all the while."""
    with ExitStack() as watching:
        seen = {name: watching.enter_context(stage.watched(name)) for name in ("chat", "llm")}
        yield
    assert seen == {"chat": [count], "llm": [count]}


@pytest.fixture
def at_three(example: ClusterStage) -> ClusterStage:
    """The example with both services scaled to three by their autoscalers."""
    write(example, settings="replicas=3")
    scale_up(example)
    example.cluster.set_pods_metric(example.namespace, "gpu_cache_usage_perc", "2", pods="llm")
    example.apply()
    assert eventually(lambda: (replicas(example, "chat"), replicas(example, "llm")) == (3, 3))
    scale_up(example)
    example.apply()
    return example


def test_what_the_plan_promises_is_what_kubectl_shows(example: ClusterStage) -> None:
    planned = example.run("plan").out
    assert "GPUs 0 -> 1..2 H100" in planned
    promised = example.project.changes("-e", "cluster")
    applied = example.apply()
    assert "Resources: 11 added, 0 changed, 0 destroyed" in applied.out
    for change in promised.values():
        if change["kind"] != "artifact":
            api, _, kind = change["kind"].rpartition("/")
            group, _, version = api.rpartition("/")
            found = example.get(f"{kind}.{version}.{group}", change["name"].partition("/")[2])
            assert found["metadata"]["annotations"]["wlinfra.dev/stack"] == "assistant/cluster"
    assert example.actions() == {}
    assert json.loads(example.run("output", "--json").out)["llm"]["value"].endswith(".svc.cluster.local:8000")


def test_what_kubectl_shows_says_what_it_is_part_of(example: ClusterStage) -> None:
    example.apply()
    listed = "-l", "app.kubernetes.io/part-of=assistant,app.kubernetes.io/managed-by=wlinfra"
    kinds = "deployment,service,secret,pvc,nimservice,scaledobject,interceptorroute"
    shown = example.kubectl("get", kinds, *listed, "-L", "app.kubernetes.io/name", "--no-headers")
    assert {line.split()[0].partition("/")[2] for line in shown.splitlines() if line} == {
        *("chat", "chat-backend", "chat-env", "llm", "llm-models")
    }
    assert {line.split()[-1] for line in shown.splitlines() if line} == {"chat", "llm"}


def test_requests_scale_chat_to_zero_and_back_through_kedas_operator(example: ClusterStage) -> None:
    example.apply()
    assert eventually(lambda: replicas(example, "chat") == 0)
    example.cluster.set_requests(example.namespace, "chat", 20)
    assert eventually(lambda: replicas(example, "chat") == 2)
    assert example.actions() == {}
    example.cluster.set_requests(example.namespace, "chat", 0)
    assert eventually(lambda: replicas(example, "chat") == 0)
    assert example.actions() == {}


def test_the_gpu_cache_scales_the_model_through_a_real_autoscaler(example: ClusterStage) -> None:
    example.apply()
    assert replicas(example, "llm") == 1
    example.cluster.set_pods_metric(example.namespace, "gpu_cache_usage_perc", "950m", pods="llm")
    assert eventually(lambda: replicas(example, "llm") == 2)
    assert example.actions() == {}
    example.cluster.set_pods_metric(example.namespace, "gpu_cache_usage_perc", "100m", pods="llm")
    assert eventually(lambda: replicas(example, "llm") == 1)


def test_new_images_roll_what_is_scaled_without_a_jump(at_three: ClusterStage) -> None:
    new = {CHAT: "ghcr.io/acme/chat:1.5.0", LLM: "llama-3.1-8b-instruct:1.8.4"}
    write(at_three, new, settings="replicas=3")
    planned = at_three.actions()
    assert planned["workload.chat/Deployment"] == planned["workload.llm/NIMService"] == "roll"
    with never_jumping(at_three, 3):
        at_three.apply()
    assert container(at_three, "chat")["image"] == "ghcr.io/acme/chat:1.5.0"
    assert container(at_three, "llm")["image"].endswith(":1.8.4")
    assert at_three.actions() == {}


def test_other_bundles_roll_what_is_scaled_without_a_jump(at_three: ClusterStage) -> None:
    write(at_three, settings='replicas=3, bundles=["cpu.large"], gpu_bundles=["gpu.a100"]')
    assert "GPUs 0 -> 1..3 A100, 3 -> 0 H100" in at_three.run("plan").out
    with never_jumping(at_three, 3):
        at_three.apply()
    assert container(at_three, "chat")["resources"]["requests"]["cpu"] == "1"
    pods = at_three.kubectl("get", "pods", "-l", "app=llm", "-o", "jsonpath={.items[*].spec.nodeName}")
    assert set(pods.split()) == {"a100-0"}
    assert at_three.actions() == {}


@pytest.mark.parametrize(
    "pairs",
    [
        pytest.param([(BY_CPU, BY_CACHE), (BY_REQUESTS, BY_CACHE)], id="between autoscalers"),
        pytest.param([(FIXED, BY_CACHE), (BY_CPU, BY_CACHE)], id="chat to a number and from it"),
        pytest.param(
            [(BY_CPU, FIXED), (BY_CPU, BY_CACHE)], id="llm to a number and from it", marks=pytest.mark.nightly
        ),
        pytest.param([(FIXED, FIXED)], id="both to a number", marks=pytest.mark.nightly),
        pytest.param([(BY_CPU, FIXED), (FIXED, FIXED)], id="one by one", marks=pytest.mark.nightly),
    ],
)
def test_replicas_pass_between_autoscalers_and_fixed_numbers_without_a_jump(
    at_three: ClusterStage, pairs: list[tuple[str, str]]
) -> None:
    at_three.cluster.set_usage(at_three.namespace, cpu="350m", pods="chat")
    with never_jumping(at_three, 3):
        for chat, llm in pairs:
            write(at_three, {BY_REQUESTS: chat, BY_CACHE: llm}, settings="replicas=3")
            at_three.apply()
            assert at_three.names("hpa") >= ({"chat"} if chat == BY_CPU else set())
            assert at_three.names("scaledobject") == ({"chat"} if chat == BY_REQUESTS else set())
            assert at_three.actions() == {}


def test_destroying_leaves_nothing_but_the_volume_that_it_names(example: ClusterStage) -> None:
    example.apply()
    said = example.run("destroy", "--auto-approve").out
    assert f"workload.llm/PersistentVolumeClaim  v1/PersistentVolumeClaim {example.namespace}/llm-models" in said
    kinds = ("deployment", "service", "secret", "nimservice", "scaledobject", "interceptorroute", "hpa")
    assert {kind: example.names(kind) for kind in kinds} == {kind: set() for kind in kinds}
    assert example.names("configmap") <= {"kube-root-ca.crt"}
    assert example.names("pvc") == {"llm-models"}
