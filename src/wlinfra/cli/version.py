"""`wlinfra version`."""

from __future__ import annotations

import platform
from argparse import Namespace
from importlib.metadata import PackageNotFoundError, version

from wlinfra.cli.console import Console
from wlinfra.cli.exit_codes import ExitCode

__all__ = ["run", "tool_version"]


def tool_version() -> str:
    """Return the installed version; ``0+unknown`` when wlinfra runs from a folder that was never installed."""
    try:
        return version("wlinfra")
    except PackageNotFoundError:
        return "0+unknown"


def run(_: Namespace, console: Console) -> int:
    """Print the version."""
    console.show(f"wlinfra {tool_version()} (Python {platform.python_version()})")
    return ExitCode.OK
