"""The example provider, found by its entry point and passing the contract as a stranger's would."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "custom_provider"


def run(*arguments: str, path: Path = EXAMPLE) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, dict.fromkeys((EXAMPLE, path))))}
    return subprocess.run([sys.executable, *arguments], check=False, capture_output=True, text=True, env=environment)


def test_it_passes_the_suite_of_every_provider() -> None:
    done = run("-m", "pytest", "-q", "-p", "no:cacheprovider", str(EXAMPLE))
    assert done.returncode == 0, done.stdout
    assert "18 passed" in done.stdout


def test_it_is_found_by_its_entry_point(tmp_path: Path) -> None:
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    (group, points), *_ = project["entry-points"].items()
    info = tmp_path / "wlinfra_filetree-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text(
        "\n".join([f"[{group}]", *(f"{name} = {value}" for name, value in points.items())])
    )
    done = run(
        "-c",
        "from wlinfra.provider.registry import load_provider; print(load_provider('filetree').name)",
        path=tmp_path,
    )
    assert done.stdout == "filetree\n", done.stderr


def test_it_is_short() -> None:
    code = [line for line in (EXAMPLE / "wlinfra_filetree.py").read_text().splitlines() if line.strip()]
    assert len(code) < 80
    assert len((EXAMPLE / "tests" / "test_filetree.py").read_text().splitlines()) <= 30
