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


def test_a_platform_that_asks_for_longer_than_the_object_may_take_is_not_waited_for(tmp_path: Path) -> None:
    project = Project(folder=tmp_path)
    body = BODY.replace("port=8080)]", 'port=8080)], timeouts={"create": 300}')
    with DataRobotEmulator(durations=Durations.instant()) as emulator:
        project.write(program(body, emulator.url))
        emulator.faults.on(Reply(429, {"Retry-After": "600"}), method="POST")
        failed = project.run("apply", "--auto-approve", code=1)
        posts = [one for one in emulator.requests if one.method == "POST"]
        project.apply()
    assert len(posts) == 1
    assert "It asks to wait 10 minutes, and 5 minutes are left of what the object may take" in " ".join(
        (failed.out + failed.err).replace("│", " ").split()
    )
