"""The commands and their options, as argparse knows them.

Importing this imports no command: `app.main` imports the module of the one that was asked for. Options that all
commands have may stand before or after the command's name.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from wlinfra.cli.options import (
    DEFAULT_PROGRAM,
    Parser,
    common_options,
    detailed,
    execution,
    lock,
    port,
    program,
    program_option,
    record_option,
    selection,
    settings,
    shape,
    stack_option,
)

__all__ = ["COMMANDS", "Command", "build_parser", "parse_arguments"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command: what it is for, and how its options are declared."""

    name: str
    group: str
    help: str
    example: str
    module: str
    """The module in `wlinfra.cli` whose ``run`` does it."""
    configure: Callable[[Parser], None]


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
    "  --state-dir DIR         where the state is kept; .wlinfra beside the program (WLINFRA_STATE_DIR)",
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
    """Return the parser of the whole command line."""
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


# ---------------------------------------------------------------- the commands


def _init(parser: Parser) -> None:
    parser.add_argument(
        "file", nargs="?", default=DEFAULT_PROGRAM, metavar="FILE", help="the program to write; infra.py by default"
    )


def _plan(parser: Parser) -> None:
    program(parser)
    selection(parser)
    shape(parser)
    parser.add_argument("--destroy", action="store_true", help="plan to destroy everything")
    parser.add_argument("--out", metavar="FILE", help="save the plan, to be applied exactly")
    formats = ("text", "json", "terraform-json", "markdown", "html")
    parser.add_argument(
        "--format", choices=formats, default="text", metavar="FORMAT", help=f"one of {', '.join(formats)}"
    )
    detailed(parser)
    lock(parser)


def _render(parser: Parser) -> None:
    program(parser)
    parser.add_argument("--out", metavar="DIR", help="write one file an object into this directory; else print them")
    parser.add_argument("--rbac", action="store_true", help="write the rights an account needs for the stack instead")
    whom = "who gets the rights: user:NAME, group:NAME or serviceaccount:NAMESPACE/NAME; else fill in ACCOUNT"
    parser.add_argument("--account", default="", metavar="WHO", help=whom)


def _apply(parser: Parser) -> None:
    program(parser, metavar="FILE", words="the program, or a saved plan; infra.py by default")
    selection(parser)
    shape(parser)
    execution(parser)


def _destroy(parser: Parser) -> None:
    program(parser)
    stack_option(parser)
    selection(parser)
    execution(parser)


def _drift(parser: Parser) -> None:
    program(parser)
    selection(parser)
    formats = ("text", "json", "terraform-json", "markdown", "html")
    parser.add_argument(
        "--format", choices=formats, default="text", metavar="FORMAT", help=f"one of {', '.join(formats)}"
    )
    detailed(parser)


def _import(parser: Parser) -> None:
    parser.add_argument("address", metavar="ADDRESS", help="the declared resource, such as workload.chat")
    parser.add_argument(
        "id", metavar="ID", help="the platform's id of the object it shall be; on Kubernetes also its name"
    )
    program_option(parser)
    settings(parser)
    parser.add_argument("--auto-approve", action="store_true", help="do not ask")
    lock(parser)


def _show(parser: Parser) -> None:
    parser.add_argument(
        "subject",
        nargs="?",
        metavar="PLAN|ADDRESS",
        help="a saved plan, or an address in the state; everything by default",
    )
    record_option(parser)
    parser.add_argument("--json", action="store_true", help="as JSON")


def _output(parser: Parser) -> None:
    parser.add_argument("name", nargs="?", metavar="NAME", help="one output; all by default")
    record_option(parser)
    parser.add_argument("--json", action="store_true", help="as JSON")


def _state(parser: Parser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=Parser)
    for name, words in (
        ("list", "list what is recorded"),
        ("show", "show what is recorded of one object"),
        ("mv", "record an object under another address"),
        ("rm", "forget an object without destroying it"),
        ("pull", "print the whole state as JSON"),
        ("push", "replace the state by one that was pulled"),
        ("unlock", "free the lock of a run that is surely over"),
        ("repair", "rebuild a damaged state from its last good files"),
    ):
        child = actions.add_parser(name, help=words, description=words)
        for argument in {
            "show": ["address"],
            "mv": ["source", "destination"],
            "rm": ["address"],
            "push": ["input"],
        }.get(name, []):
            child.add_argument(argument, metavar=argument.upper())
        if name == "push":
            child.add_argument("--force", action="store_true", help="even over another lineage or a newer state")
        if name == "unlock":
            child.add_argument(
                "lock", nargs="?", default="", metavar="ID", help="the lock's id, as the refusal names it"
            )
            child.add_argument("--force", action="store_true", help="even of a run that seems to be at work")
        if name in ("mv", "rm", "push", "repair"):
            lock(child)
        record_option(child)
        common_options(child, hidden=True)


def _history(parser: Parser) -> None:
    record_option(parser)
    parser.add_argument("--json", action="store_true", help="as JSON")


def _emulator(parser: Parser) -> None:
    parser.add_argument("name", metavar="PROVIDER", help="the provider whose platform is emulated")
    parser.add_argument("--port", type=port, default=8181, metavar="PORT", help="8181 by default; 0: any free one")
    parser.add_argument("--data", metavar="DIR", help="keep its world in this directory; in memory by default")
    parser.add_argument("--seed-demo", action="store_true", help="begin with a few objects to look at")
    parser.add_argument("--realistic", action="store_true", help="lifecycles take as long as on the real platform")
    parser.add_argument("--api", default="", metavar="VERSION", help="which version of the platform's API it speaks")


def _nothing(parser: Parser) -> None:
    """The command has no options of its own."""


def _completion(parser: Parser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), metavar="SHELL", help="bash, zsh or fish")


_START, _MAIN, _LOOK, _STATE, _MORE = "Start", "Plan and apply", "Look", "State", "More"

COMMANDS: Final = (
    Command(
        name="init",
        group=_START,
        help="Write a small program to begin with",
        example="wlinfra init",
        module="init",
        configure=_init,
    ),
    Command(
        name="validate",
        group=_START,
        help="Check the program without calling anything",
        example="wlinfra validate -e prod",
        module="validate",
        configure=program,
    ),
    Command(
        name="plan",
        group=_MAIN,
        help="Show what an apply would do",
        example="wlinfra plan -e prod --out plan.json",
        module="plan",
        configure=_plan,
    ),
    Command(
        name="apply",
        group=_MAIN,
        help="Do what the plan says",
        example="wlinfra apply plan.json",
        module="apply",
        configure=_apply,
    ),
    Command(
        name="destroy",
        group=_MAIN,
        help="Destroy everything the stack made",
        example="wlinfra destroy -e local",
        module="destroy",
        configure=_destroy,
    ),
    Command(
        name="import",
        group=_MAIN,
        help="Take over an object that exists",
        example="wlinfra import workload.chat 6710f3a2",
        module="import_",
        configure=_import,
    ),
    Command(
        name="drift",
        group=_LOOK,
        help="Show what others changed since the last apply",
        example="wlinfra drift -e prod --detailed-exitcode",
        module="drift",
        configure=_drift,
    ),
    Command(
        name="render",
        group=_LOOK,
        help="Write the manifests an apply would send",
        example="wlinfra render -e prod --out manifests",
        module="render",
        configure=_render,
    ),
    Command(
        name="show",
        group=_LOOK,
        help="Show a saved plan, or what is recorded",
        example="wlinfra show workload.chat",
        module="show",
        configure=_show,
    ),
    Command(
        name="output",
        group=_LOOK,
        help="Print the outputs of the last apply",
        example="wlinfra output endpoint",
        module="output",
        configure=_output,
    ),
    Command(
        name="history",
        group=_LOOK,
        help="List every apply: who, when, result",
        example="wlinfra history -e prod",
        module="history",
        configure=_history,
    ),
    Command(
        name="state",
        group=_STATE,
        help="List, move, forget, pull, push, unlock, repair",
        example="wlinfra state list -e prod",
        module="state",
        configure=_state,
    ),
    Command(
        name="emulator",
        group=_MORE,
        help="Run a platform's emulator",
        example="wlinfra emulator datarobot --port 8181 --data .emulator",
        module="emulator",
        configure=_emulator,
    ),
    Command(
        name="providers",
        group=_MORE,
        help="List the installed providers",
        example="wlinfra providers",
        module="providers",
        configure=_nothing,
    ),
    Command(
        name="completion",
        group=_MORE,
        help="Print the completion script of a shell",
        example='eval "$(wlinfra completion bash)"',
        module="completion",
        configure=_completion,
    ),
    Command(
        name="version",
        group=_MORE,
        help="Print the version",
        example="wlinfra version",
        module="version",
        configure=_nothing,
    ),
)
