"""Peers as commands: kubectl on ConfigMaps of 3 KB, Terraform on `terraform_data` without any network.

H1 and H2 run them beside wlinfra; each is None where its command is not on the PATH.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.support.bench import ROOT, Bench
from benchmarks.support.documents import artifact_spec, variables
from benchmarks.support.http_app import Served
from benchmarks.support.installed import run

__all__ = ["Kubectl", "Terraform", "find_kubectl", "find_terraform", "start_kubernetes_api"]

_KUBECONFIG = """
apiVersion: v1
kind: Config
clusters: [{{name: fake, cluster: {{server: "{url}"}}}}]
contexts: [{{name: fake, context: {{cluster: fake, user: nobody}}}}]
users: [{{name: nobody, user: {{}}}}]
current-context: fake
"""


class Kubectl:
    """One file of N ConfigMaps."""

    def __init__(self, command: str, folder: Path, server: Served, count: int) -> None:
        self._command = command
        self._folder = folder
        (folder / "config").write_text(_KUBECONFIG.format(url=server.url), encoding="utf-8")
        items = [_config_map(number) for number in range(count)]
        (folder / "all.json").write_text(json.dumps({"kind": "List", "apiVersion": "v1", "items": items}))

    def diff(self) -> None:
        """Compare; raises RuntimeError when something differs."""
        self._run("diff", "--concurrency=10")

    def apply(self) -> None:
        """Create or update everything."""
        self._run("apply", "--validate=false")

    def _run(self, verb: str, *options: str) -> None:
        command = [self._command, "--kubeconfig", "config", verb, "-f", "all.json", *options]
        run(command, cwd=self._folder)


def _config_map(number: int) -> dict[str, Any]:
    data = {**variables(number), "text": "What this is for. " * 75}
    return {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": f"c-{number}"}, "data": data}


class Terraform:
    """N resources that live in the state alone; each has an input of 4 KB, or a small one."""

    def __init__(self, command: str, folder: Path, count: int, *, is_small: bool = False) -> None:
        self._command = command
        self._folder = folder
        self._is_small = is_small
        self._count = count
        self._declare(1)
        run([command, "init", "-no-color"], cwd=folder)

    def plan(self) -> None:
        """Plan; raises RuntimeError when anything would change."""
        run([self._command, "plan", "-no-color", "-detailed-exitcode"], cwd=self._folder)

    def apply(self) -> None:
        """Create everything again."""
        self._declare(self._count)
        (self._folder / "terraform.tfstate").unlink(missing_ok=True)
        self._apply()

    def pretend_applied(self) -> None:
        """Write the state that an apply would leave, which takes Terraform minutes."""
        self._declare(1)
        self._apply()
        path = self._folder / "terraform.tfstate"
        state = json.loads(path.read_text())
        one = json.dumps(state["resources"][0])
        made = json.loads(one)["instances"][0]["attributes"]["input"]["value"]
        state["resources"] = []
        for number in range(self._count):
            resource = json.loads(one)
            resource["name"] = f"r{number}"
            attributes = resource["instances"][0]["attributes"]
            attributes["id"] = f"00000000-0000-0000-0000-{number:012}"
            for name in ("input", "output"):
                attributes[name]["value"] = self._input(number)
            state["resources"].append(resource)
        if made != self._input(0):
            raise RuntimeError("Terraform recorded another input than it was given")
        path.write_text(json.dumps(state))
        self._declare(self._count)

    def _declare(self, count: int) -> None:
        resources = {f"r{number}": {"input": self._input(number)} for number in range(count)}
        (self._folder / "main.tf.json").write_text(json.dumps({"resource": {"terraform_data": resources}}))

    def _input(self, number: int) -> str:
        return f"small input of number {number}" if self._is_small else json.dumps(artifact_spec(number))

    def _apply(self) -> None:
        run([self._command, "apply", "-no-color", "-auto-approve"], cwd=self._folder)


def find_kubectl(bench: Bench, server: Served | None, count: int) -> Kubectl | None:
    """Return kubectl with its ConfigMaps; None when it is not installed."""
    command = bench.find_tool("kubectl")
    if command is None or server is None:
        return None
    return Kubectl(command, bench.folder("kubectl"), server, count)


def find_terraform(bench: Bench, count: int, *, is_small: bool = False) -> Terraform | None:
    """Return Terraform with its resources; None when it is not installed."""
    command = bench.find_tool("terraform")
    return None if command is None else Terraform(command, bench.folder("terraform"), count, is_small=is_small)


def start_kubernetes_api() -> Served:
    """Return the fake API server, started."""
    return Served("benchmarks.support.kubernetes_api", ROOT)
