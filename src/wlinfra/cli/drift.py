"""`wlinfra drift`: what others changed since the last apply; a plan that would only record."""

from __future__ import annotations

from argparse import Namespace

from wlinfra.cli.advice import advised_plan, command_line
from wlinfra.cli.console import Console
from wlinfra.cli.opening import open_workspace
from wlinfra.cli.plan import exit_code
from wlinfra.cli.show_plan import format_plan, plan_options

__all__ = ["run"]


def run(arguments: Namespace, console: Console) -> int:
    """Show the drift."""
    with open_workspace(arguments, console) as workspace:
        plan = workspace.plan(plan_options(arguments, refresh_only=True))
        restoring = command_line("apply", arguments, plan.environment)
        arguments.refresh_only = True  # what is shown is recorded by that; a plain apply would put it back
        keeping = command_line("apply", arguments, plan.environment)
        console.show(
            format_plan(
                advised_plan(plan, arguments),
                arguments.format,
                console,
                next_command=keeping,
                restoring_command=restoring,
            )
        )
    return exit_code(plan, detailed=arguments.detailed_exitcode)
