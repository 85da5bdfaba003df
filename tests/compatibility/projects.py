"""What the programs that wrote the data and the tests that read it have in common: projects, and where all lies."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from support.project import Project

__all__ = [
    "EARLIER",
    "WRITTEN",
    "expected_actions",
    "filled_in",
    "missing",
    "project_on",
    "recorded",
    "restored",
    "rewrite",
]

HERE = Path(__file__).parent
EARLIER = HERE / "writing" / "earlier"
PROGRAMS = HERE / "programs"
WRITTEN = HERE / "written"
ENVIRON = {
    "WLINFRA_STATE_KEY": "5f" * 32,
    "WLINFRA_USER": "alice",
    "CHAT_TOKEN": "s3cret-of-the-environment",
}
"""The key of the digests is as public as the secrets of these stacks."""


def project_on(states: Path, folder: Path, program: str, **environ: str) -> Project:
    """Return a project in the folder with one of the programs, on a directory of states."""
    project = Project(folder=folder, environ={**ENVIRON, "WLINFRA_STATE_DIR": str(states), **environ})
    project.write((PROGRAMS / f"{program}.py").read_text())
    shutil.copytree(PROGRAMS / "k8s", folder / "k8s")
    (folder / "token.txt").write_text("s3cret-of-a-file\n")
    return project


def rewrite(project: Project, *options: str) -> None:
    """Write the state as a snapshot; what is recorded afterwards stands in a journal beside it."""
    pulled = project.folder / "pulled.json"
    pulled.write_text(project.run("state", "pull", *options).out)
    project.run("state", "push", str(pulled), *options)


def restored(name: str, folder: Path) -> Path:
    """Return a copy of what was written under a name, readable by its user alone as it was written."""
    kept = folder / "kept"
    shutil.copytree(WRITTEN / name, kept)
    for path in (kept, *kept.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    return kept


def expected_actions(name: str) -> dict[str, dict[str, str]]:
    """Return what the version that wrote the data planned for each environment of a program, by address."""
    found: dict[str, dict[str, str]] = json.loads((WRITTEN / name / "plans.json").read_text())
    return found


def recorded(project: Project, *options: str) -> dict[str, Any]:
    """Return the records of a state by address."""
    found: dict[str, Any] = project.run("state", "pull", *options).json["objects"]
    return found


def filled_in(project: Project, *options: str) -> bool:
    """Return whether a state has learned which place its objects are at, and an apply has nothing more to write."""
    document = project.run("state", "pull", *options[:2]).json
    project.apply(*options)
    return bool(document["places"]) and project.run("state", "pull", *options[:2]).json["serial"] == document["serial"]


def missing(before: Any, after: Any, path: str = "") -> list[str]:
    """Return where something that was recorded is another or gone; what is new beside it does not count."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [
            found
            for key, value in before.items()
            for found in (missing(value, after[key], f"{path}/{key}") if key in after else [f"{path}/{key}"])
        ]
    return [] if before == after else [path]
