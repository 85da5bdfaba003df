"""`wlinfra import`: record that a declared object is one that exists already."""

from __future__ import annotations

from argparse import Namespace

from wlinfra.cli.advice import command_line
from wlinfra.cli.console import Console
from wlinfra.cli.exit_codes import ExitCode
from wlinfra.cli.opening import open_workspace
from wlinfra.render.style import clean
from wlinfra.workspace.importing import import_object

__all__ = ["run"]


def run(arguments: Namespace, console: Console) -> int:
    """Import, and show how to see what an apply would change."""
    with open_workspace(arguments, console) as workspace:
        address, found = import_object(workspace, arguments.address, arguments.id, lock_timeout=arguments.lock_timeout)
    console.show(f"Imported {clean(address)} [id={clean(found)}]. Nothing was changed on the platform.")
    advice = command_line("plan", arguments, workspace.declared.environment)
    console.show(f"See what an apply would change:\n    {advice}")
    return ExitCode.OK
