"""`wlinfra plan`: what an apply would do, shown or saved; nothing is changed and no lock is taken."""

from __future__ import annotations

from argparse import Namespace

from wlinfra.cli.advice import advised_plan, command_line
from wlinfra.cli.console import Console
from wlinfra.cli.exit_codes import ExitCode
from wlinfra.cli.opening import open_workspace
from wlinfra.cli.show_plan import format_plan, plan_options
from wlinfra.plan.model import Plan

__all__ = ["exit_code", "run"]


def run(arguments: Namespace, console: Console) -> int:
    """Plan, show, and save with ``--out``."""
    options = plan_options(arguments)
    target = None
    if arguments.out is not None:
        from wlinfra.cli.saved import applying_command, save, saving_target

        target = saving_target(arguments, console)
    with open_workspace(arguments, console, ending=options.destroy) as workspace:
        plan = workspace.plan(options)
        shown = advised_plan(plan, arguments)
        command = "destroy" if plan.options.destroy else "apply"
        next_command, saved = command_line(command, arguments, plan.environment), False
        try:
            if target is not None and not plan.errors:
                save(plan, arguments, console, workspace, target)
                next_command, saved = applying_command(arguments, arguments.out), True
        finally:
            console.show(format_plan(shown, arguments.format, console, next_command=next_command, saved=saved))
    return exit_code(plan, detailed=arguments.detailed_exitcode)


def exit_code(plan: Plan, *, detailed: bool) -> int:
    """Return 1 for a plan with errors, and with ``detailed`` 2 for one with changes."""
    if plan.errors:
        return ExitCode.ERROR
    return ExitCode.CHANGES if detailed and not plan.is_empty else ExitCode.OK
