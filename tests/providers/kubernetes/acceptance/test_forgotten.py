"""What the state forgets is not let go by that: the label still says whose it is."""

from __future__ import annotations

import shlex

from support.cluster_stage import ClusterStage


def test_a_forgotten_object_is_let_go_with_the_command_that_was_told(stage: ClusterStage) -> None:
    stage.deployment(replicas=0)
    stage.apply()
    told = stage.project.run("state", "rm", "manifest.web", "-e", "cluster").out
    assert "deletes it where it is not" in told
    stage.manifests({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "other"}})
    assert "delete" in stage.actions().values()
    command = shlex.split(told.splitlines()[-1])
    assert command.pop(0) == "kubectl"
    stage.cluster.kubectl(*command)
    assert "delete" not in stage.actions().values()
    stage.apply()
    assert stage.names("deployments") == {"web"}
