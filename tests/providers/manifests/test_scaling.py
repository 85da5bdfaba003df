from __future__ import annotations

from typing import Any

import pytest
from support.rendering import errors, nim, render, rendered, server, target, warnings

import wlinfra as wl

SMALL: dict[str, Any] = {"bundles": ["cpu.small"]}


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (
            wl.cpu(target=70.0, max=5),
            {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}},
        ),
        (
            wl.gpu_cache(target=0.7, max=5),
            {"type": "Pods", "pods": {"metric": {"name": "vllm:kv_cache_usage_perc"}, "target": {"type": "AverageValue", "averageValue": "700m"}}},
        ),
        (
            wl.queue_depth(target=4, max=5),
            {"type": "Pods", "pods": {"metric": {"name": "vllm:num_requests_waiting"}, "target": {"type": "AverageValue", "averageValue": "4"}}},
        ),
        (
            wl.custom_metric("acme:jobs", target=1.5, max=5),
            {"type": "Pods", "pods": {"metric": {"name": "acme:jobs"}, "target": {"type": "AverageValue", "averageValue": "1500m"}}},
        ),
    ],
)  # fmt: skip
def test_a_policy_becomes_a_metric_of_an_hpa(policy: wl.ScalingPolicy, expected: Any) -> None:
    objects = render(autoscaling=[policy], **SMALL)
    assert "replicas" not in objects["Deployment"]["spec"]
    assert objects["HorizontalPodAutoscaler"]["spec"] == {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "chat"},
        "minReplicas": 1,
        "maxReplicas": 5,
        "metrics": [expected],
    }


@pytest.mark.parametrize(
    ("policy", "kind", "more", "metadata"),
    [
        (wl.cpu(target=70, max=5), "cpu", {"metricType": "Utilization"}, {"value": "70"}),
        (
            wl.gpu_cache(target=0.7, max=5), "prometheus", {"metricType": "Value"},
            {"query": 'avg(vllm:kv_cache_usage_perc{namespace="ai",service="chat"})', "threshold": "0.7"},
        ),
        (
            wl.queue_depth(target=100, max=5), "prometheus", {"metricType": "AverageValue"},
            {"query": 'sum(vllm:num_requests_waiting{namespace="ai",service="chat"})', "threshold": "100"},
        ),
        (
            wl.custom_metric("jobs", target=2, max=5), "prometheus", {"metricType": "AverageValue"},
            {"query": 'sum(jobs{namespace="ai",service="chat"})', "threshold": "2"},
        ),
        (
            wl.concurrency(target=10, max=5), "external-push", {},
            {"scalerAddress": "keda-add-ons-http-external-scaler.keda:9090", "interceptorRoute": "chat"},
        ),
    ],
)  # fmt: skip
def test_a_policy_becomes_a_trigger_of_keda(policy: wl.ScalingPolicy, kind: str, more: Any, metadata: Any) -> None:
    spec = render(on=target(autoscaler="keda"), autoscaling=[policy], **SMALL)["ScaledObject"]["spec"]
    if kind == "prometheus":
        metadata = {"serverAddress": "http://prometheus.monitoring:9090", **metadata}
    assert spec["triggers"] == [{"type": kind, **more, "metadata": metadata}]
    assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (1, 5)


@pytest.mark.parametrize(
    ("policy", "allowed", "kind"),
    [
        (wl.cpu(target=70, max=5), "auto", "HorizontalPodAutoscaler"),
        (wl.cpu(target=70, max=5), "hpa", "HorizontalPodAutoscaler"),
        (wl.cpu(target=70, max=5), "keda", "ScaledObject"),
        (wl.queue_depth(target=4, min=0, max=5), "auto", "ScaledObject"),
        (wl.concurrency(target=4, min=1, max=5), "auto", "ScaledObject"),
        (wl.requests_in_flight(target=4, min=1, max=5), "auto", "ScaledObject"),
    ],
)
def test_an_hpa_is_taken_where_it_can_hold_the_policies(policy: wl.ScalingPolicy, allowed: Any, kind: str) -> None:
    objects = render(on=target(autoscaler=allowed), autoscaling=[policy], **SMALL)
    assert [part for part in objects if part in ("HorizontalPodAutoscaler", "ScaledObject")] == [kind]


def test_counted_requests_go_through_the_add_on() -> None:
    objects = render(on=target(domain="example.com"), autoscaling=[wl.concurrency(target=10, min=0, max=5)])
    assert objects["InterceptorRoute"]["spec"] == {
        "target": {"service": "chat-backend", "port": 80},
        "rules": [{"hosts": ["chat.example.com", "chat.ai.svc", "chat.ai.svc.cluster.local"]}],
        "scalingMetric": {"concurrency": {"targetValue": 10}},
    }
    assert objects["Service"]["spec"] == {
        "type": "ExternalName",
        "externalName": "keda-add-ons-http-interceptor-proxy.keda.svc.cluster.local",
        "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
    }
    assert objects["Service-backend"]["spec"]["ports"][0]["targetPort"] == "http"


@pytest.mark.parametrize(("fewest", "first"), [(0, 90), (1, None)])
def test_what_may_go_to_zero_gets_the_cooldown_before_the_first_time_too(fewest: int, first: int | None) -> None:
    on = target(autoscaler="keda", cooldown_seconds=90)
    spec = render(on=on, autoscaling=[wl.concurrency(target=10, min=fewest, max=5)])["ScaledObject"]["spec"]
    assert (spec["cooldownPeriod"], spec.get("initialCooldownPeriod")) == (90, first)


def test_an_older_add_on_gets_an_object_of_its_own() -> None:
    on = target(http_scaling="http-scaled-object")
    spec = render(on=on, autoscaling=[wl.concurrency(target=10, min=0, max=5)])["HTTPScaledObject"]["spec"]
    assert spec["replicas"] == {"min": 0, "max": 5}
    assert (spec["scaleTargetRef"]["service"], spec["scaleTargetRef"]["port"]) == ("chat-backend", 80)
    assert spec["scalingMetric"] == {"concurrency": {"targetValue": 10}}


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("nvcr.io/nim/meta/llama:1.8.3", "gpu_cache_usage_perc"),
        ("nvcr.io/nim/meta/llama:2.0.1", "vllm:kv_cache_usage_perc"),
    ],
)
def test_the_nim_operator_scales_by_the_names_of_its_version(image: str, name: str) -> None:
    objects = render(nim(image), autoscaling=[wl.gpu_cache(target=0.8, max=4)], bundles=["gpu.h100"])
    scale = objects["NIMService"]["spec"]["scale"]
    assert (scale["enabled"], scale["hpa"]["minReplicas"], scale["hpa"]["maxReplicas"]) == (True, 1, 4)
    assert scale["hpa"]["metrics"][0]["pods"]["metric"] == {"name": name}
    assert {"replicas", "HorizontalPodAutoscaler"}.isdisjoint({*objects, *objects["NIMService"]["spec"]})


def test_a_nim_that_sleeps_is_scaled_beside_its_operator() -> None:
    done = rendered(nim(), autoscaling=[wl.concurrency(target=4, min=0, max=4)])
    objects = {item.part: item for item in done.objects}
    assert warnings(done) == ["Scaling beside the NIM Operator"]
    assert {"replicas", "scale"}.isdisjoint(objects["NIMService"].manifest["spec"])
    assert objects["Service"].name == "chat-http"
    assert objects["InterceptorRoute"].manifest["spec"]["target"] == {"service": "chat", "port": 8000}
    assert objects["ScaledObject"].depends_on == ("NIMService", "InterceptorRoute")


@pytest.mark.parametrize(
    ("policies", "options", "expected"),
    [
        ([wl.requests_per_hour(target=9, max=5)], {}, "Metric not possible here"),
        ([wl.cpu(target=72.5, max=5)], {}, "Target not whole"),
        ([wl.concurrency(target=2.5, max=5)], {}, "Target not whole"),
        ([wl.cpu(target=70, max=5), wl.queue_depth(target=4, max=9)], {}, "Different bounds of policies"),
        ([wl.custom_metric("a/b", target=1, max=5)], {}, "Metric name not possible here"),
        ([wl.concurrency(target=4, max=5)], {"http_scaling": "none"}, "Needs the KEDA HTTP add-on"),
        ([wl.concurrency(target=4, max=5)], {"autoscaler": "hpa"}, "Needs KEDA"),
        ([wl.queue_depth(target=4, min=0, max=5)], {"prometheus": ""}, "No Prometheus server"),
        ([wl.queue_depth(target=4, min=0, max=0)], {}, "At most no replica"),
        ([wl.concurrency(target=4, max=5), wl.cpu(target=70, max=5)], {"http_scaling": "http-scaled-object"}, "Concurrency not alone"),
        ([wl.concurrency(target=4, max=5), wl.requests_in_flight(target=4, max=5)], {}, "Same metric twice"),
    ],
)  # fmt: skip
def test_what_no_autoscaler_can_hold_is_refused(policies: Any, options: Any, expected: str) -> None:
    assert set(errors(rendered(on=target(**options), autoscaling=policies, **SMALL))) == {expected}


def test_cpu_use_needs_a_request_of_every_container() -> None:
    assert errors(rendered(server(), autoscaling=[wl.cpu(target=70, max=5)])) == ["CPU use needs a request"]


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        ([wl.gpu_cache(target=70, max=5)], "Target taken for percent"),
        ([wl.queue_depth(target=4, min=0, max=5)], "May never wake up"),
        ([wl.cpu(target=70, max=5, priority=1), wl.queue_depth(target=4, max=5)], "Priority has no effect"),
    ],
)
def test_what_is_not_quite_the_same_is_warned_of(policies: Any, expected: str) -> None:
    done = rendered(autoscaling=policies, **SMALL)
    assert (errors(done), warnings(done)) == ([], [expected])
