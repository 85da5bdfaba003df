"""A Pulumi project in a folder of a test's own, run by the real CLI, always offline."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from engines.build import find
from engines.pulumi.engine import PULUMI

__all__ = ["Command", "Ended", "PulumiWorkspace"]

SECONDS = 120.0
CLOSED = "http://127.0.0.1:9"  # where no one listens: what is not on loopback is refused at once
OFFLINE = {
    "PULUMI_SKIP_UPDATE_CHECK": "true",
    "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    "PULUMI_DISABLE_REGISTRY_RESOLVE": "true",
    "HTTP_PROXY": CLOSED,
    "HTTPS_PROXY": CLOSED,
    "NO_PROXY": "127.0.0.1,localhost",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The output as one JSON document, such as that of `preview --json`."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """The output as JSON lines, such as the events of `up --json`."""
        return [json.loads(line) for line in self.out.splitlines() if line]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command that was started; it prints to files, for a plugin that it leaves behind would keep a pipe open."""

    process: subprocess.Popen[bytes]
    output: Path
    errors: Path

    def wait(self, seconds: float = SECONDS) -> Ended:
        """Wait for its end and return it; raises AssertionError with what it printed when it takes longer."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
        code, out, err = self.process.returncode, self.output.read_text(), self.errors.read_text()
        assert code is not None, f"{self.process.args!r} still runs after {seconds:.0f} s\n{out}\n{err}"
        return Ended(code=code, out=out, err=err)

    def interrupt(self) -> None:
        """Press Ctrl-C: the signal goes to the process group of the CLI, which the engine's plugins are not in."""
        os.killpg(self.process.pid, signal.SIGINT)

    def kill(self) -> None:
        """End the CLI, which has the engine in it, without any chance to clean up."""
        self.process.kill()
        self.process.wait()


@dataclass(slots=True, kw_only=True)
class PulumiWorkspace:
    """A project, a home and a file backend in a folder; closing ends all processes that its commands left behind.

    Commands see nothing of the developer's environment but PATH, with the virtual environment's programs first;
    ``environ`` is added for all of them.
    """

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)
    _programs: Mapping[str, Path] = field(default_factory=lambda: find(PULUMI))
    _commands: list[Command] = field(default_factory=list)

    def __post_init__(self) -> None:
        for folder in (self.project, self.home, self.backend, self.folder / "printed"):
            folder.mkdir(parents=True, exist_ok=True)
        folders = [Path(sys.executable).parent, *(program.parent for program in self._programs.values())]
        self.environ = {
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "NO_COLOR": "1",
            "PATH": os.pathsep.join([*dict.fromkeys(map(str, folders)), os.environ["PATH"]]),
            "PULUMI_HOME": str(self.home),
            "PULUMI_BACKEND_URL": f"file://{self.backend}",
            "PULUMI_CONFIG_PASSPHRASE": "passphrase",
            "PULUMI_PYTHON_CMD": sys.executable,
            **OFFLINE,
            **self.environ,
        }

    @property
    def project(self) -> Path:
        """The folder of the program, where commands run."""
        return self.folder / "project"

    @property
    def home(self) -> Path:
        """Pulumi's home and the user's."""
        return self.folder / "home"

    @property
    def backend(self) -> Path:
        """The folder of the states."""
        return self.folder / "backend"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def python(self, program: str, *, name: str = "shop") -> None:
        """Write a project whose program is written in Python."""
        self.write("Pulumi.yaml", f"name: {name}\nruntime: python\n")
        self.write("__main__.py", program)

    def yaml(self, program: str, *, name: str = "shop") -> None:
        """Write a project whose program is written in YAML, from `resources:` or `outputs:` on."""
        self.write("Pulumi.yaml", f"name: {name}\nruntime: yaml\n{program}")

    def write(self, name: str, text: str) -> Path:
        """Write a file of the project."""
        file = self.project / name
        file.write_text(text)
        return file

    def run(
        self, *arguments: str, code: int | None = 0, environ: Mapping[str, str] | None = None, seconds: float = SECONDS
    ) -> Ended:
        """Run a command to its end; fail unless it ends with the code."""
        ended = self.start(*arguments, environ=environ).wait(seconds)
        assert code is None or ended.code == code, (
            f"pulumi {' '.join(arguments)} ended with {ended.code} instead of {code}\n{ended.out}\n{ended.err}"
        )
        return ended

    def start(self, *arguments: str, environ: Mapping[str, str] | None = None) -> Command:
        """Start a command that asks no questions, in a session of its own."""
        printed = self.folder / "printed" / str(len(self._commands))
        output, errors = printed.with_suffix(".out"), printed.with_suffix(".err")
        with output.open("wb") as out, errors.open("wb") as err:
            process = subprocess.Popen(
                [self._programs["pulumi"], *arguments],
                cwd=self.project,
                env={**self.environ, **(environ or {})},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        command = Command(process=process, output=output, errors=errors)
        self._commands.append(command)
        return command

    def init(self, stack: str = "dev") -> None:
        """Make a stack and select it."""
        self.run("stack", "init", stack)

    def outputs(self) -> Any:
        """Return the selected stack's outputs, the secret ones too."""
        return self.run("stack", "output", "--json", "--show-secrets").json

    def resources(self) -> list[Any]:
        """Return the resources in the selected stack's state."""
        found: list[Any] = self.run("stack", "export").json["deployment"].get("resources", [])
        return found

    def running(self) -> dict[int, str]:
        """Return the processes of all commands that run, by id: engines, language hosts, programs and plugins."""
        sessions = {command.process.pid for command in self._commands}
        listed = subprocess.run(
            ["ps", "-A", "-ww", "-o", "pid=,stat=,args="], capture_output=True, text=True, check=True
        )
        return {
            int(number): words
            for number, state, words in (line.split(None, 2) for line in listed.stdout.splitlines())
            if not state.startswith("Z") and _session(int(number)) in sessions
        }

    def close(self) -> None:
        """End every process that a command started, and return when none is left."""
        while found := self.running():
            for number in found:
                with suppress(ProcessLookupError):
                    os.kill(number, signal.SIGKILL)
            time.sleep(0.02)
        for command in self._commands:
            command.process.wait()


def _session(process: int) -> int | None:
    """Return the session of a process, which its children keep; None when it has ended meanwhile."""
    try:
        return os.getsid(process)
    except ProcessLookupError:
        return None
