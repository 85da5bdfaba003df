"""Caches of models: nobody may change one, so it is made anew, and the plan names the download that costs."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
from engines.kubernetes.waiting import eventually
from engines.sample_objects import claim, nim_cache, nim_service
from support.cluster_stage import ClusterStage, container

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle

LOSS = "the cached model on the volume model-pvc goes with it, and has to be downloaded again"
PROGRAM = """
import wlinfra as wl

stack = wl.Stack("models")


@stack.resources
def resources(env):
    image = "nvcr.io/nim/meta/llama:IMAGE"
    model = wl.Artifact("llama", type="nim", containers=[wl.Container(image=image, port=8000)], storage=STORAGE)
    yield model
    yield wl.Workload("chat", artifact=model, replicas=1, gpu=1)

"""
CACHED, OWN = 'wl.Storage(mode="nim_cache")', 'wl.Storage(pvc_size="10Gi")'


def cache(**changed: Any) -> dict[str, Any]:
    found = copy.deepcopy(nim_cache("model"))
    found["spec"]["source"]["ngc"] |= {key: value for key, value in changed.items() if key != "pvc"}
    if "pvc" in changed:
        found["spec"]["storage"]["pvc"] = changed["pvc"]
    return found


def uids(stage: ClusterStage, *names: str) -> list[str]:
    return [str(stage.get(*name.split("/"))["metadata"]["uid"]) for name in names]


def planned(stage: ClusterStage, address: str = "manifest.model") -> dict[str, Any]:
    found: dict[str, Any] = stage.project.changes("-e", "cluster")[address]
    return found


def causes(change: dict[str, Any]) -> list[str]:
    return [item["attribute"] for item in change["attributes"] if item["effect"] == "replaces"]


@pytest.fixture
def cached(stage: ClusterStage, fakes: ClusterHandle) -> ClusterStage:
    stage.manifests(cache())
    stage.apply()
    return stage


@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        ({"modelPuller": "nvcr.io/nim/meta/llama3-8b-instruct:1.1.0"}, "spec.source.ngc.modelPuller"),
        ({"model": {"profiles": ["abc"]}}, "spec.source.ngc.model"),
        ({"pvc": {**nim_cache("m")["spec"]["storage"]["pvc"], "size": "20Gi"}}, "spec.storage.pvc.size"),
    ],
    ids=["image", "profile", "size"],
)
def test_a_changed_cache_is_replaced_and_the_lost_model_is_named(
    cached: ClusterStage, changed: dict[str, Any], cause: str
) -> None:
    before = uids(cached, "nimcache/model", "pvc/model-pvc")
    cached.manifests(cache(**changed))
    change = planned(cached)
    assert (change["action"], change["reason"], change["blast_radius"]) == ("replace", "cannot_update", "data loss")
    assert (causes(change), change["irreversible_because"]) == ([cause], LOSS)
    cached.apply()
    assert not set(before).intersection(uids(cached, "nimcache/model", "pvc/model-pvc"))
    assert cached.actions() == {}


def test_what_the_operator_s_webhook_refuses_as_immutable_is_a_replacement_too(cached: ClusterStage) -> None:
    forbid_changes(cached)
    cached.manifests(cache(model={"profiles": ["abc"]}))
    assert eventually(lambda: "spec is immutable" in str(planned(cached)["attributes"]))
    change = planned(cached)
    assert (change["action"], change["irreversible_because"]) == ("replace", LOSS)
    cached.apply()
    assert cached.actions() == {}


def test_labels_of_a_cache_are_changed_in_place(cached: ClusterStage) -> None:
    before = uids(cached, "nimcache/model")
    body = cache()
    body["metadata"]["labels"] = {"team": "search"}
    cached.manifests(body)
    assert cached.actions() == {"manifest.model": "update"}
    cached.apply()
    assert uids(cached, "nimcache/model") == before


def test_a_volume_that_the_cache_does_not_own_outlives_it(stage: ClusterStage, fakes: ClusterHandle) -> None:
    volume, place = claim("files"), {"name": "files"}
    stage.manifests(volume, cache(pvc=place))
    stage.apply()
    before = uids(stage, "pvc/files")
    stage.manifests(volume, cache(pvc=place, model={"profiles": ["abc"]}))
    change = planned(stage)
    assert (change["action"], change["blast_radius"], change["irreversible_because"]) == ("replace", "downtime", "")
    stage.apply()
    assert uids(stage, "pvc/files") == before


def test_a_service_that_runs_from_a_replaced_cache_goes_first_and_comes_back(cached: ClusterStage) -> None:
    service = nim_service("llm", storage={"nimCache": {"name": "model"}})
    cached.manifests(cache(), service)
    cached.apply()
    before = uids(cached, "nimcache/model", "nimservice/llm", "pvc/model-pvc")
    cached.manifests(cache(model={"profiles": ["abc"]}), service)
    assert cached.actions() == {"manifest.model": "replace", "manifest.llm": "replace"}
    assert planned(cached, "manifest.llm")["reason"] == "dependency_replaced"
    cached.apply()
    assert not set(before).intersection(uids(cached, "nimcache/model", "nimservice/llm", "pvc/model-pvc"))
    assert cached.actions() == {}


def test_a_service_moves_to_a_cache_of_another_name_before_the_old_one_goes(cached: ClusterStage) -> None:
    declare_named(cached, "model")
    cached.apply()
    before = uids(cached, "nimservice/llm")
    declare_named(cached, "other")
    changes = cached.project.changes("-e", "cluster")
    told = {address: (change["action"], change["blast_radius"]) for address, change in changes.items()}
    assert told["manifest.model"] == ("replace", "data loss")
    assert told["manifest.llm"] == ("roll", "rolling restart")
    cached.apply()
    assert uids(cached, "nimservice/llm") == before
    assert eventually(lambda: cached.names("nimcache") == {"other"})
    assert cached.actions() == {}


def declare_named(stage: ClusterStage, name: str) -> None:
    service, model = nim_service("llm", storage={"nimCache": {"name": name}}), nim_cache(name)
    stage.program(
        "import wlinfra as wl\nfrom wlinfra_kubernetes import Manifest\n\nstack = wl.Stack('shop')\n\n\n"
        f"@stack.resources\ndef resources(env):\n    yield Manifest('model', {model!r})\n"
        f"    yield Manifest('llm', {service!r})\n\n"
    )


def test_claimed_devices_of_a_service_cannot_be_changed(stage: ClusterStage, fakes: ClusterHandle) -> None:
    fakes.api.create(f"/api/v1/namespaces/{stage.namespace}/persistentvolumeclaims", claim("models"))
    stage.manifests(nim_service("llm", draResources=[{"resourceClaimTemplateName": "one"}]))
    stage.apply()
    stage.manifests(nim_service("llm", draResources=[{"resourceClaimTemplateName": "two"}]))
    change = planned(stage, "manifest.llm")
    assert (change["action"], change["blast_radius"]) == ("replace", "downtime")
    assert "spec.draResources is immutable" in str(change["attributes"])


# ---------------------------------------------------------------- the same of a workload


def workload(stage: ClusterStage, image: str, storage: str) -> None:
    text = PROGRAM.replace("IMAGE", image).replace("STORAGE", storage)
    stage.program(text, target={"ngc_secret": "ngc", "storage_class": "shared", "volume_size": "10Gi"})


def test_another_image_of_a_workload_gets_its_own_cache_and_the_old_one_goes_with_its_model(
    stage: ClusterStage, fakes: ClusterHandle
) -> None:
    workload(stage, "1.8.3", CACHED)
    stage.apply()
    (old,) = stage.names("nimcache")
    workload(stage, "1.9.0", CACHED)
    changes = stage.project.changes("-e", "cluster")
    told = {change["kind"].split("/")[-1]: change["action"] for change in changes.values() if "/" in change["kind"]}
    assert told["NIMService"] == "roll"
    (gone,) = (change for change in changes.values() if change["action"] == "delete")
    assert (gone["name"].split("/")[-1], gone["blast_radius"]) == (old, "data loss")
    assert gone["irreversible_because"] == LOSS.replace("model-pvc", f"{old}-pvc")
    stage.apply()
    assert len(stage.names("nimcache") - {old}) == len(stage.names("nimcache")) == 1
    assert stage.actions() == {}


def test_a_workload_that_moves_to_a_cache_keeps_its_own_volume(stage: ClusterStage, fakes: ClusterHandle) -> None:
    workload(stage, "1.8.3", OWN)
    stage.apply()
    before = uids(stage, "pvc/chat-models")
    workload(stage, "1.8.3", CACHED)
    plan = stage.run("plan").out
    assert "it is kept, because it holds data" in plan
    stage.apply()
    assert uids(stage, "pvc/chat-models") == before
    assert stage.actions() == {}


def forbid_changes(stage: ClusterStage) -> None:
    """Let the API server refuse changes of a cache's spec as the operator's admission webhook does."""
    name, group = f"caches-{stage.namespace}"[:60], {"apiVersion": "admissionregistration.k8s.io/v1"}
    rule = {
        "apiGroups": ["apps.nvidia.com"],
        "apiVersions": ["*"],
        "operations": ["UPDATE"],
        "resources": ["nimcaches"],
    }
    said = {"expression": "object.spec == oldObject.spec", "message": "spec is immutable", "reason": "Forbidden"}
    policy = {"matchConstraints": {"resourceRules": [rule]}, "validations": [said]}
    place = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": stage.namespace}}}
    binding = {"policyName": name, "validationActions": ["Deny"], "matchResources": place}
    for kind, spec in (("ValidatingAdmissionPolicy", policy), ("ValidatingAdmissionPolicyBinding", binding)):
        body = {**group, "kind": kind, "metadata": {"name": name}, "spec": spec}
        plural = f"{kind.lower().removesuffix('y')}ies" if kind.endswith("y") else f"{kind.lower()}s"
        stage.cluster.api.create(f"/apis/admissionregistration.k8s.io/v1/{plural}", body)


def filling(stage: ClusterStage) -> dict[str, Any]:
    """Return a job as the operator makes it for the cache, whose pod cannot begin."""
    owner = {"apiVersion": "apps.nvidia.com/v1alpha1", "kind": "NIMCache", "name": "model", "controller": True}
    owner |= {"uid": uids(stage, "nimcache/model")[0], "blockOwnerDeletion": True}
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "model-pvc"}}
    pod = {"restartPolicy": "Never", "containers": [container("acme/bad-image:1")], "volumes": [volume]}
    meta = {"name": "model-job", "ownerReferences": [owner]}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": {"template": {"spec": pod}}}


def test_a_cache_that_is_being_filled_goes_with_the_pods_that_fill_it(cached: ClusterStage) -> None:
    cached.cluster.api.create(f"/apis/batch/v1/namespaces/{cached.namespace}/jobs", filling(cached))
    eventually(lambda: cached.names("pod"))
    cached.run("destroy", "--auto-approve")
    assert cached.names("nimcache,job") == set()


def test_a_model_server_goes_with_its_own_pods_and_its_own_volume(stage: ClusterStage, fakes: ClusterHandle) -> None:
    # The operator's stand-in makes no claims of services.
    fakes.api.create(f"/api/v1/namespaces/{stage.namespace}/persistentvolumeclaims", claim("chat-pvc"))
    owned = {"create": True, "storageClass": "shared", "size": "1Gi", "volumeAccessMode": "ReadWriteMany"}
    stage.manifests(nim_service("chat", replicas=1, storage={"pvc": owned}))
    stage.apply()
    first = uids(stage, "nimservice/chat")
    stage.apply("--replace", "manifest.chat")
    assert uids(stage, "nimservice/chat") != first
    stage.run("destroy", "--auto-approve")
    assert stage.names("nimservice,deployment") == set()
