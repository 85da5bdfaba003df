"""An account that may only read still gets a plan, and it says that it is a prediction."""

from __future__ import annotations

from support.cluster_stage import ClusterStage


def test_an_account_that_may_only_read_plans_what_would_change(stage: ClusterStage) -> None:
    stage.deployment()
    stage.apply()
    stage.user = "readonly"
    stage.deployment(image="nginx:2")
    change = stage.project.changes("-e", "cluster")["manifest.web"]
    assert change["action"] == "roll"
    assert "cannot patch resource" in " ".join(change["predicted"])
    stage.apply(code=1)
    stage.user = "admin"
    stage.deployment()
    assert stage.actions() == {}
