"""Child processes that end with their parent, each with a log of its own; clusters and operators start theirs here."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["Processes", "StartFailedError"]

LAUNCHER = Path(__file__).with_name("launch.py")
TAIL = 15


class StartFailedError(Exception):
    """A program of the cluster ended, or was not ready in time; the text ends with the last lines of its log."""


class Processes:
    """The running programs of one owner by name, in the order of their start."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._reserved: list[socket.socket] = []

    def reserve_ports(self, count: int) -> list[int]:
        """Return free ports of loopback, which only the programs can listen on until all of them are stopped.

        The kernel gives a port that a socket is bound to to nobody who asks for any. A program can have it, because
        this socket does not listen and both sides reuse addresses, as every server of Go and of Python's library does.
        """
        reserved = [socket.socket() for _ in range(count)]
        self._reserved += reserved
        for one in reserved:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in reserved]

    def start(self, name: str, command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> None:
        """Start a program; what it prints goes to `NAME.log`."""
        launcher = [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid())]
        with (self.logs / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                [*launcher, *map(str, command)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
            )

    def start_python(self, name: str, module: str, root: Path, *arguments: str | Path) -> None:
        """Start a module of the packages below a folder."""
        self.start(name, [sys.executable, "-m", module, *arguments], {"PYTHONPATH": str(root)})

    def stop(self, name: str) -> None:
        """End one program and wait for its end; nothing when it does not run."""
        process = self._running.pop(name, None)
        if process is not None:
            process.kill()
            process.wait()

    def stop_all(self) -> None:
        """End every program, the last started first, and let go of the ports."""
        for name in reversed(list(self._running)):
            self.stop(name)
        while self._reserved:
            self._reserved.pop().close()

    def check(self) -> None:
        """Raise StartFailedError when a program has ended by itself."""
        for name, process in self._running.items():
            if process.poll() is not None:
                raise StartFailedError(f"{name} ended with {process.returncode}\n{self.tail(name)}")

    def identifiers(self) -> dict[str, int]:
        """Return the process id of each program."""
        return {name: process.pid for name, process in self._running.items()}

    def tail(self, name: str) -> str:
        """Return the last lines of a program's log, with the log's path."""
        log = self.logs / f"{name}.log"
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        return "\n".join([f"--- {log}", *(line[:300] for line in lines[-TAIL:])])
