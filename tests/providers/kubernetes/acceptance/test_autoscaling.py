"""A real HorizontalPodAutoscaler and KEDA's real operator scale what the command line applied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engines.kubernetes.waiting import eventually
from support.cluster_stage import ClusterStage

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle

PROGRAM = """
import wlinfra as wl

stack = wl.Stack("scaled")


@stack.resources
def resources(env):
    server = wl.Artifact("server", containers=[wl.Container(image="ghcr.io/acme/chat:1", port=8080)])
    yield server
    yield wl.Workload("chat", artifact=server, bundles=["cpu.small"], autoscaling=[POLICY])

"""
BUNDLES = {"cpu.small": {"cpu": 0.5, "memory": "512MB"}}


def replicas(stage: ClusterStage) -> int:
    return int(stage.get("deployment", "chat")["spec"]["replicas"])


def test_a_real_autoscaler_scales_on_the_metric_and_the_plan_stays_empty(
    fakes: ClusterHandle, stage: ClusterStage
) -> None:
    fakes.set_usage(stage.namespace, cpu="900m")
    stage.program(PROGRAM.replace("POLICY", "wl.cpu(target=70, min=1, max=3)"), bundles=BUNDLES)
    stage.apply()
    assert eventually(lambda: replicas(stage) == 3, seconds=90)
    assert stage.actions() == {}


def test_queue_depth_scales_to_zero_and_back_through_keda(
    keda: ClusterHandle, fakes: ClusterHandle, stage: ClusterStage
) -> None:
    query = ("num_requests_waiting", stage.namespace)
    fakes.set_prometheus("35", *query)
    target = {"prometheus": fakes.prometheus, "polling_seconds": 1, "cooldown_seconds": 1}
    policy = "wl.queue_depth(target=10, min=0, max=3)"
    stage.program(PROGRAM.replace("POLICY", policy), bundles=BUNDLES, target=target)
    stage.apply()
    fakes.set_prometheus("0", *query)
    assert eventually(lambda: replicas(stage) == 0)
    assert stage.actions() == {}
    fakes.set_prometheus("35", *query)
    assert eventually(lambda: replicas(stage) >= 1)
    assert stage.actions() == {}


def test_concurrency_becomes_a_route_and_a_scaler_that_names_it(
    keda_definitions: ClusterHandle, stage: ClusterStage
) -> None:
    stage.program(PROGRAM.replace("POLICY", "wl.concurrency(target=10, min=0, max=3)"), bundles=BUNDLES)
    stage.apply("--no-wait")
    route = stage.get("interceptorroute", "chat")["spec"]
    assert route["scalingMetric"]["concurrency"]["targetValue"] == 10
    scaler = stage.get("scaledobject", "chat")["spec"]
    assert (scaler["minReplicaCount"], scaler["maxReplicaCount"]) == (0, 3)
    assert scaler["triggers"][0]["type"] == "external-push"
    assert scaler["triggers"][0]["metadata"]["interceptorRoute"] == "chat"


def test_without_waiting_every_object_is_made_though_nothing_gets_ready(stage: ClusterStage) -> None:
    text = PROGRAM.replace("chat:1", "never-ready:1").replace("POLICY", "wl.cpu(target=70, min=1, max=3)")
    stage.program(text, bundles=BUNDLES)
    stage.apply("--no-wait")
    assert stage.names("hpa") == stage.names("deployment") == {"chat"}
    waited_for = stage.run("plan").out
    assert "workload.chat/Deployment will be waited for until it is ready" in waited_for


def test_the_autoscaler_that_keda_makes_is_no_stray(
    keda: ClusterHandle, fakes: ClusterHandle, stage: ClusterStage
) -> None:
    target = {"prometheus": fakes.prometheus, "polling_seconds": 1}
    both = "    yield wl.Workload('other', artifact=server, bundles=['cpu.small'], autoscaling=[wl.cpu(target=70, min=1, max=2)])"
    policy = "wl.queue_depth(target=10, min=0, max=3)"
    stage.program(PROGRAM.rstrip().replace("POLICY", policy) + f"\n{both}\n", bundles=BUNDLES, target=target)
    stage.apply()
    assert eventually(lambda: stage.names("hpa") == {"keda-hpa-chat", "other"})
    assert stage.actions() == {}


def test_a_plan_shows_no_address_that_only_a_dry_run_has_invented(
    keda_definitions: ClusterHandle, stage: ClusterStage
) -> None:
    stage.program(PROGRAM.replace("POLICY", "wl.concurrency(target=10, min=1, max=3)"), bundles=BUNDLES)
    stage.apply("--no-wait")
    stage.program(PROGRAM.replace("autoscaling=[POLICY]", "replicas=1"), bundles=BUNDLES)
    shown = stage.run("plan").out
    assert "+ spec.clusterIP             = (known after apply)" in shown
    assert f"PATCH /apis/apps/v1/namespaces/{stage.namespace}/deployments/chat " in shown
    stage.apply()
    assert stage.get("service", "chat")["spec"]["clusterIP"].startswith("10.")
    assert stage.actions() == {}
