"""One state and two clusters: at another one nothing counts as gone, nothing is made, and the command continues."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from support.cluster_stage import ClusterStage

from wlinfra.state.lease import LockRequest
from wlinfra.state.model import EnvironmentState
from wlinfra.state.store import LocalStateStore

if TYPE_CHECKING:
    from engines.kubernetes.cluster import Cluster
    from engines.kubernetes.handle import ClusterHandle

SETTINGS = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "1"}}


def store_of(stage: ClusterStage) -> LocalStateStore:
    return LocalStateStore(stage.folder / ".wlinfra", stage.stack, "cluster")


def uid_of(cluster: ClusterHandle) -> str:
    return str(cluster.api.get("/api/v1/namespaces/kube-system")["metadata"]["uid"])


def test_a_state_knows_its_cluster_by_the_uid(stage: ClusterStage) -> None:
    stage.manifests(SETTINGS)
    stage.apply()
    recorded = store_of(stage).load().places["default"]
    assert recorded["cluster"] == uid_of(stage.cluster)
    assert recorded["server"].startswith(stage.cluster.server)


def test_the_same_cluster_at_another_address_is_the_same_place(stage: ClusterStage) -> None:
    stage.manifests(SETTINGS)
    stage.apply()
    store = store_of(stage)
    moved = {**store.load().places["default"], "server": "https://somewhere.example:6443"}
    with store.acquire(LockRequest(owner="test")) as lease, store.open(lease) as session:
        session.set_environment(EnvironmentState(places={"default": moved}))
    assert stage.actions() == {}


def test_an_account_that_may_not_read_the_uid_goes_by_the_server(stage: ClusterStage) -> None:
    stage.manifests(SETTINGS)
    stage.apply()
    stage.user = "stack-user"
    stage.manifests(SETTINGS, read_only=True)
    ended = stage.run("plan", code=None)
    assert "another place" not in ended.err


def test_another_cluster_is_refused_until_it_is_said(stage: ClusterStage, own_cluster: Cluster) -> None:
    stage.manifests(SETTINGS)
    stage.apply()
    second = own_cluster.handle
    second.api.create("/api/v1/namespaces", {"metadata": {"name": stage.namespace}})
    first, stage.cluster = stage.cluster, second
    stage.manifests(SETTINGS)
    for command in (["plan"], ["apply", "--auto-approve"], ["destroy", "--auto-approve"]):
        ended = stage.run(*command, code=14)
        said = re.sub(r"[\s│]+", " ", ended.err)
        assert uid_of(first) in said
        assert uid_of(second) in said
    assert "settings" not in stage.names("configmap")
    stage.apply("--new-place")
    assert "settings" in stage.names("configmap")
    assert stage.actions() == {}
    stage.cluster = first
    assert "settings" in stage.names("configmap")
    stage.manifests(SETTINGS)
    stage.run("plan", code=14)
