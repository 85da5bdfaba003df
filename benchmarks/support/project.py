"""A project on disk whose program declares N objects of 4 KB for the workload API: half artifacts, half workloads.

H1, H2 and H9 plan and apply it with the installed command.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from benchmarks.support.bench import ROOT, Bench
from benchmarks.support.documents import VARIABLES
from benchmarks.support.http_app import Served

__all__ = ["Project", "pages", "start_workload_api"]

_PAGE = 100

_PROGRAM = """
import wlinfra as wl

COUNT = {count}
VARIABLES = {variables}
TEXT = "What this workload is for. " * 120

stack = wl.Stack("bench")
stack.environment("prod", provider="datarobot", endpoint="{url}/api/v2", token="none")


@stack.resources
def resources(env):
    for number in range(COUNT // 2):
        artifact = wl.Artifact(
            f"a{{COUNT}}-{{number}}",
            status="draft",
            containers=[
                wl.Container(
                    image=f"registry.example.com/team/service:{{number}}",
                    port=8080,
                    env={{f"SETTING_{{index:02}}": f"{{number:05}} {{index:02}}" for index in range(VARIABLES)}},
                    readiness=wl.Probe(path="/ready"),
                    liveness=wl.Probe(path="/alive"),
                )
            ],
        )
        yield artifact
        yield wl.Workload(f"w{{COUNT}}-{{number}}", artifact=artifact, replicas=1, cpu=1, memory="512MB", description=TEXT)
"""


class Project:
    """One program and its state."""

    def __init__(self, bench: Bench, server: Served, count: int) -> None:
        self.count = count
        self.folder = bench.folder("project")
        self._installed = bench.installed
        text = _PROGRAM.format(count=count, variables=VARIABLES, url=server.url)
        (self.folder / "infra.py").write_text(text, encoding="utf-8")

    def plan(self) -> None:
        """Plan; raises RuntimeError when anything would change."""
        self._run(["plan", "-e", "prod", "--detailed-exitcode"])

    def apply(self, *, parallelism: int = 32) -> None:
        """Apply without asking; raises RuntimeError when anything failed."""
        self._run(["apply", "-e", "prod", "--auto-approve", "--parallelism", str(parallelism)])

    def forget(self) -> None:
        """Lose the state, so that the next apply creates everything."""
        shutil.rmtree(self.folder / ".wlinfra", ignore_errors=True)

    def _run(self, arguments: Sequence[str]) -> str:
        return self._installed.run(arguments, cwd=self.folder)


def start_workload_api() -> Served:
    """Return the fixture platform, started."""
    return Served("benchmarks.support.workload_api", ROOT)


def pages(count: int) -> int:
    """Return how many list pages so many objects of the project fill."""
    return 2 * -(-(count // 2) // _PAGE)
