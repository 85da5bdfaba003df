"""A new attribute takes three places: the resource class, one row, and the emulator that answers for the platform."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.project import program

ROOT = Path(__file__).parents[4]
CLASS = (
    "src/wlinfra/resources/container.py",
    '    description: Prose = attribute("", "A description for users.")\n',
    '    working_directory: Line | None = attribute(None, "Where the command starts.")\n',
)
ROW = (
    "providers/wlinfra_datarobot/attributes/artifact.py",
    '        Row(declared="primary", wire="primary", attribute=Attribute(default=False)),\n',
    '        Row(declared="working_directory", wire="workingDir"),\n',
)
EMULATOR = (
    "providers/wlinfra_datarobot/emulator/shapes.py",
    "    image_uri: str | None = None\n",
    "    working_dir: str | None = None\n",
)
BODY = """
server = wl.Artifact("server", containers=[wl.Container(image="ghcr.io/acme/chat:1", port=8080, {more})])
yield server
yield wl.Workload("chat", artifact=server, bundles=["cpu.small"], replicas=1)
"""

RUN = """
import contextlib, io, json, pathlib, sys
from wlinfra.cli.app import main

done = []
for command, text in json.loads(sys.argv[1]):
    pathlib.Path("infra.py").write_text(text)
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        code = main([*command, "-e", "test"])
    done.append((code, out.getvalue()))
print(json.dumps(done))
"""


@dataclass(frozen=True, slots=True)
class Sources:
    """A copy of wlinfra with some lines added."""

    folder: Path

    def add(self, *lines: tuple[str, str, str]) -> None:
        for file, after, line in lines:
            path = self.folder / file
            text = path.read_text(encoding="utf-8")
            assert text.count(after) == 1, f"{file} has no such line any more: {after}"
            path.write_text(text.replace(after, after + line), encoding="utf-8")

    def run(self, *commands: tuple[str, str]) -> list[tuple[int, str]]:
        """Return the exit code and the output of commands about a container that declares what is given with each."""
        given = [(command.split(), program(BODY.format(more=more))) for command, more in commands]
        done = subprocess.run(
            [sys.executable, "-c", RUN, json.dumps(given)],
            cwd=self.folder,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join((str(self.folder / "src"), str(self.folder / "providers"))),
            },
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            timeout=60,
        )
        return [(code, out) for code, out in json.loads(done.stdout)]


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    for package in ("src/wlinfra", "providers/wlinfra_datarobot"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    return Sources(tmp_path)


def test_a_new_attribute_takes_a_field_one_row_and_the_emulator(sources: Sources) -> None:
    sources.add(CLASS, ROW, EMULATOR)
    applied, same, other = sources.run(
        ("apply --auto-approve", 'working_directory="/srv"'),
        ("plan --detailed-exitcode", 'working_directory="/srv"'),
        ("plan --detailed-exitcode", 'working_directory="/app"'),
    )
    assert (applied[0], same[0], other[0]) == (0, 0, 2), applied[1] + same[1] + other[1]
    assert all(word in other[1] for word in ('"/srv"', '"/app"', "working_directory"))


def test_an_attribute_that_the_platform_lacks_is_refused_under_its_declared_name(sources: Sources) -> None:
    sources.add(CLASS, ROW)
    [(code, out)] = sources.run(("apply --auto-approve", 'working_directory="/srv"'))
    assert (code, "in artifact.server: containers[main].working_directory" in out) == (1, True), out
