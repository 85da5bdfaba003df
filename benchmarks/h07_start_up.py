"""H7: how long the command takes to start, beside bare Python and beside importing one pydantic model; and what
`import pulumi_wlinfra` adds to `import pulumi`.

Everything is started in the installed environment, from bytecode.
"""

from __future__ import annotations

import subprocess
from importlib.util import find_spec
from pathlib import Path

from benchmarks.support.bench import Bench
from benchmarks.support.installed import clean_environment, run
from benchmarks.support.report import Report, Row, at_most, missing
from benchmarks.support.timing import Times, round_robin, show

_PROGRAM = """
import wlinfra as wl

stack = wl.Stack("empty")
stack.environment("prod", provider="datarobot", endpoint="http://127.0.0.1:1/api/v2", token="none")


@stack.resources
def resources(env):
    return []
"""

_MODEL = """
import pydantic

class Model(pydantic.BaseModel):
    name: str
    port: int = 8080

Model(name="chat")
"""

_COUNT_MODULES = """
import sys
from wlinfra.cli.app import main
main({arguments!r})
wanted = ("pydantic", "kubernetes", "pulumi", "deepdiff", "rich", "asyncio", "yaml", "urllib3")
print("\\n" + ",".join(name for name in wanted if name in sys.modules))
"""

_HELP_BY_PYTHON = 3.5
_PLAN_BY_MODEL = 1.3
_IMPORT_BY_PULUMI = 1.3


def measure(bench: Bench) -> Report:
    """Return both start-up times against their bounds."""
    folder = bench.folder("empty")
    (folder / "infra.py").write_text(_PROGRAM, encoding="utf-8")
    (folder / "model.py").write_text(_MODEL, encoding="utf-8")
    python, wlinfra = str(bench.installed.python), str(bench.installed.wlinfra)
    commands = {
        "bare": [python, "-c", "pass"],
        "argparse": [python, "-c", "import argparse"],
        "model": [python, "-B", "model.py"],
        "--help": [wlinfra, "--help"],
        "plan": [wlinfra, "plan", "-e", "prod"],
    }
    if find_spec("pulumi"):
        commands |= {name: [python, "-c", f"import {name}"] for name in ("pulumi", "pulumi_wlinfra")}
    _warm_up(commands, folder)
    starts = {name: _Start(command, folder) for name, command in commands.items()}
    times = round_robin(starts, bench.runs * (3 if bench.is_full else 1))
    return Report(name="H7", rows=tuple(_rows(times)), counts=_counts(bench, folder))


def _rows(times: Times) -> list[Row]:
    # The parser is a price of its own: it is added to the bound, not multiplied.
    bound = _HELP_BY_PYTHON * times["bare"] + (times["argparse"] - times["bare"])
    return [
        at_most(
            "wlinfra --help",
            times["--help"] / bound,
            1,
            peer=f"{_HELP_BY_PYTHON}x bare Python + argparse",
            detail=f"{show(times['--help'])} to {show(bound)}",
        ),
        at_most(
            "wlinfra plan of nothing",
            times.ratio("plan", "model"),
            _PLAN_BY_MODEL,
            peer="one pydantic model",
            detail=times.detail("plan", "model"),
        ),
        _against_pulumi(times),
    ]


def _against_pulumi(times: Times) -> Row:
    what, peer = "import pulumi_wlinfra", "import pulumi"
    if "pulumi" not in times.runs:
        return missing(what, f"<= {_IMPORT_BY_PULUMI}x", peer=peer)
    ratio, detail = times.ratio("pulumi_wlinfra", "pulumi"), times.detail("pulumi_wlinfra", "pulumi")
    return at_most(what, ratio, _IMPORT_BY_PULUMI, peer=peer, detail=detail)


def _counts(bench: Bench, folder: Path) -> dict[str, list[str]]:
    return {
        "modules of --help": _modules(bench, folder, ["--help"]),
        "modules of plan": _modules(bench, folder, ["plan", "-e", "prod"]),
    }


def _modules(bench: Bench, folder: Path, arguments: list[str]) -> list[str]:
    code = _COUNT_MODULES.format(arguments=arguments)
    last = run([bench.installed.python, "-c", code], cwd=folder).splitlines()[-1]
    return [name for name in last.split(",") if name]


def _warm_up(commands: dict[str, list[str]], folder: Path) -> None:
    for command in commands.values():
        run(command, cwd=folder)


class _Start:
    """Starts one command and waits for its end."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self._command = command
        self._folder = folder
        self._environ = {**clean_environment(), "HOME": str(folder)}

    def __call__(self) -> None:
        subprocess.run(self._command, cwd=self._folder, env=self._environ, stdout=subprocess.DEVNULL, check=True)
