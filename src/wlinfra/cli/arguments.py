"""The command line as argparse knows it: every command, with the options of its file in `options`.

Importing this imports no command: `app.main` imports the module of the one that was asked for. Options that all
commands have may stand before or after the command's name.
"""

from __future__ import annotations

import argparse
from typing import Any, Final

from wlinfra.cli.options import (
    apply,
    completion,
    destroy,
    drift,
    emulator,
    history,
    import_,
    init,
    output,
    plan,
    providers,
    pulumi,
    render,
    show,
    state,
    validate,
    version,
)
from wlinfra.cli.options.shared import Command, Parser, common_options

__all__ = ["COMMANDS", "Command", "build_parser", "parse_arguments"]

COMMANDS: Final = (
    init.COMMAND,
    validate.COMMAND,
    plan.COMMAND,
    apply.COMMAND,
    destroy.COMMAND,
    import_.COMMAND,
    drift.COMMAND,
    render.COMMAND,
    show.COMMAND,
    output.COMMAND,
    history.COMMAND,
    state.COMMAND,
    emulator.COMMAND,
    providers.COMMAND,
    pulumi.COMMAND,
    completion.COMMAND,
    version.COMMAND,
)
"""In the order of the help."""


class _RootParser(Parser):
    """The parser of the command itself: its help is grouped by use."""

    def format_help(self) -> str:
        """Return what ``wlinfra --help`` prints."""
        width = max(len(command.name) for command in COMMANDS) + 2
        lines = ["Usage: wlinfra COMMAND [options]", "", "Plan and apply AI workloads declared in Python.", ""]
        for group in dict.fromkeys(command.group for command in COMMANDS):
            lines.append(f"{group}:")
            for command in COMMANDS:
                if command.group == group:
                    lines += [f"  {command.name.ljust(width)}{command.help}", f"  {''.ljust(width)}$ {command.example}"]
            lines.append("")
        lines += _GLOBAL_HELP
        return "\n".join(lines) + "\n"


_GLOBAL_HELP: Final = [
    "Options of every command, before or after its name:",
    "  -e, --environment ENV   the environment; needed where the program has several (WLINFRA_ENVIRONMENT)",
    "  --chdir DIR             work in another directory",
    "  --state-dir DIR         where the state is kept; .wlinfra next to the program (WLINFRA_STATE_DIR)",
    "  --no-color              no colours; NO_COLOR in the environment does the same",
    "  --debug                 log what is called to standard error",
    "",
    "Exit codes: 0 done, 1 error, 2 changes (with --detailed-exitcode), 10 stale plan, 11 locked,",
    "            12 state damaged, 13 interrupted, 14 another place, 70 a bug in wlinfra",
    "",
    "More about a command: wlinfra COMMAND --help",
]


_DEFAULTS: Final[dict[str, Any]] = {
    "environment": None,
    "chdir": None,
    "state_dir": None,
    "no_color": False,
    "debug": False,
}


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the complete command line."""
    parser = _RootParser(prog="wlinfra")
    common_options(parser, hidden=False)
    parser.add_argument("--version", action="store_true", help="print the version")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    for command in COMMANDS:
        child = subparsers.add_parser(
            command.name,
            help=command.help,
            description=command.help,
            epilog=f"example:\n  $ {command.example}",
            add_help=True,
        )
        command.configure(child)
        common_options(child, hidden=False)
    return parser


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    """Return the arguments with every common option set; raises ConfigurationError for wrong ones."""
    parsed = build_parser().parse_args(arguments)
    for name, value in _DEFAULTS.items():
        if not hasattr(parsed, name):
            setattr(parsed, name, value)
    return parsed
