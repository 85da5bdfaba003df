"""A call that changes something counts as done only when its answer shows that it is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.datarobot_stage import Declaring, Stage, chat

import wlinfra as wl
from wlinfra.emulation import Phase, Reply

ANN = [wl.SharedRole(username="ann@example.com", role="OWNER")]
BEFORE: Declaring = chat(artifact={"image": "acme/chat:1"}, description="a", replicas=1)
CHANGES: dict[str, tuple[str, str, Declaring]] = {
    "create artifact": ("POST", "/artifacts$", chat(artifact={"name": "other", "image": "acme/other:1"}, name="chat")),
    "create workload": ("POST", "/workloads$", chat(name="second")),
    "update workload": ("PATCH", "/workloads/[^/]+$", chat(description="b", replicas=1)),
    "update artifact": ("PATCH", "/artifacts/[^/]+$", chat(artifact={"description": "b"}, description="a", replicas=1)),
    "roll": ("POST", "/replacement$", chat(artifact={"image": "acme/chat:2"}, description="a", replicas=1)),
    "settings": ("PATCH", "/settings$", chat(description="a", replicas=3)),
    "stop": ("POST", "/stop$", chat(description="a", replicas=1, power="stopped")),
    "roles": ("PATCH", "/sharedRoles$", chat(description="a", replicas=1, shared_roles=ANN)),
}
ANSWERS: dict[str, Reply] = {
    "empty object": Reply(200, body={}),
    "another object": Reply(200, body={"id": "0" * 24, "name": "x", "workloadId": "0" * 24, "description": "x"}),
    "page": Reply(200, {"Content-Type": "text/html"}, body="<html>"),
}


def settle(stage: Stage, after: Declaring) -> list[str]:
    """Apply, and apply again until nothing is left to do; return the calls that change something."""
    for _ in range(3):
        if stage.apply(after, ok=False).ok:
            break
    calls = stage.calls()
    assert [change.address for change in stage.plan(after).changes if change.steps] == []
    return calls


@pytest.mark.parametrize("name", list(CHANGES))
@pytest.mark.parametrize("answer", list(ANSWERS))
@pytest.mark.parametrize("phase", list(Phase), ids=[phase.value for phase in Phase])
def test_it_is_looked_for_and_made_once(stages: Callable[..., Stage], name: str, answer: str, phase: Phase) -> None:
    method, path, after = CHANGES[name]
    stage = stages()
    stage.apply(BEFORE)
    stage.calls()
    stage.emulator.faults.on(ANSWERS[answer], method=method, path=path, phase=phase)
    settle(stage, after)
    names = [row["name"] for row in stage.api.ok("GET", "/workloads?limit=100")["data"]]
    assert len(names) == len(set(names))
    repositories = stage.api.ok("GET", "/artifactRepositories?limit=100")["data"]
    assert len({row["name"] for row in repositories}) == len(repositories)
