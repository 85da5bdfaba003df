"""Starting costs little: what a command does not need is not imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SHOW = "import sys; {}; print(*sorted({{name.partition('.')[0] for name in sys.modules}}), *sorted(sys.modules))"
HEAVY = {"urllib3", "requests", "httpx", "http", "deepdiff", "kubernetes", "pulumi", "rich", "yaml", "ssl"}


def modules_after(statement: str) -> set[str]:
    """Return the modules a fresh interpreter holds after the statement."""
    done = subprocess.run(
        [sys.executable, "-c", SHOW.format(statement)], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.splitlines()[-1].split())


def test_importing_the_package_imports_no_client_and_nothing_heavy() -> None:
    found = modules_after("import wlinfra")
    assert "wlinfra" in found
    assert found & {*HEAVY, "pydantic", "wlinfra_datarobot"} == set()


def test_declaring_imports_no_client() -> None:
    found = modules_after("import wlinfra as wl; wl.Artifact, wl.Workload, wl.Stack, wl.concurrency")
    assert "pydantic" in found
    assert found & {*HEAVY, "wlinfra_datarobot"} == set()


@pytest.mark.parametrize("arguments", [["--help"], ["apply", "--help"], ["version"], ["--version"]])
def test_help_and_version_import_neither_pydantic_nor_a_provider(arguments: list[str]) -> None:
    found = modules_after(f"from wlinfra.cli.app import main; main({arguments!r})")
    assert "wlinfra.cli.app" in found
    assert found & {*HEAVY, "pydantic", "wlinfra_datarobot", "wlinfra.resources.base"} == set()


EMPTY = """
import wlinfra as wl

stack = wl.Stack("empty")
stack.environment("prod", provider="datarobot", endpoint="http://127.0.0.1:1/api/v2", token="none")


@stack.resources
def resources(env):
    return []
"""


def test_planning_nothing_imports_neither_the_client_nor_what_applies(tmp_path: Path) -> None:
    (tmp_path / "infra.py").write_text(EMPTY, encoding="utf-8")
    arguments = ["--chdir", str(tmp_path), "plan", "-e", "prod"]
    found = modules_after(f"from wlinfra.cli.app import main; assert main({arguments!r}) == 0")
    assert "wlinfra_datarobot.provider" in found
    unwanted = ("wlinfra.apply.", "wlinfra.emulation", "wlinfra.http.transport", "wlinfra_datarobot.client")
    needed = {"wlinfra.clock", "wlinfra.apply.stop"}
    assert {name for name in found if name.startswith(unwanted)} - needed == set()
    assert found & {*HEAVY, "asyncio", "concurrent.futures", "logging", "wlinfra.state.repair"} == set()
    assert "wlinfra_datarobot.emulator" not in found


def test_the_plugin_of_pulumi_starts_with_the_protocol_alone() -> None:
    found = modules_after("import wlinfra.pulumi.main, wlinfra.pulumi.service.server, pulumi, sys")
    ours = {name for name in found if name.startswith(("wlinfra.", "wlinfra_"))}
    allowed = ("wlinfra.pulumi.main", "wlinfra.pulumi.contract", "wlinfra.pulumi.service")
    assert {name for name in ours if not name.startswith(allowed)} <= {
        "wlinfra.errors",
        "wlinfra.printable",
        "wlinfra.pulumi",
        "wlinfra.values",
        "wlinfra.version",
    }
    assert "wlinfra.pulumi.service.server" in found
    assert "pydantic" not in found


def test_neither_the_core_nor_the_command_line_imports_pulumi() -> None:
    found = modules_after("import wlinfra as wl; wl.open_workspace; import wlinfra.cli.apply, wlinfra.cli.pulumi")
    assert "wlinfra.cli.pulumi" in found
    assert found & {"pulumi", "grpc", "google"} == set()
