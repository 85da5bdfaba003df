"""Volume claims: grown in place, never shrunk or lost unasked, and replaced only when nothing mounts them any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.cluster_stage import ClusterStage, container

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle

BOUND = "--for=jsonpath={.status.phase}=Bound"


def claim(size: str = "1Gi", storage_class: str = "shared", mode: str = "ReadWriteMany") -> dict[str, Any]:
    spec = {"accessModes": [mode], "storageClassName": storage_class, "resources": {"requests": {"storage": size}}}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "models"}, "spec": spec}


def mounting(claim_name: str = "models") -> dict[str, Any]:
    mount = container(volumeMounts=[{"name": "data", "mountPath": "/data"}])
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": claim_name}}]
    pod = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [mount], "volumes": volumes}}
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": pod}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


def stateful(template: str, **more: Any) -> dict[str, Any]:
    spec = claim(storage_class="standard", mode="ReadWriteOnce")["spec"]
    mount = container(volumeMounts=[{"name": template, "mountPath": "/data"}])
    pod = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [mount]}}
    claims = [{"metadata": {"name": template}, "spec": spec}]
    selector = {"matchLabels": {"app": "web"}}
    given = {"serviceName": "web", "replicas": 2, "selector": selector, "template": pod, "volumeClaimTemplates": claims}
    return {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"}, "spec": {**given, **more}}


def uid(stage: ClusterStage, kind: str, name: str) -> str:
    return str(stage.get(kind, name)["metadata"]["uid"])


def said(stage: ClusterStage, command: str, *arguments: str) -> str:
    ended = stage.run(command, *arguments, code=1)
    return " ".join((ended.out + ended.err).replace("│", " ").split())


@pytest.fixture
def mounted(stage: ClusterStage, fakes: ClusterHandle) -> ClusterStage:
    stage.manifests(claim(), mounting())
    stage.apply()
    stage.kubectl("wait", BOUND, "pvc/models", "--timeout=90s")
    return stage


def test_a_claim_grows_in_place(mounted: ClusterStage) -> None:
    first = uid(mounted, "pvc", "models")
    mounted.manifests(claim("2Gi"), mounting())
    assert mounted.actions() == {"manifest.models": "update"}
    mounted.apply()
    found = mounted.get("pvc", "models")
    assert (found["metadata"]["uid"], found["spec"]["resources"]["requests"]["storage"]) == (first, "2Gi")
    assert mounted.actions() == {}


def test_a_claim_that_shrinks_is_refused_with_the_reason(mounted: ClusterStage) -> None:
    mounted.manifests(claim("500Mi"), mounting())
    text = said(mounted, "plan")
    assert "manifest.models cannot be changed this way, and recreating it loses what is on it" in text
    assert "field can not be less than" in text
    assert "-e cluster --replace manifest.models" in text
    assert mounted.get("pvc", "models")["spec"]["resources"]["requests"]["storage"] == "1Gi"


def test_growth_that_the_class_does_not_allow_is_refused_in_the_cluster_s_words(stage: ClusterStage) -> None:
    stage.manifests(claim(storage_class=rigid_class(stage)))
    stage.apply()
    bind(stage, "models")
    stage.manifests(claim("2Gi", storage_class=rigid_class(stage)))
    assert "must support resize" in said(stage, "plan")


def test_a_replaced_claim_takes_what_mounts_it_out_of_its_way_and_back(mounted: ClusterStage) -> None:
    first = (uid(mounted, "pvc", "models"), uid(mounted, "deployment", "web"))
    mounted.manifests(claim(mode="ReadWriteOnce"), mounting())
    assert "loses what is on it" in said(mounted, "plan")
    changes = mounted.project.changes("-e", "cluster", "--replace", "manifest.models")
    told = {address: (change["action"], change["blast_radius"]) for address, change in changes.items()}
    assert told == {"manifest.models": ("replace", "data loss"), "manifest.web": ("replace", "downtime")}
    assert changes["manifest.models"]["irreversible_because"] == "what is on the volume is lost"
    assert changes["manifest.web"]["reason"] == "dependency_replaced"
    mounted.apply("--replace", "manifest.models")
    assert mounted.get("pvc", "models")["spec"]["accessModes"] == ["ReadWriteOnce"]
    assert not {uid(mounted, "pvc", "models"), uid(mounted, "deployment", "web")}.intersection(first)
    assert mounted.actions() == {}


def test_a_claim_that_a_foreign_pod_mounts_is_not_deleted_and_the_run_goes_on_when_it_is_free(
    stage: ClusterStage, fakes: ClusterHandle
) -> None:
    stage.manifests(claim())
    stage.apply()
    fakes.api.create(f"/apis/apps/v1/namespaces/{stage.namespace}/deployments", mounting())
    stage.kubectl("rollout", "status", "deployment/web", "--timeout=90s")
    first = uid(stage, "pvc", "models")
    text = said(stage, "apply", "--auto-approve", "--replace", "manifest.models")
    assert "cannot go while the pod web-" in text
    assert "hangs on kubernetes.io/pvc-protection until the pod ends; it was not deleted." in text
    assert "deletionTimestamp" not in stage.get("pvc", "models")["metadata"]
    stage.kubectl("delete", "deployment", "web", "--wait", "--cascade=foreground")
    stage.apply("--replace", "manifest.models")
    assert uid(stage, "pvc", "models") != first
    assert stage.actions() == {}


def test_nothing_of_ours_is_deleted_for_a_claim_that_a_foreign_pod_holds(mounted: ClusterStage) -> None:
    volumes = mounting()["spec"]["template"]["spec"]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "guest"}, "spec": volumes}
    mounted.cluster.api.create(f"/api/v1/namespaces/{mounted.namespace}/pods", pod)
    mounted.kubectl("wait", "pod/guest", "--for=condition=Ready", "--timeout=90s")
    first = uid(mounted, "deployment", "web")
    planned = mounted.run("plan", "--replace", "manifest.models").out
    assert "note: the pod guest mounts it, and is not of this stack" in planned
    text = said(mounted, "apply", "--auto-approve", "--replace", "manifest.models")
    assert "cannot go while the pod guest mounts it too" in text
    assert (uid(mounted, "deployment", "web"), mounted.names("pvc")) == (first, {"models"})
    mounted.kubectl("delete", "pod", "guest")
    mounted.apply("--replace", "manifest.models")
    assert uid(mounted, "deployment", "web") != first
    assert mounted.actions() == {}


def test_a_claim_waits_for_a_pod_whose_replica_set_is_about_to_go(stage: ClusterStage, fakes: ClusterHandle) -> None:
    stage.manifests(claim())
    stage.apply()
    fakes.api.create(f"/apis/apps/v1/namespaces/{stage.namespace}/replicasets", {**mounting(), "kind": "ReplicaSet"})
    stage.kubectl("wait", "replicaset/web", "--for=jsonpath={.status.readyReplicas}=1", "--timeout=90s")
    stage.kubectl("patch", "replicaset", "web", "-p", '{"metadata": {"finalizers": ["test.example/held"]}}')
    stage.kubectl("delete", "replicaset", "web", "--wait=false")
    with stage.project.start("apply", "-e", "cluster", "--auto-approve", "--replace", "manifest.models") as apply:
        assert any("still mounts it" in line for line in apply.stdout or ())
        stage.kubectl("patch", "replicaset", "web", "-p", '{"metadata": {"finalizers": null}}')
        apply.communicate()
    assert apply.returncode == 0
    assert stage.actions() == {}


def test_a_claim_that_somebody_is_deleting_is_made_anew_when_it_is_gone(mounted: ClusterStage) -> None:
    first = uid(mounted, "pvc", "models")
    mounted.kubectl("delete", "pvc", "models", "--wait=false")
    change = mounted.project.changes("-e", "cluster")["manifest.models"]
    assert (change["action"], change["reason"], change["blast_radius"]) == ("replace", "gone", "data loss")
    mounted.apply()
    assert uid(mounted, "pvc", "models") != first
    assert mounted.actions() == {}


def test_a_claim_that_hangs_in_its_deletion_ends_the_run_with_the_pod_that_holds_it(
    stage: ClusterStage, fakes: ClusterHandle
) -> None:
    stage.manifests(claim())
    stage.apply()
    fakes.api.create(f"/apis/apps/v1/namespaces/{stage.namespace}/deployments", mounting())
    stage.kubectl("rollout", "status", "deployment/web", "--timeout=90s")
    stage.kubectl("delete", "pvc", "models", "--wait=false")
    text = said(stage, "apply", "--auto-approve")
    assert "cannot go while the pod web-" in text
    assert "was not deleted" not in text
    stage.kubectl("delete", "deployment", "web", "--wait", "--cascade=foreground")
    stage.apply()
    assert stage.names("pvc") == {"models"}
    assert stage.actions() == {}


def test_a_claim_that_is_declared_no_more_is_kept_and_named_everywhere(mounted: ClusterStage) -> None:
    planned, _, result = mounted.run("destroy", "--auto-approve").out.partition("Destroy complete!")
    assert "it is kept, because it holds data" in planned
    assert "Kept, and no longer recorded (1)" in result
    assert "manifest.models" in result
    assert mounted.names("pvc") == {"models"}
    assert mounted.names("deployment") == set()


def test_a_claim_that_was_kept_is_taken_back_when_it_is_declared_again(mounted: ClusterStage) -> None:
    first = uid(mounted, "pvc", "models")
    mounted.run("destroy", "--auto-approve")
    mounted.manifests(claim(), mounting())
    assert mounted.actions()["manifest.models"] == "import"
    mounted.apply("--adopt")  # no record and no inventory proves any more whose it is
    assert uid(mounted, "pvc", "models") == first
    assert mounted.actions() == {}


def test_a_claim_goes_with_what_used_it_where_that_is_asked_for(mounted: ClusterStage) -> None:
    mounted.manifests(claim(), mounting(), delete_volumes=True)
    plan = mounted.run("plan", "--destroy").out
    assert "what is on the volume is lost" in plan
    mounted.run("destroy", "--auto-approve")
    assert mounted.names("pvc") == set()


def test_a_claim_to_delete_that_a_foreign_pod_mounts_stays_until_it_is_free(
    stage: ClusterStage, fakes: ClusterHandle
) -> None:
    stage.manifests(claim(), delete_volumes=True)
    stage.apply()
    fakes.api.create(f"/apis/apps/v1/namespaces/{stage.namespace}/deployments", mounting())
    stage.kubectl("rollout", "status", "deployment/web", "--timeout=90s")
    text = said(stage, "destroy", "--auto-approve")
    assert "cannot go while the pod web-" in text
    assert "it was not deleted." in text
    assert "deletionTimestamp" not in stage.get("pvc", "models")["metadata"]
    stage.kubectl("delete", "deployment", "web", "--wait", "--cascade=foreground")
    stage.run("destroy", "--auto-approve")
    assert stage.names("pvc") == set()


@pytest.mark.parametrize("more", [(), ("--no-wait",)], ids=["waited for", "at once"])
def test_a_claim_goes_after_the_pods_that_stop_mounting_it(mounted: ClusterStage, more: tuple[str, ...]) -> None:
    plain = mounting()
    del plain["spec"]["template"]["spec"]["volumes"]
    plain["spec"]["template"]["spec"]["containers"] = [container()]
    mounted.manifests(plain, delete_volumes=True)
    assert mounted.actions() == {"manifest.web": "roll", "manifest.models": "delete"}
    mounted.apply(*more)
    mounted.kubectl("wait", "pvc/models", "--for=delete", "--timeout=90s")


@pytest.mark.parametrize("more", [(), ("--no-wait",)], ids=["waited for", "at once"])
def test_a_claim_goes_after_the_pods_that_go_with_it(mounted: ClusterStage, more: tuple[str, ...]) -> None:
    mounted.manifests(claim(), mounting(), delete_volumes=True)
    mounted.run("destroy", "--auto-approve", *more)
    mounted.kubectl("wait", "pvc/models", "--for=delete", "--timeout=90s")


def test_claims_of_a_replaced_stateful_set_are_kept_and_mounted_again(
    stage: ClusterStage, fakes: ClusterHandle
) -> None:
    stage.manifests(stateful("data"))
    stage.apply()
    first = uid(stage, "pvc", "data-web-0")
    stage.manifests(stateful("data", serviceName="other"))
    (note,) = stage.project.changes("-e", "cluster")["manifest.web"]["notes"]
    assert note == "its volume claims are kept as they are, and its new pods mount them again: data-web-0, data-web-1"
    stage.apply()
    assert uid(stage, "pvc", "data-web-0") == first
    assert stage.actions() == {}


def test_claims_of_another_template_are_left_over_and_named(stage: ClusterStage, fakes: ClusterHandle) -> None:
    stage.manifests(stateful("data"))
    stage.apply()
    stage.manifests(stateful("files"))
    (note,) = stage.project.changes("-e", "cluster")["manifest.web"]["notes"]
    assert note == "volume claims that nothing mounts any more are kept: data-web-0, data-web-1"
    assert f"manifest.web  v1/PersistentVolumeClaim {stage.namespace}/data-web-0\n" in stage.apply().out
    assert stage.names("pvc") == {"data-web-0", "data-web-1", "files-web-0", "files-web-1"}
    assert "its volume claims are kept: files-web-0, files-web-1" in stage.run("plan", "--destroy").out


@pytest.mark.parametrize("options", [{}, {"delete_volumes": True}], ids=["", "delete_volumes"])
def test_claims_that_a_stateful_set_made_are_named_when_they_are_left(
    stage: ClusterStage, fakes: ClusterHandle, options: dict[str, Any]
) -> None:
    stage.manifests(stateful("data"), **options)
    stage.apply()
    stage.manifests(**options)
    result = stage.apply("--allow-empty").out.partition("Apply complete!")[2]
    assert "Kept, and no longer recorded (2)" in result
    assert f"v1/PersistentVolumeClaim {stage.namespace}/data-web-1" in result
    assert stage.names("pvc") == {"data-web-0", "data-web-1"}


def test_a_claim_that_an_apply_lets_go_is_named_and_one_that_is_gone_is_not(mounted: ClusterStage) -> None:
    mounted.manifests(mounting())
    assert "Kept, and no longer recorded (1)" in mounted.apply().out
    mounted.manifests(claim())
    mounted.apply()
    mounted.kubectl("delete", "pvc", "models")
    assert "Kept" not in mounted.run("destroy", "--auto-approve").out


def test_claims_that_go_with_their_stateful_set_are_a_loss_of_data(stage: ClusterStage, fakes: ClusterHandle) -> None:
    policy = {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete", "whenScaled": "Retain"}}
    stage.manifests(stateful("data", **policy))
    stage.apply()
    stage.manifests(stateful("data", serviceName="other", **policy))
    change = stage.project.changes("-e", "cluster")["manifest.web"]
    assert (change["blast_radius"], change["reversible"]) == ("data loss", False)
    assert "the volumes of data go with it" in change["irreversible_because"]


def rigid_class(stage: ClusterStage) -> str:
    """Return the name of a storage class that lets nothing grow."""
    name = f"rigid-{stage.namespace}"[:60]
    body = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": name}, "provisioner": "x.y"}
    path = "/apis/storage.k8s.io/v1/storageclasses"
    if not stage.cluster.api.exists(f"{path}/{name}"):
        stage.cluster.api.create(path, {**body, "volumeBindingMode": "WaitForFirstConsumer"})
    return name


def bind(stage: ClusterStage, name: str) -> None:
    """Bind a claim to a volume made by hand, as its class makes none."""
    claim = stage.get("pvc", name)
    reference = {"kind": "PersistentVolumeClaim", "apiVersion": "v1", "name": name, "namespace": stage.namespace}
    spec = {
        "capacity": {"storage": "1Gi"},
        "accessModes": claim["spec"]["accessModes"],
        "storageClassName": claim["spec"]["storageClassName"],
        "claimRef": {**reference, "uid": claim["metadata"]["uid"]},
        "hostPath": {"path": "/nowhere"},
    }
    volume = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": f"pv-{stage.namespace}"}}
    stage.cluster.api.create("/api/v1/persistentvolumes", {**volume, "spec": spec})
    stage.kubectl("wait", BOUND, f"pvc/{name}", "--timeout=90s")
