"""The project installed the way a wheel installs it: copied, compiled to bytecode, with its console script.

Start-up and the command line are measured in it. A checkout would be compiled again at every start wherever
PYTHONDONTWRITEBYTECODE is set, which costs more than most of what is measured. Nothing is downloaded: the
dependencies are those of the interpreter that runs the benchmarks.
"""

from __future__ import annotations

import compileall
import os
import shutil
import subprocess
import sysconfig
import tomllib
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["Installed", "clean_environment"]

# What pip writes for a console script.
_SCRIPT = """#!{python}
import sys
from {module} import {function}
if __name__ == '__main__':
    sys.argv[0] = sys.argv[0].removesuffix('.exe')
    sys.exit({function}())
"""


class Installed:
    """An environment with the project in it."""

    def __init__(self, root: Path, directory: Path) -> None:
        venv.create(directory, with_pip=False, symlinks=True)
        self.python = directory / "bin" / "python"
        self.wlinfra = directory / "bin" / "wlinfra"
        self._project: dict[str, Any] = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
        site = Path(sysconfig.get_path("purelib", vars={"base": str(directory), "platbase": str(directory)}))
        for package in self._project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]:
            shutil.copytree(root / package, site / Path(package).name, ignore=shutil.ignore_patterns("__pycache__"))
        (site / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")
        self._write_metadata(site)
        self._write_script()
        if not compileall.compile_dir(site, quiet=2):
            raise RuntimeError("the project does not compile")

    def run(
        self, arguments: Sequence[str | Path], *, cwd: Path, environ: Mapping[str, str] | None = None, code: int = 0
    ) -> str:
        """Run one wlinfra command and return its output; raises RuntimeError for another exit code."""
        return run([self.wlinfra, *arguments], cwd=cwd, environ=environ, code=code)

    def _write_metadata(self, site: Path) -> None:
        project = self._project["project"]
        folder = site / f"{project['name']}-{project['version']}.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n", encoding="utf-8"
        )
        groups = {"console_scripts": project["scripts"], **project["entry-points"]}
        sections = [
            f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in entries.items())
            for group, entries in groups.items()
        ]
        (folder / "entry_points.txt").write_text("\n".join(sections), encoding="utf-8")

    def _write_script(self) -> None:
        module, function = self._project["project"]["scripts"]["wlinfra"].split(":")
        text = _SCRIPT.format(python=self.python, module=module, function=function)
        self.wlinfra.write_text(text, encoding="utf-8")
        self.wlinfra.chmod(0o755)


def run(arguments: Sequence[str | Path], *, cwd: Path, environ: Mapping[str, str] | None = None, code: int = 0) -> str:
    """Run a command and return its output; raises RuntimeError, with what it said, for another exit code."""
    done = subprocess.run(
        [str(argument) for argument in arguments],
        cwd=cwd,
        env={**clean_environment(), "HOME": str(cwd), **(environ or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != code:
        said = (done.stderr or done.stdout)[-2000:]
        raise RuntimeError(f"{' '.join(map(str, arguments))} ended with {done.returncode}:\n{said}")
    return done.stdout


def clean_environment() -> dict[str, str]:
    """Return the process's variables without those that would change what is measured."""
    unwanted = ("PYTHON", "WLINFRA", "DATAROBOT", "KUBE", "TF_", "PULUMI", "COV_", "COVERAGE")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    no_proxy = {"NO_PROXY": "*", "no_proxy": "*"}
    return {**environ, **no_proxy, "PATH": os.environ.get("PATH", os.defpath)}
