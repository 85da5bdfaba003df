"""The test cluster does what the provider's tests rely on."""

from __future__ import annotations

import json
import threading
from contextlib import closing
from pathlib import Path

import pytest

from engines.kubernetes.client import ApiError, Json
from engines.kubernetes.handle import ClusterHandle, write_kubeconfig
from engines.kubernetes.waiting import eventually
from engines.sample_objects import autoscaler, claim, deployment


def _create(cluster: ClusterHandle, namespace: str, body: Json) -> None:
    cluster.kubectl("create", "-n", namespace, "-f", "-", input=json.dumps(body))


def _pods(cluster: ClusterHandle, namespace: str) -> list[Json]:
    pods: list[Json] = cluster.api.get(f"/api/v1/namespaces/{namespace}/pods")["items"]
    return pods


def _deployment(cluster: ClusterHandle, namespace: str, name: str) -> Json:
    return cluster.api.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}")


def test_the_server_is_of_the_release_that_go_mod_names(fakes: ClusterHandle) -> None:
    assert fakes.api.get("/version")["gitVersion"] == "v1.35.4"


def test_a_kubeconfig_is_written_whole_while_others_read_it(tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"
    write_kubeconfig(file, server="https://old", authority=None, token="token")
    with file.open() as reader:
        write_kubeconfig(file, server="https://new", authority=None, token="token")
        assert json.load(reader)["clusters"][0]["cluster"] == {"server": "https://old"}
    assert json.loads(file.read_text())["clusters"][0]["cluster"] == {"server": "https://new"}
    assert (file.stat().st_mode & 0o777, list(tmp_path.iterdir())) == (0o600, [file])


def test_a_deployment_of_three_rolls_out(cluster: ClusterHandle, namespace: str) -> None:
    _create(cluster, namespace, deployment("web", replicas=3))
    assert "successfully rolled out" in cluster.kubectl("rollout", "status", "deployment/web", "-n", namespace)
    assert [pod["status"]["phase"] for pod in _pods(cluster, namespace)] == ["Running"] * 3


@pytest.mark.parametrize(
    ("selector", "limits", "node"),
    [
        pytest.param({"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"}, {"nvidia.com/gpu": "1"}, "h100-0", id="H100"),
        pytest.param({"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-80GB"}, {"nvidia.com/gpu": "1"}, "a100-0", id="A100"),
        pytest.param({}, {"nvidia.com/mig-3g.40gb": "1"}, "mig-0", id="MIG"),
    ],
)
def test_gpus_are_found_by_product_and_resource(
    fakes: ClusterHandle, namespace: str, selector: Json, limits: Json, node: str
) -> None:
    body = deployment("model", limits=limits)
    body["spec"]["template"]["spec"]["nodeSelector"] = selector
    _create(fakes, namespace, body)
    eventually(lambda: any("nodeName" in pod["spec"] for pod in _pods(fakes, namespace)))
    assert [pod["spec"]["nodeName"] for pod in _pods(fakes, namespace)] == [node]


def test_a_claim_of_devices_is_allocated(fakes: ClusterHandle, namespace: str) -> None:
    h100 = "device.attributes['gpu.nvidia.com'].productName.lowerAscii().matches('.*h100.*')"
    exactly = {"deviceClassName": "gpu.nvidia.com", "count": 2, "selectors": [{"cel": {"expression": h100}}]}
    template = {"spec": {"devices": {"requests": [{"name": "gpus", "exactly": exactly}]}}}
    path = f"/apis/resource.k8s.io/v1/namespaces/{namespace}"
    fakes.api.create(f"{path}/resourceclaimtemplates", {"metadata": {"name": "gpus"}, "spec": template})
    body = deployment("model")
    body["spec"]["template"]["spec"]["resourceClaims"] = [{"name": "gpus", "resourceClaimTemplateName": "gpus"}]
    _create(fakes, namespace, body)
    eventually(lambda: any("nodeName" in pod["spec"] for pod in _pods(fakes, namespace)))
    (claimed,) = fakes.api.get(f"{path}/resourceclaims")["items"]
    assert len(claimed["status"]["allocation"]["devices"]["results"]) == 2
    assert [pod["spec"]["nodeName"] for pod in _pods(fakes, namespace)] == ["dra-0"]


def test_more_gpus_than_any_node_has_are_unschedulable(fakes: ClusterHandle, namespace: str) -> None:
    _create(fakes, namespace, deployment("model", limits={"nvidia.com/gpu": "9"}))
    conditions = eventually(
        lambda: [one for pod in _pods(fakes, namespace) for one in pod["status"].get("conditions", ())]
    )
    assert (conditions[0]["reason"], conditions[0]["status"]) == ("Unschedulable", "False")
    assert "Insufficient nvidia.com/gpu" in conditions[0]["message"]


@pytest.mark.parametrize(
    ("image", "reason"),
    [("registry.test/bad-image:1", "ImagePullBackOff"), ("registry.test/crashes:1", "CrashLoopBackOff")],
)
def test_an_image_says_how_its_pod_fails(fakes: ClusterHandle, namespace: str, image: str, reason: str) -> None:
    _create(fakes, namespace, deployment("web", image=image))

    def waiting() -> list[str]:
        statuses = [one for pod in _pods(fakes, namespace) for one in pod["status"].get("containerStatuses", ())]
        return [one["state"]["waiting"]["reason"] for one in statuses]

    assert eventually(waiting) == [reason]


def test_what_is_slow_gets_ready_later(fakes: ClusterHandle, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/pods"
    begin = fakes.api.get(path)["metadata"]["resourceVersion"]
    _create(fakes, namespace, deployment("web", image="slow:1"))
    seen: list[tuple[str, bool]] = []
    with closing(fakes.api.watch(path, begin, threading.Event())) as events:
        while ("Running", True) not in seen:
            status = next(events)["object"]["status"]
            seen += [(status["phase"], one["ready"]) for one in status.get("containerStatuses", ())]
    assert ("Running", False) in seen


def test_what_crashes_is_started_again(fakes: ClusterHandle, namespace: str) -> None:
    _create(fakes, namespace, deployment("web", image="registry.test/crashes:1"))

    def restarts() -> int:
        statuses = [one for pod in _pods(fakes, namespace) for one in pod["status"].get("containerStatuses", ())]
        return max((int(one["restartCount"]) for one in statuses), default=0)

    assert eventually(lambda: restarts() >= 3)


@pytest.mark.parametrize(("image", "condition"), [("busybox", "Complete"), ("crashes", "Failed")])
def test_a_job_ends_as_its_image_says(fakes: ClusterHandle, namespace: str, image: str, condition: str) -> None:
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": image}]}}
    spec = {"template": template, "backoffLimit": 0}
    _create(fakes, namespace, {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "once"}, "spec": spec})
    fakes.kubectl("wait", f"--for=condition={condition}", "job/once", "-n", namespace, "--timeout=90s")


def test_a_claim_is_bound_and_grows(fakes: ClusterHandle, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/persistentvolumeclaims/models"
    _create(fakes, namespace, claim("models"))
    assert eventually(lambda: fakes.api.get(path)["status"].get("capacity")) == {"storage": "1Gi"}
    fakes.api.merge(path, {"spec": {"resources": {"requests": {"storage": "2Gi"}}}})
    assert eventually(lambda: fakes.api.get(path)["status"]["capacity"] == {"storage": "2Gi"})


def test_a_lazy_claim_waits_for_its_first_pod(fakes: ClusterHandle, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/persistentvolumeclaims/models"
    _create(fakes, namespace, claim("models", storage_class="standard"))
    body = deployment("model")
    body["spec"]["template"]["spec"]["volumes"] = [{"name": "m", "persistentVolumeClaim": {"claimName": "models"}}]
    assert fakes.api.get(path)["status"]["phase"] == "Pending"
    _create(fakes, namespace, body)
    assert eventually(lambda: fakes.api.get(path)["status"]["phase"] == "Bound")


def test_an_autoscaler_follows_a_metric_of_the_pods(fakes: ClusterHandle, namespace: str) -> None:
    metric = {"metric": {"name": "vllm:num_requests_waiting"}, "target": {"type": "AverageValue", "averageValue": "10"}}
    fakes.set_pods_metric(namespace, "vllm:num_requests_waiting", "40", pods="model-")
    _create(fakes, namespace, deployment("model"))
    _create(fakes, namespace, autoscaler("model", {"type": "Pods", "pods": metric}))
    assert eventually(lambda: _deployment(fakes, namespace, "model")["status"].get("readyReplicas") == 5)
    fakes.set_pods_metric(namespace, "vllm:num_requests_waiting", "1", pods="model-")
    assert eventually(lambda: _deployment(fakes, namespace, "model")["spec"]["replicas"] == 1)


def test_an_autoscaler_follows_the_processors(fakes: ClusterHandle, namespace: str) -> None:
    target = {"type": "Utilization", "averageUtilization": 50}
    fakes.set_usage(namespace, cpu="100m", memory="64Mi")
    _create(fakes, namespace, deployment("web"))
    _create(fakes, namespace, autoscaler("web", {"type": "Resource", "resource": {"name": "cpu", "target": target}}))
    assert eventually(lambda: _deployment(fakes, namespace, "web")["spec"]["replicas"] > 1)


def test_an_external_metric_is_served(fakes: ClusterHandle, namespace: str) -> None:
    fakes.set_external_metric(namespace, "queue", "7")
    found = fakes.api.get(f"/apis/external.metrics.k8s.io/v1beta1/namespaces/{namespace}/queue")
    assert [item["value"] for item in found["items"]] == ["7"]


def test_a_reader_reads_and_a_stranger_may_nothing(fakes: ClusterHandle, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    assert fakes.api_as("readonly").get(path)["kind"] == "ConfigMapList"
    with pytest.raises(ApiError, match="403"):
        fakes.api_as("readonly").create(path, {"metadata": {"name": "settings"}})
    with pytest.raises(ApiError, match="403"):
        fakes.api_as("stack-user").get(path)


def test_the_audit_log_tells_what_a_user_asked(fakes: ClusterHandle, namespace: str) -> None:
    fakes.kubectl("--kubeconfig", str(fakes.kubeconfig_of("readonly", namespace)), "get", "secrets")
    asked = [one for one in fakes.requests("readonly") if one.namespace == namespace]
    assert [(one.verb, one.resource, one.code) for one in asked] == [("list", "secrets", 200)]
