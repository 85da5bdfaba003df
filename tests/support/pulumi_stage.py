"""A Pulumi project on an emulated DataRobot, run by the real engine, with every request of its commands counted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from engines.pulumi.workspace import Ended, PulumiWorkspace

from support.api_client import ApiClient
from wlinfra.emulation import Clock
from wlinfra_datarobot.emulator import DataRobotEmulator

__all__ = ["PROGRAM", "TOKEN", "PulumiStage", "stage_on"]

TOKEN = "canary-of-the-environment"
PROGRAM = """\
import pulumi
import pulumi_wlinfra as wlinfra

config = pulumi.Config()
server = wlinfra.Artifact(
    "server",
    description=config.get("description"),
    type=config.get("type"),
    containers=[{
        "image": config.get("image") or "ghcr.io/acme/chat:1",
        "port": 8080,
        "env": {"TOKEN": pulumi.Output.secret("canary-of-the-program")},
    }],
)
chat = wlinfra.Workload("chat", artifact=server, description="serves chat", bundles=["cpu.small"], replicas=1)
pulumi.export("endpoint", chat.endpoint)
pulumi.export("workload", chat.id)
"""


@dataclass(frozen=True, slots=True)
class PulumiStage:
    """One stack named `dev`, its platform, and what was asked of the platform since the last look."""

    workspace: PulumiWorkspace
    emulator: DataRobotEmulator
    api: ApiClient

    def config(self, **values: str) -> None:
        """Write the configuration: the provider's, and that of the program."""
        given = {"wlinfra:endpoint": self.emulator.url, **{f"shop:{name}": value for name, value in values.items()}}
        self.workspace.write("Pulumi.dev.yaml", json.dumps({"config": given}))

    def run(self, *arguments: str, code: int | None = 0) -> tuple[Ended, list[str]]:
        """Run a command; return how it ended, and its requests as method and path, without ids and queries."""
        before = len(self.emulator.requests)
        ended = self.workspace.run(*arguments, code=code)
        return ended, [f"{one.method} {one.path}" for one in list(self.emulator.requests)[before:]]

    def up(self, *arguments: str, code: int | None = 0) -> tuple[Ended, list[str]]:
        """Update without asking and without a preview."""
        return self.run("up", "--yes", "--skip-preview", *arguments, code=code)

    def recorded(self, type_: str) -> Any:
        """Return what the stack's state has of the one resource of the type, without a command."""
        state = json.loads((self.workspace.backend / ".pulumi/stacks/shop/dev.json").read_text())
        found = state["checkpoint"]["latest"].get("resources", [])
        (one,) = [one for one in found if one["type"] == f"wlinfra:index:{type_}"]
        return one

    def workloads(self) -> list[Any]:
        """Return the workloads that exist."""
        found: list[Any] = self.api.call("GET", "/workloads").body["data"]
        return found

    def artifacts(self) -> list[Any]:
        """Return the artifacts that exist, all versions."""
        found: list[Any] = self.api.call("GET", "/artifacts").body["data"]
        return found


@contextmanager
def stage_on(
    workspace: PulumiWorkspace, program: str = PROGRAM, *, clock: Clock | None = None
) -> Iterator[PulumiStage]:
    """Yield a stage whose stack is made and configured, with nothing applied; ``clock`` is the platform's."""
    with DataRobotEmulator(token=TOKEN, clock=clock) as emulator:
        workspace.environ["DATAROBOT_API_TOKEN"] = TOKEN
        workspace.python(program)
        stage = PulumiStage(workspace, emulator, ApiClient(emulator.url, TOKEN))
        workspace.init()
        stage.config()
        yield stage


def mutating(requests: list[str]) -> list[str]:
    """Return the requests that change something."""
    return [one for one in requests if not one.startswith("GET")]
