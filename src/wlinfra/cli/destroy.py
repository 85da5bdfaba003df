"""`wlinfra destroy`: an apply of the plan that everything recorded goes."""

from __future__ import annotations

from argparse import Namespace

from wlinfra.cli.apply import run_plan
from wlinfra.cli.console import Console
from wlinfra.cli.show_plan import plan_options

__all__ = ["run"]


def run(arguments: Namespace, console: Console) -> int:
    """Plan the destruction, ask, and do it."""
    return run_plan(arguments, console, plan_options(arguments, destroy=True))
