"""The README names the files from a command to the method of the client: those that run, few, and always downward."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from types import FrameType
from typing import Any

from wlinfra.cli.app import main
from wlinfra_datarobot.emulator import DataRobotEmulator

ROOT = Path(__file__).parents[2]
SOURCES = (ROOT / "src" / "wlinfra", ROOT / "providers")
README = (ROOT / "README.md").read_text(encoding="utf-8")
PLAN, APPLY = (
    [name.strip("` ") for name in found.split("→")] for found in re.findall(r"`cli/\w+\.py`(?: → `[^`]+`)+", README)
)
PACKAGES = re.findall(r"^\| `(?:src/wlinfra|providers)/(\w+)/`", README, flags=re.MULTILINE)
LONGEST = 9

PROGRAM = """
import wlinfra as wl

stack = wl.Stack("hello")
server = wl.Artifact("server", containers=[wl.Container(image="ghcr.io/acme/chat:1", port=8080)])
stack.resources(lambda env: [server, wl.Workload("chat", artifact=server, bundles=["cpu.small"], replicas=1)])
stack.environment("test", provider="datarobot", endpoint="ENDPOINT", token="none")
"""


def files_of(frame: FrameType | None) -> Iterator[str]:
    """Yield the files of ours on a stack, the outermost first, each once."""
    found = []
    while frame is not None:
        found.append(Path(frame.f_code.co_filename))
        frame = frame.f_back
    ours = [file for file in reversed(found) if any(file.is_relative_to(source) for source in SOURCES)]
    for file in dict.fromkeys(ours):
        yield file.relative_to(next(source for source in SOURCES if file.is_relative_to(source))).as_posix()


@dataclass
class Trace:
    """Notes which files were under way when a call reached a method."""

    file: str
    method: str
    stacks: list[list[str]] = field(default_factory=list)

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if event == "call" and code.co_name == self.method and code.co_filename.endswith(self.file):
            self.stacks.append(list(files_of(frame)))


def traced(command: str, folder: Path, *traces: Trace) -> None:
    """Run a command, tracing every thread."""

    def all_of(frame: FrameType, event: str, argument: Any) -> None:
        for trace in traces:
            trace(frame, event, argument)

    with DataRobotEmulator() as emulator:
        (folder / "infra.py").write_text(PROGRAM.replace("ENDPOINT", emulator.url))
        before = sys.getprofile()
        threading.setprofile(all_of)
        sys.setprofile(all_of)
        try:
            arguments = [command, str(folder / "infra.py"), "-e", "test", "--state-dir", str(folder / "state")]
            arguments += ["--auto-approve"] if command == "apply" else []
            said = StringIO()
            assert main(arguments, stdout=said, stderr=said, environ={"HOME": str(folder)}) == 0, said.getvalue()
        finally:
            sys.setprofile(before)
            threading.setprofile(before)


def is_named(names: list[str], files: list[str]) -> bool:
    """Whether the README names exactly these files; a short name is in the package of the one before."""
    return len(names) == len(files) and all(file.endswith(name) for file, name in zip(files, names, strict=True))


def is_short_and_downward(files: list[str]) -> bool:
    places = [PACKAGES.index(file.split("/")[0]) for file in files]
    return len(files) <= LONGEST and places == sorted(places)


def test_a_plan_takes_the_path_of_the_readme(tmp_path: Path) -> None:
    request = Trace("client/workloads.py", "list")
    traced("plan", tmp_path, request)
    files = request.stacks[0][1:]
    assert is_named(PLAN, files), files
    assert is_short_and_downward(files)


def test_an_apply_takes_the_path_of_the_readme(tmp_path: Path) -> None:
    """A worker's thread begins in `apply/workers.py`, which calls what the scheduler gives it."""
    begun, request = Trace("apply/scheduler.py", "submit"), Trace("client/workloads.py", "create")
    traced("apply", tmp_path, begun, request)
    files = list(dict.fromkeys((*begun.stacks[0][1:], *request.stacks[0][1:])))
    assert is_named(APPLY, files), files
    assert is_short_and_downward(files)
