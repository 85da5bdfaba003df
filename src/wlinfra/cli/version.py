"""`wlinfra version`."""

from __future__ import annotations

import platform
from argparse import Namespace

from wlinfra.cli.console import Console
from wlinfra.cli.exit_codes import ExitCode
from wlinfra.version import tool_version

__all__ = ["run"]


def run(_: Namespace, console: Console) -> int:
    """Print the version."""
    console.show(f"wlinfra {tool_version()} (Python {platform.python_version()})")
    return ExitCode.OK
