"""The options of `wlinfra completion`."""

from __future__ import annotations

from typing import Final

from wlinfra.cli.options.shared import Command, Parser

__all__ = ["COMMAND"]


def configure(parser: Parser) -> None:
    """Add the options of `wlinfra completion`."""
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), metavar="SHELL", help="bash, zsh or fish")


COMMAND: Final = Command(
    name="completion",
    group="More",
    help="Print the completion script of a shell",
    example='eval "$(wlinfra completion bash)"',
    module="completion",
    configure=configure,
)
