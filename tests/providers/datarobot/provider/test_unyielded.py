"""An artifact that only its workload mentions is made, versioned and deleted like any other."""

from __future__ import annotations

from collections.abc import Iterator

from support.datarobot_stage import Stage, server

import wlinfra as wl


def _alone(image: str = "acme/chat:1") -> Iterator[wl.Resource]:
    yield wl.Workload("chat", artifact=server(image), replicas=1)


def test_it_is_made_first(stage: Stage) -> None:
    stage.apply(_alone)
    assert stage.calls() == ["POST /artifacts", "PATCH /artifacts/*", "POST /workloads"]
    assert stage.workload()["artifact"]["name"] == "server"
    assert stage.plan(_alone).is_empty


def test_it_gets_versions_and_goes_with_its_workload(stage: Stage) -> None:
    stage.apply(_alone)
    stage.apply(lambda: _alone("acme/chat:2"))
    assert stage.workload()["artifact"]["version"] == 2
    stage.apply(_alone, destroy=True)
    assert stage.artifacts() == []
