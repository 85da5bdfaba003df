"""The stand-in for the NIM Operator behaves as the operator does, where a client depends on it."""

from __future__ import annotations

import pytest

from engines.kubernetes.client import Json
from engines.kubernetes.fake_nim_operator import SPEC_HASH
from engines.kubernetes.handle import ClusterHandle
from engines.kubernetes.waiting import eventually
from engines.sample_objects import claim, nim_cache, nim_service


@pytest.fixture
def nim(fakes: ClusterHandle, namespace: str) -> Nim:
    return Nim(fakes, namespace)


class Nim:
    """The NIM objects of one namespace."""

    def __init__(self, cluster: ClusterHandle, namespace: str) -> None:
        self.cluster = cluster
        self.root = f"/apis/apps.nvidia.com/v1alpha1/namespaces/{namespace}"
        self.deployment = f"/apis/apps/v1/namespaces/{namespace}/deployments/llm"
        self.claims = f"/api/v1/namespaces/{namespace}/persistentvolumeclaims"

    def make_service(self, **fields: object) -> None:
        self.cluster.api.create(self.claims, claim("models"))
        self.cluster.api.create(f"{self.root}/nimservices", nim_service("llm", **fields))

    def status(self, state: str) -> Json:
        """Return the service's status once it is in a state."""
        path = f"{self.root}/nimservices/llm"

        def reached() -> Json | None:
            found: Json = self.cluster.api.get(path).get("status", {})
            return found if found.get("state") == state else None

        return eventually(reached) or {}


def test_a_service_gets_ready_with_its_deployment(nim: Nim) -> None:
    nim.make_service(replicas=2)
    status = nim.status("Ready")
    assert status["availableReplicas"] == 2
    assert [(one["type"], one["status"]) for one in status["conditions"]] == [("Ready", "True"), ("Failed", "False")]
    assert not any("observedGeneration" in one for one in status["conditions"])
    live = nim.cluster.api.get(nim.deployment)
    assert live["spec"]["template"]["spec"]["containers"][0]["name"] == "llm-ctr"
    assert live["status"]["readyReplicas"] == 2


def test_a_change_of_the_pods_shows_in_the_hash_and_resets_replicas(nim: Nim) -> None:
    nim.make_service()
    nim.status("Ready")
    before = nim.cluster.api.get(nim.deployment)["metadata"]["annotations"][SPEC_HASH]
    nim.cluster.api.merge(nim.deployment, {"spec": {"replicas": 3}})
    nim.cluster.api.merge(f"{nim.root}/nimservices/llm", {"spec": {"args": ["--fast"]}})
    eventually(lambda: nim.cluster.api.get(nim.deployment)["metadata"]["annotations"][SPEC_HASH] != before)
    assert nim.cluster.api.get(nim.deployment)["spec"]["replicas"] == 1


def test_replicas_that_are_asked_for_are_written_back(nim: Nim) -> None:
    nim.make_service(replicas=1)
    nim.status("Ready")
    nim.cluster.api.merge(nim.deployment, {"spec": {"replicas": 3}})
    assert eventually(lambda: nim.cluster.api.get(nim.deployment)["spec"]["replicas"] == 1)


def test_a_service_waits_for_its_cache(nim: Nim) -> None:
    nim.make_service(storage={"nimCache": {"name": "models"}})
    failed = next(one for one in nim.status("Failed")["conditions"] if one["type"] == "Failed")
    assert (failed["status"], failed["reason"]) == ("True", "NIMCacheNotFound")
    nim.cluster.api.create(f"{nim.root}/nimcaches", nim_cache("models"))
    nim.status("Ready")
    assert nim.cluster.api.get(f"{nim.root}/nimcaches/models")["status"]["pvc"] == "models-pvc"
    assert nim.cluster.api.get(f"{nim.claims}/models-pvc")["status"]["phase"] == "Bound"


def test_a_service_whose_image_cannot_be_pulled_is_not_ready(nim: Nim) -> None:
    nim.make_service(image={"repository": "bad-image", "tag": "1"})
    assert "0 of 1 updated replicas" in nim.status("NotReady")["conditions"][0]["message"]
