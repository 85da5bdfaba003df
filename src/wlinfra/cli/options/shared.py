"""Options that several commands share, and the parser whose mistakes are errors of ours.

The files next to this one build the options of each command out of these.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Final, NoReturn

from wlinfra.errors import ConfigurationError

__all__ = [
    "DEFAULT_PROGRAM",
    "Command",
    "Parser",
    "common_options",
    "detailed",
    "execution",
    "format_option",
    "lock",
    "nothing",
    "port",
    "positive",
    "program",
    "program_option",
    "record_option",
    "seconds",
    "selection",
    "settings",
    "shape",
    "stack_option",
]

DEFAULT_PROGRAM: Final = "infra.py"

_ELSEWHERE: Final[Mapping[str, tuple[str, ...]]] = {
    "delete": ("destroy", "rm"),
    "describe": ("show",),
    "diff": ("plan",),
    "down": ("destroy",),
    "get": ("state list",),
    "ls": ("state list", "list"),
    "o": ("--out",),
    "outputs": ("output",),
    "preview": ("plan",),
    "refresh": ("apply --refresh-only",),
    "remove": ("rm",),
    "status": ("show",),
    "taint": ("apply --replace",),
    "up": ("apply",),
    "update": ("apply",),
    "var": ("--set",),
    "var-file": ("--settings",),
    "y": ("--auto-approve",),
    "yes": ("--auto-approve",),
}
"""Commands and options of Terraform, Pulumi and kubectl, with what they are called here."""


class Parser(argparse.ArgumentParser):
    """A parser whose mistakes are errors of ours, so that exit code 2 keeps its meaning."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter, **options)

    def parse_known_args(  # type: ignore[override]  # argparse overloads it for namespaces of other types
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse what this parser knows; raises ConfigurationError for an option that is nearly one of its own."""
        options = {option: action for option, action in self._option_string_actions.items() if option[:2] == "--"}
        for word in takewhile(lambda word: word != "--", args or ()):
            name = word.partition("=")[0]
            if re.fullmatch(r"-[a-z][a-z-]{2,}", name) and (meant := _meant(f"-{name}", options)):  # as in Go's tools
                self.error(f"{name} is not an option; did you mean {meant}?")
        parsed, rest = super().parse_known_args(args, namespace)
        for word in rest:
            name = word.partition("=")[0]
            long = name if name[:2] == "--" else f"-{name}"
            elsewhere = next((option for option in _ELSEWHERE.get(long.lstrip("-"), ()) if option in options), "")
            if name[0] == "-" and (meant := elsewhere or _meant(long, options) or _nearest(long, options)):
                self.error(f"{name} is not an option; did you mean {meant}?")
        if rest:
            self.error(f"unrecognized arguments: {' '.join(rest)}")
        return parsed, rest

    def error(self, message: str) -> NoReturn:
        """Raise ConfigurationError with the way to the help."""
        found = re.match(r"argument (?:COMMAND|ACTION): invalid choice: '(.*?)' \(choose from (.*)\)$", message)
        if found:
            choices = found[2].replace("'", "").split(", ")
            near = next((one for one in _ELSEWHERE.get(found[1], ()) if one.split()[0] in choices), "")
            near = near or _nearest(found[1], choices)
            message = f"there is no command {found[1]}" + (f"; did you mean {near}?" if near else "")
        raise ConfigurationError.of(
            "Wrong arguments",
            f"{message[:1].upper()}{message[1:].rstrip('.?')}{'?' if message.endswith('?') else '.'}",
            f"See what can be given with\n    {self.prog} --help",
        )


def _meant(word: str, options: Mapping[str, argparse.Action]) -> str:
    """Return the one option that the word is or begins, with its short form; empty where there is none."""
    found = [option for option in options if option.startswith(word)]
    return " or ".join(reversed(options[found[0]].option_strings)) if len(found) == 1 else ""


def _nearest(word: str, known: Iterable[str]) -> str:
    """Return the known word that differs by little; empty where there is none."""
    import difflib

    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=0.7)), "")


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


def nothing(_: Parser) -> None:
    """Add nothing: the command has no options of its own."""


def common_options(parser: argparse.ArgumentParser, *, hidden: bool) -> None:
    """Add the options that every command has; ``hidden`` keeps them out of the help."""

    def text(words: str) -> str:
        return argparse.SUPPRESS if hidden else words

    group = parser.add_argument_group("options of every command")
    missing: Any = argparse.SUPPRESS
    group.add_argument("-e", "--environment", metavar="ENV", default=missing, help=text("the environment"))
    group.add_argument("--chdir", metavar="DIR", default=missing, help=text("work in another directory"))
    group.add_argument("--state-dir", metavar="DIR", default=missing, help=text("where the state is kept"))
    group.add_argument("--no-color", action="store_true", default=missing, help=text("no colours"))
    group.add_argument("--debug", action="store_true", default=missing, help=text("log to standard error"))


def program(parser: Parser, *, metavar: str = "FILE", words: str = "the program; infra.py by default") -> None:
    """Add the program as the argument, and its settings."""
    parser.add_argument("file", nargs="?", default=DEFAULT_PROGRAM, metavar=metavar, help=words)
    settings(parser)


def program_option(parser: Parser) -> None:
    """Add the program as an option, for commands whose arguments are something else."""
    parser.add_argument(
        "-f", "--file", default=DEFAULT_PROGRAM, metavar="FILE", help="the program; infra.py by default"
    )


def record_option(parser: Parser) -> None:
    """Add how a record is found, for commands that need nothing else of the program."""
    program_option(parser)
    stack_option(parser)


def stack_option(parser: Parser) -> None:
    """Add the name of the stack, for commands that can go by its record alone."""
    parser.add_argument(
        "--stack", default="", metavar="NAME", help="the stack whose record it is; the program is not run then"
    )


def settings(parser: Parser) -> None:
    """Add what gives settings to the program."""
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="set one setting; may be repeated"
    )
    parser.add_argument("--settings", metavar="FILE", help="a TOML, YAML or JSON file with settings")


def selection(parser: Parser) -> None:
    """Add what narrows a plan."""
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
        help="false: use the state without reading the platform",
    )
    parser.add_argument(
        "--new-place",
        action="store_true",
        help="the objects are at the cluster, installation or account that answers now, not where the state records",
    )


def shape(parser: Parser) -> None:
    """Add what changes the kind of a plan."""
    parser.add_argument(
        "--replace", action="append", default=[], metavar="ADDRESS", help="replace this object even without a change"
    )
    parser.add_argument("--refresh-only", action="store_true", help="only record what is live, change nothing")
    parser.add_argument(
        "--allow-empty", action="store_true", help="let a program without resources destroy what is recorded"
    )


def lock(parser: Parser) -> None:
    """Add how long to wait for the lock."""
    parser.add_argument(
        "--lock-timeout",
        type=seconds,
        default=0.0,
        metavar="TIME",
        help="wait this long for the lock, such as 30s or 5m",
    )


def execution(parser: Parser) -> None:
    """Add how a plan is applied."""
    parser.add_argument("--auto-approve", action="store_true", help="do not ask")
    parser.add_argument("--adopt", action="store_true", help="with --auto-approve, import objects found by name too")
    parser.add_argument("--no-wait", action="store_true", help="do not wait until everything is ready")
    parser.add_argument(
        "--parallelism", type=positive, default=32, metavar="N", help="how many steps run at once; 32 by default"
    )
    parser.add_argument("--json", action="store_true", help="report progress as JSON lines")
    lock(parser)


def format_option(parser: Parser) -> None:
    """Add the format that a plan is shown in."""
    formats = ("text", "json", "terraform-json", "markdown", "html")
    parser.add_argument(
        "--format", choices=formats, default="text", metavar="FORMAT", help=f"one of {', '.join(formats)}"
    )


def detailed(parser: Parser) -> None:
    """Add the exit code that distinguishes changes from none."""
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


def port(text: str) -> int:
    """Return the port that the string stands for; 0 is any free one."""
    if not (text.isascii() and text.isdecimal()) or len(text) > 5 or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: a number from 0 to 65535")
    return int(text)


def positive(text: str) -> int:
    """Return the integer above 0 that the string stands for."""
    if not (text.isascii() and text.isdecimal()) or len(text) > 9 or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return int(text)
