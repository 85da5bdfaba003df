"""`wlinfra validate`: everything that is wrong with the program, without calling a platform or reading the state."""

from __future__ import annotations

from argparse import Namespace

from wlinfra.cli.console import Console
from wlinfra.cli.exit_codes import ExitCode
from wlinfra.cli.opening import open_workspace
from wlinfra.errors import Diagnostic
from wlinfra.plan.expand import expand
from wlinfra.plan.inputs import Inputs
from wlinfra.render.diagnostics import render_diagnostics
from wlinfra.render.source import read_source_line
from wlinfra.render.summary import counted
from wlinfra.state.model import State

__all__ = ["run"]


def run(arguments: Namespace, console: Console) -> int:
    """Check the program and report what it declares."""
    with open_workspace(arguments, console) as workspace:
        declared = workspace.declared
        state = State(stack=declared.stack, environment=declared.environment)
        expansion = expand(Inputs(declared=declared, state=state, connections=workspace.connect()))
        warnings: tuple[Diagnostic, ...] = (*declared.warnings, *expansion.warnings)
    if warnings:
        console.report(render_diagnostics(warnings, console.style, read_source_line))
    words = console.style.paint("Success!", "bold", "green")
    console.show(
        f"{words} The program is valid for environment {declared.environment}: {counted(len(declared.resources), 'resource')}, {counted(len(expansion.objects), 'object')}."
    )
    return ExitCode.OK
