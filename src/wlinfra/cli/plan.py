"""`wlinfra plan`: what an apply would do, shown or saved; nothing is changed and no lock is taken."""

from __future__ import annotations

import os
import shlex
from argparse import Namespace
from dataclasses import replace

from wlinfra.cli.console import Console
from wlinfra.cli.exit_codes import ExitCode
from wlinfra.cli.show_plan import command_line, format_plan, plan_options, plan_text
from wlinfra.cli.workspace import Workspace, open_workspace
from wlinfra.errors import ConfigurationError
from wlinfra.plan.model import Plan
from wlinfra.render.style import PLAIN

__all__ = ["exit_code", "run"]


def run(arguments: Namespace, console: Console) -> int:
    """Plan, show, and save with ``--out``."""
    options = plan_options(arguments)
    with open_workspace(arguments, console, ending=options.destroy) as workspace:
        plan = workspace.plan(options)
        command = "destroy" if plan.options.destroy else "apply"
        again = command_line(command, arguments, plan.environment)
        next_command = shlex.join(["wlinfra", "apply", arguments.out]) if arguments.out else again
        saved = bool(arguments.out)
        console.show(format_plan(plan, arguments.format, console, next_command=next_command, saved=saved))
        if arguments.out and not plan.errors:
            _save(plan, arguments, workspace)
    return exit_code(plan, detailed=arguments.detailed_exitcode)


def exit_code(plan: Plan, *, detailed: bool) -> int:
    """Return 1 for a plan with errors, and with ``detailed`` 2 for one with changes."""
    if plan.errors:
        return ExitCode.ERROR
    return ExitCode.CHANGES if detailed and not plan.is_empty else ExitCode.OK


def _save(plan: Plan, arguments: Namespace, workspace: Workspace) -> None:
    from wlinfra.plan.file import seal
    from wlinfra.render.json import plan_document

    console = workspace.console
    plain = plan_text(plan, replace(console, style=PLAIN))
    path = console.path(arguments.out)
    data = seal(plan, workspace.digest, text=plain, document=plan_document(plan), program=arguments.file)
    try:
        with open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(data)
    except OSError as error:
        raise ConfigurationError.of(
            "Plan cannot be saved", f"{path}: {error.strerror}.", "Name a file in a folder you may write to."
        ) from error
