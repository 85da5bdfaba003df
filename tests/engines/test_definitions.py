"""The custom resource definitions take what we send and refuse what their rules forbid.

Under WLINFRA_TEST_CRDS the same holds for the originals.
"""

from __future__ import annotations

from typing import Any

import pytest

from engines.kubernetes.client import ApiError, Json
from engines.kubernetes.handle import ClusterHandle
from engines.sample_objects import nim_cache, nim_service, route

PATHS = {
    "NIMService": "/apis/apps.nvidia.com/v1alpha1/namespaces/{}/nimservices",
    "NIMCache": "/apis/apps.nvidia.com/v1alpha1/namespaces/{}/nimcaches",
    "InterceptorRoute": "/apis/http.keda.sh/v1beta1/namespaces/{}/interceptorroutes",
    "HTTPScaledObject": "/apis/http.keda.sh/v1alpha1/namespaces/{}/httpscaledobjects",
}
DRA = [{"resourceClaimTemplateName": "gpus"}]
OTHER_DRA = [{"resourceClaimTemplateName": "other"}]
SCALE = {"enabled": True, "hpa": {"minReplicas": 1, "maxReplicas": 3, "metrics": []}}
CONTAINER = {"name": "log", "image": {"repository": "log", "tag": "1"}, "env": [{"name": "A", "value": "b"}]}
PROBE = {"enabled": True, "probe": {"httpGet": {"path": "/", "port": 8000}, "periodSeconds": 30}}
HTTP_SCALED = {
    "apiVersion": "http.keda.sh/v1alpha1",
    "kind": "HTTPScaledObject",
    "metadata": {"name": "web"},
    "spec": {
        "hosts": ["web.example.com"],
        "pathPrefixes": ["/"],
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "service": "web", "port": 80},
        "replicas": {"min": 0, "max": 3},
        "scalingMetric": {"concurrency": {"targetValue": 10}},
        "scaledownPeriod": 300,
    },
}
FULL_SERVICE: dict[str, Any] = {
    "image": {"repository": "nim", "tag": "1", "pullPolicy": "IfNotPresent", "pullSecrets": ["ngc-pull"]},
    "command": ["serve"],
    "args": ["--fast"],
    "env": [{"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
    "storage": {"nimCache": {"name": "models", "profile": ""}, "sharedMemorySizeLimit": "16Gi"},
    "labels": {"a": "b"},
    "annotations": {"a": "b"},
    "nodeSelector": {"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"},
    "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
    "resources": {"limits": {"nvidia.com/gpu": 1, "memory": "8G"}, "requests": {"cpu": "500m"}},
    "expose": {"service": {"type": "ClusterIP", "port": 8000}, "router": {"ingress": {"ingressClass": "nginx"}}},
    "livenessProbe": PROBE,
    "readinessProbe": PROBE,
    "startupProbe": PROBE,
    "replicas": 2,
    "userID": 1000,
    "groupID": 2000,
    "runtimeClassName": "nvidia",
    "sidecarContainers": [CONTAINER],
}


def _create(cluster: ClusterHandle, namespace: str, body: Json) -> Json:
    path = PATHS[body["kind"]].format(namespace)
    return cluster.api.create(f"{path}?fieldValidation=Strict", body)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(nim_service("llm"), id="NIMService"),
        pytest.param(nim_service("llm", **FULL_SERVICE), id="NIMService with all we send"),
        pytest.param(nim_service("llm", scale=SCALE), id="NIMService with an autoscaler"),
        pytest.param(nim_service("llm", draResources=DRA), id="NIMService with claims of devices"),
        pytest.param(nim_cache("models"), id="NIMCache"),
        pytest.param(route("web"), id="InterceptorRoute"),
        pytest.param(route("web", timeouts={"readiness": "30s"}), id="InterceptorRoute with a timeout"),
        pytest.param(HTTP_SCALED, id="HTTPScaledObject"),
    ],
)
def test_what_we_send_is_accepted(cluster: ClusterHandle, namespace: str, body: Json) -> None:
    sent = _create(cluster, namespace, body)["spec"]
    assert {key: sent[key] for key in ("image", "source", "target", "hosts") if key in sent} == {
        key: body["spec"][key] for key in ("image", "source", "target", "hosts") if key in body["spec"]
    }


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(nim_service("llm", replicas=1, scale=SCALE), id="replicas beside an autoscaler"),
        pytest.param(nim_service("llm", scale=SCALE, multiNode={"parallelism": {}}), id="autoscaler over many nodes"),
        pytest.param(nim_service("llm", replicas=-1), id="negative replicas"),
        pytest.param(nim_service("llm", image={"repository": "nim"}), id="image without a tag"),
        pytest.param(nim_service("llm", draResources=[{}]), id="claim of nothing"),
        pytest.param(nim_service("llm", unknown=1), id="unknown field"),
        pytest.param(nim_cache("models", source={}), id="cache without a source"),
        pytest.param(route("web", target={"service": "web"}), id="route without a port"),
        pytest.param(
            route("web", target={"service": "web", "port": 80, "portName": "http"}), id="route with two ports"
        ),
        pytest.param(route("web", scalingMetric={}), id="route without a metric"),
        pytest.param(route("web", scalingMetric={"concurrency": {"targetValue": 2.5}}), id="half a request"),
    ],
)
def test_what_the_rules_forbid_is_refused(cluster: ClusterHandle, namespace: str, body: Json) -> None:
    with pytest.raises(ApiError) as refused:
        _create(cluster, namespace, body)
    assert refused.value.status in {400, 422}


@pytest.mark.parametrize(
    ("body", "change"),
    [
        pytest.param(nim_service("llm", draResources=DRA), {"draResources": OTHER_DRA}, id="other devices"),
        pytest.param(nim_service("llm", draResources=DRA), {"draResources": None}, id="no devices"),
        pytest.param(nim_cache("models"), {"source": {"ngc": {"modelPuller": "other:1"}}}, id="other puller"),
    ],
)
def test_what_is_immutable_stays(cluster: ClusterHandle, namespace: str, body: Json, change: Json) -> None:
    live = _create(cluster, namespace, body)
    path = f"{PATHS[body['kind']].format(namespace)}/{live['metadata']['name']}"
    with pytest.raises(ApiError, match=r"422.*immutable"):
        cluster.api.merge(path, {"spec": change})
