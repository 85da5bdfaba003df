"""An apply that does not wait leaves the rest to the next one, and that one knows what it sees."""

from __future__ import annotations

from engines.kubernetes.waiting import eventually
from support.cluster_stage import ClusterStage


def config_map(name: str) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"a": "1"}}


def test_what_was_deleted_without_waiting_is_not_taken_for_a_change_by_others(stage: ClusterStage) -> None:
    stage.manifests(config_map("kept"), config_map("gone"))
    stage.apply()
    stage.manifests(config_map("kept"))
    stage.apply("--no-wait")
    assert eventually(lambda: "gone" not in stage.names("configmap"))
    planned = stage.run("plan").out
    assert "manifest.gone will be forgotten, not destroyed  (because it is no longer declared)" in planned
    assert "Objects have changed outside" not in planned
    stage.apply()
    assert stage.actions() == {}


def test_what_others_deleted_is_told(stage: ClusterStage) -> None:
    stage.manifests(config_map("kept"), config_map("gone"))
    stage.apply()
    stage.kubectl("delete", "configmap", "gone")
    stage.manifests(config_map("kept"))
    assert "manifest.gone has been deleted" in stage.run("plan").out
