"""`wlinfra providers`: which platforms this installation can speak to."""

from __future__ import annotations

from argparse import Namespace

from wlinfra.cli.console import Console
from wlinfra.cli.exit_codes import ExitCode
from wlinfra.provider.registry import installed_providers

__all__ = ["run"]


def run(_: Namespace, console: Console) -> int:
    """Print one name a line."""
    names = sorted({*installed_providers(), *console.providers})
    console.show("\n".join(names) if names else "No provider is installed.")
    return ExitCode.OK
