"""`wlinfra pulumi`: giving Pulumi's command line the provider of this installation."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from argparse import Namespace
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from wlinfra.cli.console import Console
from wlinfra.cli.exit_codes import ExitCode
from wlinfra.errors import ConfigurationError
from wlinfra.version import semantic_version, tool_version

__all__ = ["run"]

_PLUGIN: Final = """#!/bin/sh
exec {python} -P -m wlinfra.pulumi.main "$@"
"""
"""What Pulumi keeps as its plugin: it runs this installation. Without -P a folder of the project could be imported."""


def run(_: Namespace, console: Console) -> int:
    """Install the plugin into the folder where Pulumi keeps plugins."""
    pulumi = shutil.which("pulumi", path=console.environ.get("PATH"))
    if pulumi is None:
        raise ConfigurationError.of(
            "Pulumi is not installed",
            "There is no command pulumi on PATH.",
            "Install the Pulumi CLI: https://www.pulumi.com/docs/install",
        )
    if find_spec("pulumi") is None:
        raise ConfigurationError.of(
            "Package is missing",
            "The provider for Pulumi needs the Python package pulumi, which is not installed.",
            "Install it with\n    pip install 'wlinfra[pulumi]'",
        )
    version = semantic_version(tool_version())
    with tempfile.TemporaryDirectory() as folder:
        plugin = Path(folder) / "pulumi-resource-wlinfra"
        plugin.write_text(_PLUGIN.format(python=shlex.quote(sys.executable)), encoding="utf-8")
        plugin.chmod(0o755)
        command = [pulumi, "plugin", "install", "resource", "wlinfra", version, "--file", str(plugin), "--reinstall"]
        environ = {**os.environ, **console.environ}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ)  # noqa: S603 - the user's own pulumi
    if done.returncode:
        said = (done.stderr or done.stdout).strip().rpartition("error: ")[2].rstrip(".")
        raise ConfigurationError.of(
            "Plugin cannot be installed", f"pulumi plugin install failed: {said}.", "Correct what Pulumi names."
        )
    console.show(f"Installed the plugin wlinfra {version} for Pulumi. It runs {sys.executable}.")
    return ExitCode.OK
