"""Parts that several resources bring along without yielding them."""

from __future__ import annotations

from pathlib import Path

from support.project import Project

PROGRAM = """\
import wlinfra as wl

stack = wl.Stack("two")


@stack.resources
def resources(env):
    server = wl.Artifact("server", containers=[wl.Container(image="acme/chat:1", port=8080)])
    yield wl.Workload("chat", artifact=server, replicas=1)
    yield wl.Workload("spare", artifact=server, replicas=1, provider="second")


local = {"provider": "datarobot", "endpoint": "emulator"}
stack.environment("local", providers={"default": local, "second": local})
"""


def test_one_part_cannot_be_made_at_two_providers(tmp_path: Path) -> None:
    project = Project(folder=tmp_path)
    project.write(PROGRAM)
    ended = project.run("validate", code=1)
    assert "Part of two providers" in ended.err
    assert "artifact.server is used at the providers default and second" in ended.err
