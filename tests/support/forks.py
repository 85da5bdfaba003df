"""Commands in processes of their own that need not import anything first: forked from one that has done nothing else.

A fresh interpreter takes most of a second of a processor to get to a command's first line, and tests that kill commands
start one each.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

__all__ = ["Forked", "fork", "serve"]

PRELOADED = (
    "wlinfra.cli.app",
    "wlinfra.cli.apply",
    "wlinfra.cli.destroy",
    "wlinfra_datarobot.client",
    "wlinfra_datarobot.provider",
    "wlinfra_kubernetes.provider",
    "kubernetes.client",
    "kubernetes.config",
    "urllib3",
    "yaml",
)
TESTS = Path(__file__).parents[1]


@dataclass(slots=True, kw_only=True)
class Forked:
    """A command that runs; one at a time for each process of tests."""

    pid: int
    returncode: int | None = None
    _server: subprocess.Popen[str]
    _written: tuple[Path, Path]

    def communicate(self, timeout: float) -> tuple[str, str]:
        """Wait for its end and return what it wrote; raises TimeoutExpired."""
        assert self._server.stdout is not None
        if not select.select([self._server.stdout], [], [], timeout)[0]:
            os.kill(self.pid, signal.SIGKILL)
            raise subprocess.TimeoutExpired(str(self.pid), timeout)
        self.returncode = os.waitstatus_to_exitcode(int(self._server.stdout.readline()))
        out, err = (file.read_text() for file in self._written)
        return out, err


def fork(folder: Path, environ: Mapping[str, str], *arguments: str) -> Forked:
    """Start a command."""
    server = _server()
    assert server.stdin is not None
    assert server.stdout is not None
    out, err = folder / "forked.out", folder / "forked.err"
    order = {"folder": str(folder), "environ": dict(environ), "arguments": arguments, "out": str(out), "err": str(err)}
    server.stdin.write(json.dumps(order) + "\n")
    server.stdin.flush()
    return Forked(pid=int(server.stdout.readline()), _server=server, _written=(out, err))


@cache
def _server() -> subprocess.Popen[str]:
    command = [sys.executable, "-c", "from support.forks import serve; serve()"]
    environ = {**os.environ, "PYTHONPATH": str(TESTS)}
    server = subprocess.Popen(command, text=True, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    atexit.register(_end, server)
    return server


def _end(server: subprocess.Popen[str]) -> None:
    with server:
        server.terminate()


def serve() -> None:
    """Import what commands need, then run one for each line of the input, and print its process and how it ended."""
    for name in PRELOADED:
        import_module(name)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            _become(json.loads(line))
        print(pid, flush=True)
        print(os.waitpid(pid, 0)[1], flush=True)


def _become(order: dict[str, object]) -> None:
    """Run the command in this process, which ends with it."""
    from wlinfra.cli.app import entry

    for descriptor, file in ((0, os.devnull), (1, str(order["out"])), (2, str(order["err"]))):
        os.dup2(os.open(file, os.O_RDWR | os.O_CREAT | os.O_TRUNC if descriptor else os.O_RDONLY), descriptor)
    os.environ.clear()
    os.environ.update(order["environ"])  # type: ignore[call-overload] # strings by strings
    os.chdir(str(order["folder"]))
    sys.argv = ["wlinfra", *order["arguments"]]  # type: ignore[misc] # strings
    sys.stdin = open(0, encoding="utf-8")  # noqa: SIM115 - for the life of the process
    entry()
