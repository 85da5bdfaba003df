"""A user's project in a temporary folder: a program, the command line, and a DataRobot emulator beside it."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wlinfra.cli.app import main

from .forks import Forked, fork

__all__ = ["IMPATIENT", "Completed", "Project", "program", "rewritten"]

HEADER = """\
import wlinfra as wl

stack = wl.Stack("shop")


@stack.resources
def resources(env):
"""
FOOTER = """

stack.environment("test", provider="datarobot", endpoint={endpoint!r}, token="test-token"{options})
"""
IMPATIENT = "read_timeout=2, connect_timeout=0.5"
"""For runs that are killed or get no answer: the next one waits until nothing of theirs can happen any more. All others
have the time that users have, because a loaded machine may hold any process up for a second."""


def program(body: str, endpoint: str = "emulator", options: str = "") -> str:
    """Return a program whose resources are the indented body, with one environment named test."""
    indented = "\n".join(f"    {line}" if line else "" for line in body.strip("\n").splitlines())
    return HEADER + indented + FOOTER.format(endpoint=endpoint, options=f", {options}" if options else "")


def rewritten(text: str, **replaced: str) -> str:
    """Return the text with each key, written as a word in capitals, replaced by its value."""
    for key, value in replaced.items():
        assert key in text, f"{key} does not occur"
        text = text.replace(key, value)
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """What one command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The output as JSON."""
        return json.loads(self.out)


@dataclass(slots=True, kw_only=True)
class Project:
    """A folder with a program; commands run in it."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        home = self.folder / "home"
        home.mkdir(parents=True, exist_ok=True)
        self.environ = {
            "HOME": str(home),
            "XDG_DATA_HOME": str(home / "data"),
            "PATH": os.environ["PATH"],
            "NO_COLOR": "1",
            **self.environ,
        }

    def write(self, text: str, name: str = "infra.py") -> Path:
        """Write the program."""
        path = self.folder / name
        path.write_text(text)
        return path

    def run(self, *arguments: str, code: int | None = 0, stdin: str = "") -> Completed:
        """Run a command in this process; fail unless it ends with the code."""
        out, err = io.StringIO(), io.StringIO()
        found = main(
            ["--chdir", str(self.folder), *arguments],
            stdin=io.StringIO(stdin),
            stdout=out,
            stderr=err,
            environ=self.environ,
        )
        done = Completed(code=found, out=out.getvalue(), err=err.getvalue())
        assert code is None or found == code, (
            f"{' '.join(arguments)} ended with {found} instead of {code}\n{done.out}\n{done.err}"
        )
        return done

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command as a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-c", "from wlinfra.cli.app import entry; entry()", *arguments],
            cwd=self.folder,
            env=self.environ,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def fork(self, *arguments: str) -> Forked:
        """Start a command as a process that has everything imported."""
        return fork(self.folder, self.environ, *arguments)

    def apply(self, *arguments: str, code: int | None = 0) -> Completed:
        """Apply without asking."""
        return self.run("apply", "--auto-approve", *arguments, code=code)

    def plan(self, *arguments: str, code: int | None = 0) -> Completed:
        """Plan."""
        return self.run("plan", *arguments, code=code)

    def changes(self, *arguments: str) -> dict[str, dict[str, Any]]:
        """Return the changes of a plan by address, without those that do nothing."""
        document = self.run("plan", "--format", "json", *arguments).json
        return {
            change["address"]: change for change in document["changes"] if change["action"] not in ("no-op", "read")
        }

    def actions(self, *arguments: str) -> dict[str, str]:
        """Return what a plan would do to each address."""
        return {address: change["action"] for address, change in self.changes(*arguments).items()}

    def everything_written(self) -> str:
        """Return the text of every file the tool keeps beside the program."""
        return "\n".join(
            path.read_text(errors="replace")
            for path in sorted((self.folder / ".wlinfra").rglob("*"))
            if path.is_file() and "datarobot" not in path.parts
        )


def strip_numbers(text: str) -> str:
    """Return the text with ids and times taken out."""
    return re.sub(r"[0-9a-f]{24}|\d+(\.\d+)?s", "#", text)
