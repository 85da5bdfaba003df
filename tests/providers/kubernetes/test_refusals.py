from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from support.kubernetes_objects import config, deployment

from wlinfra.errors import ProviderError
from wlinfra.provider import Action, BlastRadius, Refused
from wlinfra.testing import Driver
from wlinfra_kubernetes import Manifest

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle

Connect = Callable[..., Driver]


def claim(size: str = "1Gi", **spec: Any) -> Manifest:
    wanted = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}, **spec}
    body = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "models"}, "spec": wanted}
    return Manifest("models", body)


def test_an_immutable_field_is_a_replacement_with_downtime(drive: Connect) -> None:
    driver = drive()
    driver.apply(deployment())
    (change,) = driver.plan(deployment(app="other"))
    assert (change.action, change.blast_radius) == (Action.REPLACE, BlastRadius.DOWNTIME)
    assert any("immutable" in item.note for item in change.attributes)


def test_what_is_wrong_in_itself_is_refused_and_not_replaced(drive: Connect) -> None:
    driver = drive()
    driver.apply(deployment())
    with pytest.raises(ProviderError, match=r"spec\.replicas"):
        driver.plan(deployment(replicas=-1))


def test_an_unknown_field_is_refused_before_anything_happens(drive: Connect) -> None:
    with pytest.raises(ProviderError, match="replica"):
        drive().plan(deployment(replica=3))


def test_a_volume_claim_is_never_replaced_by_itself(drive: Connect) -> None:
    driver = drive()
    driver.apply(claim())
    with pytest.raises(ProviderError, match="loses what is on it"):
        driver.plan(claim(accessModes=["ReadWriteMany"]))


def test_a_volume_claim_outlives_its_declaration(drive: Connect, cluster: ClusterHandle, namespace: str) -> None:
    driver = drive()
    driver.apply(claim())
    driver.apply()
    assert cluster.api.exists(f"/api/v1/namespaces/{namespace}/persistentvolumeclaims/models")
    assert driver.plan() == []


def test_a_missing_namespace_is_named(drive: Connect) -> None:
    with pytest.raises(ProviderError, match="nowhere") as caught:
        drive(namespace="nowhere").plan(config())
    assert "kubectl create namespace nowhere\n" in caught.value.diagnostics[0].fix


def test_an_object_in_a_namespace_of_the_same_plan_is_created_unverified(drive: Connect, namespace: str) -> None:
    name = f"{namespace}-b"
    space = Manifest("space", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    inside = Manifest("inside", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": name}})
    driver = drive()
    changes = {str(change.address): change for change in driver.plan(space, inside)}
    assert (changes["manifest.space"].decision.unverified, changes["manifest.inside"].decision.unverified) == (
        False,
        True,
    )
    driver.apply(space, inside)
    assert {change.action for change in driver.plan(space, inside)} == {Action.NO_OP}
    driver.apply()


def test_a_kind_that_is_not_served_names_what_to_install(drive: Connect) -> None:
    body = {"apiVersion": "monitoring.coreos.com/v1", "kind": "ServiceMonitor", "metadata": {"name": "r"}}
    with pytest.raises(ProviderError, match="Prometheus Operator"):
        drive().plan(Manifest("r", body))


def test_a_read_only_account_gets_a_predicted_plan_and_can_apply_nothing(drive: Connect) -> None:
    owner = drive()
    owner.apply(config(a="1"))
    reader = drive(user="readonly")
    reader.records.update(owner.records)
    (change,) = reader.plan(config(a="2"))
    assert change.action is Action.UPDATE
    assert change.decision.predicted
    assert isinstance(reader.run(change.steps[0]), Refused)
    assert {change.action for change in reader.plan(config(a="1"))} == {Action.NO_OP}


def test_a_quota_that_is_used_up_stops_the_plan(drive: Connect, cluster: ClusterHandle, namespace: str) -> None:
    cluster.kubectl("create", "quota", "none", "-n", namespace, "--hard=count/secrets=0")
    secret = Manifest("s", {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"a": "b"}})
    with pytest.raises(ProviderError, match="exceeded quota"):
        drive().plan(secret)
