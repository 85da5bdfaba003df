"""What the API server warns of stands in the plan, once each, and so does what others do to a live object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engines.kubernetes.waiting import eventually
from engines.sample_objects import scaled_object
from support.cluster_stage import ClusterStage
from support.refusal_pairs import deployment, made

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle


def endpoints(name: str) -> dict[str, Any]:
    return made("v1", "Endpoints", name, subsets=[])


def warnings(stage: ClusterStage, *options: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = stage.run("plan", "--format", "json", *options).json["warnings"]
    return found


def test_a_deprecation_stands_in_the_plan_once_with_all_objects_it_is_about(stage: ClusterStage) -> None:
    stage.manifests(endpoints("one"), endpoints("two"))
    (warning,) = warnings(stage)
    assert (warning["summary"], warning["severity"]) == ("Cluster warns", "warning")
    assert "v1 Endpoints is deprecated" in warning["detail"]
    assert "manifest.one, manifest.two" in warning["detail"]
    assert stage.run("plan").out.count("Endpoints is deprecated") == 1
    stage.apply()
    assert "Endpoints is deprecated" in stage.run("plan").out


def test_a_violation_of_pod_security_is_told_before_anything_is_made(stage: ClusterStage) -> None:
    stage.kubectl("label", "namespace", stage.namespace, "pod-security.kubernetes.io/warn=restricted")
    stage.manifests(deployment("web", replicas=1))
    (warning,) = warnings(stage)
    assert 'would violate PodSecurity "restricted' in warning["detail"]
    assert "allowPrivilegeEscalation" in warning["detail"]


def test_the_import_of_what_a_controller_made_is_warned_of(stage: ClusterStage, fakes: ClusterHandle) -> None:
    stage.kubectl("create", "deployment", "other", "--image=nginx:1")
    assert eventually(lambda: stage.names("replicaset"))
    (name,) = stage.names("replicaset")
    live = stage.get("replicaset", name)
    spec = {key: live["spec"][key] for key in ("replicas", "selector", "template")}
    stage.manifests(made("apps/v1", "ReplicaSet", name, spec=spec))
    (warning,) = warnings(stage)
    assert warning["summary"] == "Object belongs to a controller"
    assert "was made by the Deployment other" in warning["detail"]


def test_a_paused_autoscaler_is_mentioned(stage: ClusterStage, keda: ClusterHandle, fakes: ClusterHandle) -> None:
    query = f'num_requests_waiting{{namespace="{stage.namespace}"}}'
    web = {**deployment("web")}
    web["spec"] = {key: value for key, value in web["spec"].items() if key != "replicas"}
    scaler = scaled_object("web", fakes.prometheus, query)
    scaler["metadata"]["name"] = "scaler"
    stage.manifests(web, scaler)
    stage.apply("--no-wait")
    assert warnings(stage) == []
    stage.kubectl("annotate", "scaledobject", "scaler", "autoscaling.keda.sh/paused=true")
    (warning,) = warnings(stage)
    assert warning["summary"] == "Autoscaler is paused"
