"""The options of `wlinfra init`."""

from __future__ import annotations

from typing import Final

from wlinfra.cli.options.shared import DEFAULT_PROGRAM, Command, Parser

__all__ = ["COMMAND"]


def configure(parser: Parser) -> None:
    """Add the options of `wlinfra init`."""
    parser.add_argument(
        "file", nargs="?", default=DEFAULT_PROGRAM, metavar="FILE", help="the program to write; infra.py by default"
    )


COMMAND: Final = Command(
    name="init",
    group="Start",
    help="Write a small program to begin with",
    example="wlinfra init",
    module="init",
    configure=configure,
)
