from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from support.kubernetes_objects import config, deployment

from wlinfra.errors import ProviderError
from wlinfra.provider import Action, ActionReason, BlastRadius
from wlinfra.testing import Driver
from wlinfra_kubernetes import Manifest

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle

Connect = Callable[..., Driver]
IMAGE = "spec.template.spec.containers[name=main].image"


def edited(cluster: ClusterHandle, namespace: str) -> None:
    """Set another image as somebody who runs `kubectl edit`."""
    patch = '[{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "nginx:9"}]'
    cluster.kubectl(
        "patch", "deployment", "web", "-n", namespace, "--type=json", "-p", patch, "--field-manager=kubectl-edit"
    )


def test_an_edit_by_hand_is_a_conflict_that_names_path_manager_and_time(
    drive: Connect, cluster: ClusterHandle, namespace: str
) -> None:
    driver = drive()
    driver.apply(deployment())
    edited(cluster, namespace)
    with pytest.raises(ProviderError) as caught:
        driver.plan(deployment())
    said = str(caught.value)
    assert f"{IMAGE} is managed by kubectl-edit since 20" in said
    assert '(live "nginx:9", declared "nginx:1")' in said
    assert all(word in said for word in ("force", "yield", "leave it out"))


def test_a_conflict_about_two_paths_offers_both_ways_out_for_both_and_quotes_no_secret(
    drive: Connect, cluster: ClusterHandle, namespace: str
) -> None:
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "stringData": {"a": "one", "b": "two"}}
    driver = drive()
    driver.apply(Manifest("keys", body))
    patch = '{"data": {"a": "Y2FuYXJ5", "b": "Y2FuYXJ5"}}'
    cluster.kubectl("patch", "secret", "keys", "-n", namespace, "-p", patch, "--field-manager=kubectl-edit")
    with pytest.raises(ProviderError) as caught:
        driver.plan(Manifest("keys", body))
    said = str(caught.value)
    assert 'conflicts={"data.a": "force", "data.b": "force"}' in said
    assert 'conflicts={"data.a": "yield", "data.b": "yield"}' in said
    assert [text for text in ("Y2FuYXJ5", "canary", "b25l", 'one"', 'live "') if text in said] == []


def test_a_forced_path_is_taken_back_as_drift_of_that_manager(
    drive: Connect, cluster: ClusterHandle, namespace: str
) -> None:
    before = drive()
    before.apply(deployment())
    edited(cluster, namespace)
    driver = drive(conflicts={IMAGE: "force"})
    driver.records.update(before.records)
    (change,) = driver.plan(deployment())
    assert (change.action, change.reason) == (Action.ROLL, ActionReason.DRIFTED)
    assert [(item.live, item.planned) for item in change.attributes] == [("nginx:9", "nginx:1")]
    driver.apply(deployment())
    assert {change.action for change in driver.plan(deployment())} == {Action.NO_OP}


def test_a_yielded_path_is_left_to_its_manager(drive: Connect, cluster: ClusterHandle, namespace: str) -> None:
    before = drive()
    before.apply(deployment())
    edited(cluster, namespace)
    driver = drive(conflicts={IMAGE: "yield"})
    driver.records.update(before.records)
    driver.apply(deployment())
    live = cluster.api.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/web")
    assert live["spec"]["template"]["spec"]["containers"][0]["image"] == "nginx:9"
    assert {change.action for change in driver.plan(deployment())} == {Action.NO_OP}


def test_equal_values_of_others_are_taken_into_our_ownership(
    drive: Connect, cluster: ClusterHandle, namespace: str
) -> None:
    driver = drive()
    driver.apply(config(a="1"))
    cluster.kubectl("patch", "configmap", "settings", "-n", namespace, "-p", '{"data": {"b": "2"}}')
    (change,) = driver.plan(config(a="1", b="2"))
    assert (change.action, change.decision.label, change.blast_radius) == (
        Action.UPDATE,
        "take ownership",
        BlastRadius.NONE,
    )
    driver.apply(config(a="1", b="2"))
    assert {change.action for change in driver.plan(config(a="1", b="2"))} == {Action.NO_OP}


def test_an_object_of_another_stack_is_refused_by_name(drive: Connect) -> None:
    drive("first").apply(config(a="1"))
    with pytest.raises(ProviderError, match="stack first, environment test, which applied it last at 20"):
        drive("second").plan(config(a="2"))


def test_what_others_set_and_we_do_not_declare_is_no_difference(
    drive: Connect, cluster: ClusterHandle, namespace: str
) -> None:
    driver = drive()
    driver.apply(deployment(replicas=None))
    cluster.kubectl("scale", "deployment", "web", "-n", namespace, "--replicas=3")
    cluster.kubectl("label", "deployment", "web", "-n", namespace, "team=blue")
    assert {change.action for change in driver.plan(deployment(replicas=None))} == {Action.NO_OP}


def test_an_object_made_by_kubectl_is_imported_and_taken_over(
    drive: Connect, cluster: ClusterHandle, namespace: str
) -> None:
    cluster.kubectl("create", "configmap", "settings", "-n", namespace, "--from-literal=a=0")
    driver = drive(conflicts={"data": "force"})
    (change,) = driver.plan(config(a="1"))
    assert change.action is Action.IMPORT
    driver.apply(config(a="1"))
    assert {change.action for change in driver.plan(config(a="1"))} == {Action.NO_OP}


LABELLED = {"app.kubernetes.io/team": "blue"}


def labelled() -> Manifest:
    meta = {"name": "settings", "labels": LABELLED}
    return Manifest("settings", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"a.yaml": "1"}})


@pytest.mark.parametrize(
    "pattern",
    [
        "metadata.labels.app.kubernetes.io/team",
        'metadata.labels["app.kubernetes.io/team"]',
        "metadata.labels",
        "*.labels.*",
    ],
)
def test_keys_with_dots_are_told_and_left_like_any_path(
    drive: Connect, cluster: ClusterHandle, namespace: str, pattern: str
) -> None:
    driver = drive()
    driver.apply(labelled())
    edit = ("--overwrite", "app.kubernetes.io/team=red", "--field-manager=kubectl-label")
    cluster.kubectl("label", "configmap", "settings", "-n", namespace, *edit)
    with pytest.raises(ProviderError, match=r"app\.kubernetes\.io/team is managed by kubectl-label since 20"):
        driver.plan(labelled())
    yielding = drive(conflicts={pattern: "yield"})
    yielding.records.update(driver.records)
    yielding.apply(labelled())
    assert {change.action for change in yielding.plan(labelled())} == {Action.NO_OP}
    live = cluster.api.get(f"/api/v1/namespaces/{namespace}/configmaps/settings")["metadata"]["labels"]
    assert live["app.kubernetes.io/team"] == "red"
    assert "applyset.kubernetes.io/part-of" in live  # marks of ours are never left to others


def test_an_equal_value_is_left_to_its_manager_where_its_path_is_yielded(
    drive: Connect, cluster: ClusterHandle, namespace: str
) -> None:
    driver = drive(conflicts={"data": "yield"})
    driver.apply(config(a="1"))
    cluster.kubectl("patch", "configmap", "settings", "-n", namespace, "-p", '{"data": {"b": "2"}}')
    assert {change.action for change in driver.plan(config(a="1", b="2"))} == {Action.UPDATE}  # recorded only
    driver.apply(config(a="1", b="2"))
    cluster.kubectl("patch", "configmap", "settings", "-n", namespace, "-p", '{"data": {"b": "3"}}')
    assert {change.action for change in driver.plan(config(a="1", b="2"))} == {Action.NO_OP}
