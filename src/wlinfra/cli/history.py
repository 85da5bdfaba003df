"""`wlinfra history`: all that changed the state of the environment, oldest first."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict

from wlinfra.cli.console import Console
from wlinfra.cli.exit_codes import ExitCode
from wlinfra.cli.opening import open_record
from wlinfra.render.json import dump_json
from wlinfra.render.style import clean

__all__ = ["run"]


def run(arguments: Namespace, console: Console) -> int:
    """Print one line for each change of the state."""
    entries = open_record(arguments, console).store().history()
    if arguments.json:
        console.show(dump_json([asdict(entry) for entry in entries]))
        return ExitCode.OK
    if not entries:
        console.report("Nothing was applied yet.")
    for entry in entries:
        result = console.style.paint(entry.result.ljust(11), "green" if entry.result == "done" else "red")
        person = clean(f"{entry.who}@{entry.host}" if entry.host else entry.who)
        plan = f"  plan {clean(entry.plan_digest)}" if entry.plan_digest else ""
        console.show(
            f"{clean(entry.at)}  {result}  {clean(entry.command).ljust(8)} {person}  {clean(entry.summary)}{plan}"
        )
    return ExitCode.OK
