"""A stack on a cluster is destroyed by its record when its program cannot be loaded: the options are recorded."""

from __future__ import annotations

from support.cluster_stage import ClusterStage


def test_a_stack_whose_program_is_broken_is_destroyed(stage: ClusterStage) -> None:
    stage.manifests(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}, "data": {"a": "1"}}, read_timeout=30
    )
    stage.apply()
    path = stage.folder / "infra.py"
    path.write_text("import nothing_of_that_name\n" + path.read_text())
    ended = stage.project.run("destroy", "--auto-approve")
    assert "destroying what the state records" in " ".join(ended.out.split())
    assert "one" not in stage.names("configmap")
    assert stage.project.run("state", "list", "--stack", "shop").out == ""
