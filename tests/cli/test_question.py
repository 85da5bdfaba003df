"""SIGTERM at the question of an apply does the same as Ctrl-C: nothing is done, and the lock is free."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from support.project import Project, program

BODY = """
server = wl.Artifact("server", containers=[wl.Container(image="shop:1", port=8080)])
yield server
"""

TIMES = 100
ASKING = f"""
import os, signal, sys
from pathlib import Path
from wlinfra.cli.console import Console
console = Console(stdin=sys.stdin, stdout=sys.stdout, stderr=sys.stderr, environ={{}}, directory=Path())
signal.signal(signal.SIGINT, signal.SIG_IGN)
for _ in range({TIMES}):
    child = os.fork()
    if not child:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            console.ask("Enter a value")
        except KeyboardInterrupt:
            os._exit(13)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 13
"""


@contextmanager
def at_terminal(code: str, folder: Path, environ: dict[str, str]) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run the code at a terminal, and yield its process and the terminal's other end."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=folder,
        env=environ,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        process_group=0,
    ) as process:
        os.close(theirs)
        try:
            yield process, ours
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            os.close(ours)


def read_question(terminal: int) -> None:
    shown = b""
    while b"Enter a value" not in shown:
        assert select.select([terminal], [], [], 60)[0], shown
        shown += os.read(terminal, 4096)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_at_the_question_interrupts(tmp_path: Path, number: signal.Signals) -> None:
    project = Project(folder=tmp_path)
    project.write(program(BODY))
    applying = "from wlinfra.cli.app import entry; entry()"
    with at_terminal(f"import sys; sys.argv[1:] = ['apply']; {applying}", tmp_path, project.environ) as (process, ours):
        read_question(ours)
        process.send_signal(number)
        assert process.wait(60) == 13
    assert "not locked" in project.run("state", "unlock").out
    assert project.run("state", "list").out == ""


def test_a_signal_as_soon_as_the_question_is_shown_is_never_lost(tmp_path: Path) -> None:
    with at_terminal(ASKING, tmp_path, dict(os.environ)) as (process, ours):
        for _ in range(TIMES):
            read_question(ours)
            os.killpg(process.pid, signal.SIGINT)
        assert process.wait(60) == 0
