"""A thousand unchanged workloads are planned by a handful of requests."""

from __future__ import annotations

from support.project import Project, program
from support.world import World

from wlinfra_datarobot.emulator import DataRobotEmulator

COUNT = 1000
PAGE = 100
BODY = f"""
server = wl.Artifact("server", containers=[wl.Container(image="ghcr.io/acme/chat:1", port=8080)])
yield server
for number in range({COUNT}):
    yield wl.Workload(f"chat-{{number}}", artifact=server, bundles=["cpu.small"], replicas=1)
"""


def test_a_thousand_unchanged_workloads_cost_a_page_of_requests_for_each_hundred(
    project: Project, emulator: DataRobotEmulator, world: World
) -> None:
    project.write(program(BODY, emulator.url))
    project.apply("--parallelism", "8")
    world.forget_requests()
    assert "No changes" in project.plan().out
    assert world.reads() <= COUNT // PAGE + 5
    assert world.calls() == []
