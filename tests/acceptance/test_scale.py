"""Many unchanged workloads are planned by a handful of requests."""

from __future__ import annotations

import pytest
from support.project import Project, program, rewritten
from support.world import World

from wlinfra_datarobot.emulator import DataRobotEmulator

PAGE = 100
BODY = """
server = wl.Artifact("server", containers=[wl.Container(image="ghcr.io/acme/chat:1", port=8080)])
yield server
for number in range(COUNT):
    yield wl.Workload(f"chat-{number}", artifact=server, bundles=["cpu.small"], replicas=1)
"""


@pytest.mark.parametrize("count", [300, pytest.param(1000, marks=pytest.mark.nightly)])
def test_unchanged_workloads_cost_a_page_of_requests_for_each_hundred(
    project: Project, emulator: DataRobotEmulator, world: World, count: int
) -> None:
    project.write(program(rewritten(BODY, COUNT=str(count)), emulator.url))
    project.apply("--parallelism", "8")
    world.forget_requests()
    assert "No changes" in project.plan().out
    assert world.reads() <= count // PAGE + 5
    assert world.calls() == []
