"""Writes the data of one platform in place of what is there, with the wlinfra whose data is wanted.

`PLATFORM` writes it, `PLATFORM plans` then writes what that version plans where it was interrupted; see the README.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from importlib import import_module
from pathlib import Path

from compatibility.projects import WRITTEN, restored


def main(platform: str, *, plans: bool) -> None:
    """Write the data, or the plans."""
    folder = WRITTEN / platform
    with tempfile.TemporaryDirectory() as name:
        if plans:
            found = _planned(platform, Path(name))
            file = folder / ("interrupted" if platform == "datarobot" else ".") / "plans.json"
            file.write_text(json.dumps(found, indent=1) + "\n")
            return
        import_module("compatibility.writing.earlier.sitecustomize")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        _write(platform, folder, Path(name))
    for left_out in (*folder.rglob("reserve"), *folder.rglob("journal.previous.jsonl")):
        left_out.unlink()


def _write(platform: str, folder: Path, projects: Path) -> None:
    match platform:
        case "datarobot":
            from compatibility.writing import datarobot

            for environment, dialect in (("embedded", "2026-10"), ("standalone", "2026-10"), ("june", "2026-06")):
                datarobot.write_everything(folder / environment, projects, environment, dialect)
            datarobot.write_interrupted(folder / "interrupted", projects / "interrupted")
        case "kubernetes":
            from compatibility.writing import kubernetes

            kubernetes.write(folder, projects)
        case "memory":
            from compatibility.writing import memory

            memory.write(folder, projects)
        case _:
            raise SystemExit(f"unknown platform {platform}")


def _planned(platform: str, folder: Path) -> dict[str, dict[str, str]]:
    match platform:
        case "datarobot":
            from compatibility.writing import datarobot

            return datarobot.planned(restored("datarobot/interrupted", folder), folder)
        case "kubernetes":
            from compatibility.stored import on_a_cluster
            from compatibility.writing import kubernetes

            with on_a_cluster() as cluster:
                return kubernetes.planned(cluster.handle, restored("kubernetes", folder), folder)
        case "memory":
            from compatibility.writing import memory

            return memory.planned(restored("memory", folder), folder)
        case _:
            raise SystemExit(f"unknown platform {platform}")


main(sys.argv[1], plans=sys.argv[2:] == ["plans"])
