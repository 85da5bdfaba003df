"""Commands on the platform in memory, whose objects stand in a file."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from compatibility.projects import ENVIRON, project_on
from wlinfra.cli.app import main
from wlinfra.diff.schema import Attribute, Effect, fields
from wlinfra.testing import MemoryProvider, MemoryWorld

__all__ = ["INTERRUPTED", "MemoryCommands"]

INTERRUPTED = ("create-lost", "create-unsent", "update-lost", "delete-lost", "replace-lost", "deposed")
WORKLOAD = fields(
    artifact=Attribute(effect=Effect.ROLLS),
    replicas=Attribute(default=1),
    description=Attribute(),
    importance=Attribute(),
)
SCHEMAS = {"workload": Attribute(fields=WORKLOAD)}


class MemoryCommands:
    """One program on what is kept in a folder."""

    def __init__(self, kept: Path, place: Path) -> None:
        self.project = project_on(kept / "states", place, "memory")
        self.world = kept / "world.json"

    def provider(self) -> MemoryProvider:
        """Return the platform."""
        return MemoryProvider(world=MemoryWorld(self.world), schemas=SCHEMAS)

    def run(self, *arguments: str, prepare: Callable[[MemoryProvider], None] | None = None) -> str:
        """Run a command and return what it printed; fail unless it ends well."""
        provider, out = self.provider(), io.StringIO()
        if prepare is not None:
            prepare(provider)
        code = main(
            ["--chdir", str(self.project.folder), *arguments],
            stdin=io.StringIO(),
            stdout=out,
            stderr=out,
            environ={**ENVIRON, **self.project.environ},
            providers={"memory": provider},
        )
        assert code == 0, out.getvalue()
        return out.getvalue()

    def actions(self, *options: str) -> dict[str, str]:
        """Return what a plan would do to each address that it changes."""
        changes = json.loads(self.run("plan", "--format", "json", *options))["changes"]
        return {item["address"]: item["action"] for item in changes if item["action"] not in ("no-op", "read")}

    def recorded(self, *options: str) -> dict[str, Any]:
        """Return the records of a state by address."""
        found: dict[str, Any] = json.loads(self.run("state", "pull", *options))["objects"]
        return found
