"""SIGTERM at the question of an apply does the same as Ctrl-C: nothing is done, and the lock is free."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.project import Project, program

BODY = """
server = wl.Artifact("server", containers=[wl.Container(image="shop:1", port=8080)])
yield server
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_at_the_question_interrupts(tmp_path: Path, number: signal.Signals) -> None:
    project = Project(folder=tmp_path)
    project.write(program(BODY))
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", "from wlinfra.cli.app import entry; entry()", "apply"],
        cwd=tmp_path,
        env={**project.environ, "TERM": "dumb"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    while b"Enter a value" not in shown:
        shown += os.read(ours, 4096)
    process.send_signal(number)
    assert process.wait(20) == 13
    os.close(ours)
    assert "not locked" in project.run("state", "unlock").out
    assert project.run("state", "list").out == ""
