"""A refusal for now is told while it is tried again, in the platform's own words."""

from __future__ import annotations

from pathlib import Path

from support.project import Project, program

from wlinfra.emulation import Reply
from wlinfra_datarobot.emulator import DataRobotEmulator, Durations

BODY = 'yield wl.Artifact("server", containers=[wl.Container(image="ghcr.io/acme/chat:1", port=8080)])'


def test_a_platform_that_is_busy_is_quoted_while_the_call_is_tried_again(tmp_path: Path) -> None:

    project = Project(folder=tmp_path)
    with DataRobotEmulator(durations=Durations.instant()) as emulator:
        project.write(program(BODY, emulator.url))
        project.apply()
        busy = Reply(409, body={"detail": "The artifact is in use."})
        emulator.faults.on(busy, method="DELETE", times=3)
        done = project.run("destroy", "--auto-approve")
    assert "The artifact is in use." in done.out
