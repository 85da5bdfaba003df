"""Pulumi finds the plugin: by the console script on PATH, or where `wlinfra pulumi install` puts it."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import distribution
from importlib.resources import files
from pathlib import Path

import pytest
from engines.pulumi.workspace import PulumiWorkspace
from support.command_line import CommandLine

from wlinfra.version import semantic_version, tool_version


@pytest.mark.parametrize(
    ("package", "semantic"),
    [
        ("1", "1.0.0"),
        ("0.1.0", "0.1.0"),
        ("0.1.0.dev3", "0.1.0+dev3"),
        ("0.1.0a4", "0.1.0-alpha.4"),
        ("1.2.3b5", "1.2.3-beta.5"),
        ("1.2.3rc4", "1.2.3-rc.4"),
        ("1.2.3.post4", "1.2.3+post4"),
        ("1.2.3.post4.dev5", "1.2.3+post4dev5"),
        ("0.1.0+local.1", "0.1.0+local.1"),
        ("0+unknown", "0.0.0+unknown"),
        ("1.2.3.4", "1.2.3"),
    ],
)
def test_versions_are_converted_as_pulumis_own_host_does(package: str, semantic: str) -> None:
    assert semantic_version(package) == semantic


@pytest.mark.parametrize("package", ["", "1!2.0", "latest", "1.2.3-4"])
def test_other_versions_are_refused(package: str) -> None:
    with pytest.raises(ValueError, match="has no semantic version"):
        semantic_version(package)


def test_the_plugin_file_is_where_pulumis_python_host_looks_and_of_this_version() -> None:
    module = distribution("wlinfra").name.replace("-", "_")  # the host makes the folder's name of the distribution's
    plugin = json.loads((files(module) / "pulumi-plugin.json").read_text())
    assert plugin == {"resource": True, "name": "wlinfra", "version": semantic_version(tool_version())}


def test_the_console_script_is_the_plugin() -> None:
    (script,) = distribution("wlinfra").entry_points.select(name="pulumi-resource-wlinfra")
    assert script.value == "wlinfra.pulumi.main:entry"


def test_installing_lets_pulumi_start_the_plugin_without_path(pulumi_workspace: PulumiWorkspace) -> None:
    command = [sys.executable, "-m", "wlinfra", "pulumi", "install"]
    for _ in range(2):  # again after an upgrade
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=pulumi_workspace.environ)
        assert f"Installed the plugin wlinfra {semantic_version(tool_version())} for Pulumi" in done.stdout
    listed = pulumi_workspace.run("plugin", "ls", "--json").json
    assert [(one["name"], one["kind"], one["version"]) for one in listed] == [
        ("wlinfra", "resource", semantic_version(tool_version()))
    ]
    (installed,) = pulumi_workspace.home.glob("plugins/resource-wlinfra-*/pulumi-resource-wlinfra")
    assert subprocess.run([installed, "nowhere"], capture_output=True, check=False).returncode == 2


def test_without_pulumi_it_names_what_is_missing(tmp_path: Path) -> None:
    ended = CommandLine(tmp_path, environ={"PATH": str(tmp_path)}).run("pulumi", "install")
    assert ended.code == 1
    assert "Pulumi is not installed" in ended.err


def test_what_pulumi_says_against_it_is_passed_on(tmp_path: Path) -> None:
    pulumi = tmp_path / "pulumi"
    pulumi.write_text("#!/bin/sh\necho 'error: no room in the home' >&2\nexit 1\n")
    pulumi.chmod(0o755)
    ended = CommandLine(tmp_path, environ={"PATH": str(tmp_path)}).run("pulumi", "install")
    assert ended.code == 1
    assert "pulumi plugin install failed: no room in the home." in ended.err
