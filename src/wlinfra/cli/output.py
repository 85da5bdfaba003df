"""`wlinfra output`: what the last apply recorded as outputs of the stack."""

from __future__ import annotations

from argparse import Namespace

from wlinfra.cli.console import Console
from wlinfra.cli.exit_codes import ExitCode
from wlinfra.cli.opening import open_record
from wlinfra.errors import ConfigurationError
from wlinfra.render.events import outputs_document, render_outputs
from wlinfra.render.json import dump_json
from wlinfra.render.style import clean_lines
from wlinfra.render.values import is_secret

__all__ = ["run"]


def run(arguments: Namespace, console: Console) -> int:
    """Print one output as it is, or all of them."""
    site = open_record(arguments, console)
    outputs = site.store().load().outputs
    if arguments.name is None:
        if arguments.json:
            console.show(dump_json(outputs_document(outputs)))
        elif outputs:
            console.show(render_outputs(outputs))
        else:
            console.report("No outputs are recorded.")
        return ExitCode.OK
    if arguments.name not in outputs:
        known = ", ".join(sorted(outputs)) or "none"
        raise ConfigurationError.of(
            "No such output",
            f"No output {arguments.name} is recorded for environment {site.environment}; recorded are: {known}.",
            "Yield a wl.Output of that name and apply.",
        )
    value = outputs[arguments.name]
    if is_secret(value):
        raise ConfigurationError.of(
            "Output is sensitive",
            f"The output {arguments.name} is recorded without its value.",
            "Take it from where the program takes it.",
        )
    if arguments.json or not isinstance(value, str):
        console.show(dump_json(value))
    elif console.stdout.isatty():
        console.show("\n".join(clean_lines(value)))
    else:
        console.show(value)
    return ExitCode.OK
