"""The command line in a temporary folder, with a platform in memory instead of an installed provider."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wlinfra.cli.app import main
from wlinfra.testing import MemoryProvider

__all__ = ["PROGRAM", "CommandLine", "Ended", "Terminal"]

PROGRAM = """\
import wlinfra as wl


class Settings(wl.Settings):
    replicas: int = 1


stack = wl.Stack("shop", settings=Settings)


@stack.resources
def resources(env):
    server = wl.Artifact("server", containers=[wl.Container(image="shop:1", port=8080)])
    chat = wl.Workload("chat", artifact=server, replicas=env.settings.replicas, bundles=["cpu.small"])
    yield server
    yield chat
    yield wl.Output("endpoint", chat.endpoint)


stack.environment("test", provider="memory")
"""


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The output as one JSON document."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """The output as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(slots=True)
class CommandLine:
    """Runs commands in a folder; the platform lives as long as this."""

    folder: Path
    provider: MemoryProvider = field(default_factory=MemoryProvider)
    environ: dict[str, str] = field(default_factory=dict)

    def write(self, text: str = PROGRAM, name: str = "infra.py") -> None:
        """Write a program."""
        (self.folder / name).write_text(text)

    def run(self, *arguments: str, answer: str | None = None) -> Ended:
        """Run a command; with an ``answer`` at a terminal where somebody types it."""
        kind = io.StringIO if answer is None else Terminal
        out, err, stdin = kind(), kind(), kind(answer or "")
        environ = {"HOME": str(self.folder / "home"), "NO_COLOR": "1", "TERM": "dumb", "USER": "alice", **self.environ}
        given = ["--chdir", str(self.folder), *arguments]
        code = main(given, stdin=stdin, stdout=out, stderr=err, environ=environ, providers={"memory": self.provider})
        return Ended(code=code, out=out.getvalue(), err=err.getvalue())
