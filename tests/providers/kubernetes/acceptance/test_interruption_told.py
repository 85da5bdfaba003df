"""A plan says downtime where what runs stops, in its headline too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.cluster_stage import ClusterStage

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle


def test_the_end_of_all_replicas_is_downtime_and_the_end_of_some_is_none(
    stage: ClusterStage, fakes: ClusterHandle
) -> None:
    stage.deployment(replicas=3)
    stage.apply()
    stage.deployment(replicas=1)
    assert "Nothing that runs is interrupted." in stage.run("plan").out
    stage.deployment(replicas=0)
    told = stage.run("plan").out
    assert "DOWNTIME." in told
    assert "effect: downtime; can be undone" in told
    assert "note: all its pods end, and none comes after them" in told
