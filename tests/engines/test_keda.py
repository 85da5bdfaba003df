"""KEDA's real operator scales a Deployment on what the fake Prometheus says."""

from __future__ import annotations

import pytest

from engines.kubernetes.client import ApiError
from engines.kubernetes.handle import ClusterHandle
from engines.kubernetes.waiting import eventually
from engines.sample_objects import deployment, route, scaled_object

SCALED_OBJECTS = "/apis/keda.sh/v1alpha1/namespaces/{}/scaledobjects"


def test_a_deployment_is_scaled_to_zero_and_back(keda: ClusterHandle, fakes: ClusterHandle, namespace: str) -> None:
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    fragments = ("vllm:num_requests_waiting", f'namespace="{namespace}"')
    query = f'sum(vllm:num_requests_waiting{{namespace="{namespace}"}})'
    fakes.set_prometheus("35", *fragments)
    keda.api.create(path, deployment("model"))
    scaled = scaled_object("model", "http://prometheus.monitoring:9090", query)
    keda.api.create(SCALED_OBJECTS.format(namespace), scaled)
    own = f"{SCALED_OBJECTS.format(namespace)}/{scaled['metadata']['name']}"
    assert eventually(lambda: keda.api.get(own).get("status", {}).get("hpaName")) == "keda-hpa-model"
    fakes.set_prometheus("0", *fragments)
    assert eventually(lambda: keda.api.get(f"{path}/model")["spec"]["replicas"] == 0)
    fakes.set_prometheus("35", *fragments)
    assert eventually(lambda: keda.api.get(f"{path}/model")["spec"]["replicas"] >= 1)


def test_the_definitions_refuse_a_minimum_above_the_maximum(keda_definitions: ClusterHandle, namespace: str) -> None:
    body = scaled_object("model", "http://prometheus.test", "up")
    body["spec"]["minReplicaCount"] = 4
    with pytest.raises(ApiError, match="422"):
        keda_definitions.api.create(SCALED_OBJECTS.format(namespace), body)


def test_the_stand_in_of_the_http_add_on_scales_by_requests(
    keda: ClusterHandle, fakes: ClusterHandle, namespace: str
) -> None:
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    scaled = scaled_object("chat", "", "")
    metadata = {"scalerAddress": "keda-add-ons-http-external-scaler.keda:9090", "interceptorRoute": "chat"}
    scaled["spec"]["triggers"] = [{"type": "external-push", "metadata": metadata}]
    keda.api.create(path, deployment("chat"))
    routes = f"/apis/http.keda.sh/v1beta1/namespaces/{namespace}/interceptorroutes"
    keda.api.create(routes, route("chat"))
    keda.api.create(SCALED_OBJECTS.format(namespace), scaled)
    assert eventually(lambda: keda.api.get(f"{path}/chat")["spec"]["replicas"] == 0)
    fakes.set_requests(namespace, "chat", 25)
    assert eventually(lambda: keda.api.get(f"{path}/chat")["spec"]["replicas"] == 3)
    assert keda.api.get(f"{routes}/chat")["status"]["conditions"][0]["status"] == "True"
