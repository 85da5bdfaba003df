"""The commands and their options, as argparse knows them.

Importing this imports no command: `app.main` imports the module of the one that was asked for. Options that all
commands have may stand before or after the command's name.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from wlinfra.errors import ConfigurationError

__all__ = ["COMMANDS", "Command", "build_parser", "parse_arguments"]

DEFAULT_PROGRAM: Final = "infra.py"


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


class Parser(argparse.ArgumentParser):
    """A parser whose mistakes are errors of ours, so that exit code 2 keeps its meaning."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter, **options)

    def error(self, message: str) -> NoReturn:
        """Raise ConfigurationError with the way to the help."""
        found = re.match(r"argument (?:COMMAND|ACTION): invalid choice: '(.*?)' \(choose from (.*)\)$", message)
        if found:
            import difflib

            choices = found[2].replace("'", "").split(", ")
            near = difflib.get_close_matches(found[1], choices, n=1)
            message = f"there is no command {found[1]}" + (f"; did you mean {near[0]}?" if near else "")
        raise ConfigurationError.of(
            "Wrong arguments",
            f"{message[:1].upper()}{message[1:].rstrip('.?')}{'?' if message.endswith('?') else '.'}",
            f"See what can be given with\n    {self.prog} --help",
        )


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
    "            12 state damaged, 13 interrupted, 70 a bug in wlinfra",
    "",
    "More about a command: wlinfra COMMAND --help",
]


def _common(parser: argparse.ArgumentParser, *, hidden: bool) -> None:
    def text(words: str) -> str:
        return argparse.SUPPRESS if hidden else words

    group = parser.add_argument_group("options of every command")
    missing: Any = argparse.SUPPRESS
    group.add_argument("-e", "--environment", metavar="ENV", default=missing, help=text("the environment"))
    group.add_argument("--chdir", metavar="DIR", default=missing, help=text("work in another directory"))
    group.add_argument("--state-dir", metavar="DIR", default=missing, help=text("where the state is kept"))
    group.add_argument("--no-color", action="store_true", default=missing, help=text("no colours"))
    group.add_argument("--debug", action="store_true", default=missing, help=text("log to standard error"))


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
    _common(parser, hidden=False)
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
        _common(child, hidden=False)
    return parser


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    """Return the arguments with every common option set; raises ConfigurationError for wrong ones."""
    parsed = build_parser().parse_args(arguments)
    for name, value in _DEFAULTS.items():
        if not hasattr(parsed, name):
            setattr(parsed, name, value)
    return parsed


# ---------------------------------------------------------------- options that several commands share


def _program(parser: Parser, *, metavar: str = "FILE", words: str = "the program; infra.py by default") -> None:
    parser.add_argument("file", nargs="?", default=DEFAULT_PROGRAM, metavar=metavar, help=words)
    _settings(parser)


def _program_option(parser: Parser) -> None:
    parser.add_argument(
        "-f", "--file", default=DEFAULT_PROGRAM, metavar="FILE", help="the program; infra.py by default"
    )


def _settings(parser: Parser) -> None:
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="set one setting; may be repeated"
    )
    parser.add_argument("--settings", metavar="FILE", help="a JSON or YAML file with settings")


def _selection(parser: Parser) -> None:
    parser.add_argument(
        "--target", action="append", default=[], metavar="ADDRESS", help="only this and what it depends on"
    )
    parser.add_argument(
        "--exclude", action="append", default=[], metavar="ADDRESS", help="not this, nor what depends on it"
    )
    parser.add_argument(
        "--refresh",
        choices=("true", "false"),
        default="true",
        metavar="BOOL",
        help="false: believe the state, read nothing",
    )


def _shape(parser: Parser) -> None:
    parser.add_argument(
        "--replace", action="append", default=[], metavar="ADDRESS", help="replace this although nothing demands it"
    )
    parser.add_argument("--refresh-only", action="store_true", help="only record what is live, change nothing")
    parser.add_argument(
        "--allow-empty", action="store_true", help="let a program without resources destroy what is recorded"
    )


def _lock(parser: Parser) -> None:
    parser.add_argument(
        "--lock-timeout",
        type=seconds,
        default=0.0,
        metavar="TIME",
        help="wait this long for the lock, such as 30s or 5m",
    )


def _execution(parser: Parser) -> None:
    parser.add_argument("--auto-approve", action="store_true", help="do not ask")
    parser.add_argument("--no-wait", action="store_true", help="do not wait until everything is ready")
    parser.add_argument(
        "--parallelism", type=positive, default=32, metavar="N", help="how many steps run at once; 32 by default"
    )
    parser.add_argument("--json", action="store_true", help="report progress as JSON lines")
    _lock(parser)


def _detailed(parser: Parser) -> None:
    parser.add_argument(
        "--detailed-exitcode", action="store_true", help="exit 2 when there are changes, 0 when there are none"
    )


def seconds(text: str) -> float:
    """Return the seconds that ``30``, ``30s``, ``5m`` or ``1h`` stand for."""
    factor = {"s": 1.0, "m": 60.0, "h": 3600.0}.get(text[-1:].lower())
    try:
        value = float(text if factor is None else text[:-1]) * (factor or 1.0)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 30s, 5m or 1h")
    return value


def positive(text: str) -> int:
    """Return the whole number above 0 that the text stands for."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return int(text)


# ---------------------------------------------------------------- the commands


def _init(parser: Parser) -> None:
    parser.add_argument(
        "file", nargs="?", default=DEFAULT_PROGRAM, metavar="FILE", help="the program to write; infra.py by default"
    )


def _plan(parser: Parser) -> None:
    _program(parser)
    _selection(parser)
    _shape(parser)
    parser.add_argument("--destroy", action="store_true", help="plan to destroy everything")
    parser.add_argument("--out", metavar="FILE", help="save the plan, to be applied exactly")
    formats = ("text", "json", "terraform-json", "markdown", "html")
    parser.add_argument(
        "--format", choices=formats, default="text", metavar="FORMAT", help=f"one of {', '.join(formats)}"
    )
    _detailed(parser)
    _lock(parser)


def _apply(parser: Parser) -> None:
    _program(parser, metavar="FILE", words="the program, or a saved plan; infra.py by default")
    _selection(parser)
    _shape(parser)
    _execution(parser)


def _destroy(parser: Parser) -> None:
    _program(parser)
    _selection(parser)
    _execution(parser)


def _drift(parser: Parser) -> None:
    _program(parser)
    _selection(parser)
    formats = ("text", "json", "terraform-json", "markdown", "html")
    parser.add_argument(
        "--format", choices=formats, default="text", metavar="FORMAT", help=f"one of {', '.join(formats)}"
    )
    _detailed(parser)


def _import(parser: Parser) -> None:
    parser.add_argument("address", metavar="ADDRESS", help="the declared resource, such as workload.chat")
    parser.add_argument("id", metavar="ID", help="the platform's id of the object it shall be")
    _program_option(parser)
    _settings(parser)
    parser.add_argument("--auto-approve", action="store_true", help="do not ask")
    _lock(parser)


def _show(parser: Parser) -> None:
    parser.add_argument(
        "subject",
        nargs="?",
        metavar="PLAN|ADDRESS",
        help="a saved plan, or an address in the state; everything by default",
    )
    _program_option(parser)
    parser.add_argument("--json", action="store_true", help="as JSON")


def _output(parser: Parser) -> None:
    parser.add_argument("name", nargs="?", metavar="NAME", help="one output; all by default")
    _program_option(parser)
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
        if name in ("mv", "rm", "push", "repair"):
            _lock(child)
        _program_option(child)
        _common(child, hidden=True)


def _history(parser: Parser) -> None:
    _program_option(parser)
    parser.add_argument("--json", action="store_true", help="as JSON")


def _emulator(parser: Parser) -> None:
    parser.add_argument("name", metavar="PROVIDER", help="the provider whose platform is emulated")
    parser.add_argument("--port", type=int, default=8181, metavar="PORT", help="8181 by default; 0: any free one")
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
        configure=_program,
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
