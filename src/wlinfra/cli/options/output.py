"""The options of `wlinfra output`."""

from __future__ import annotations

from typing import Final

from wlinfra.cli.options.shared import Command, Parser, record_option

__all__ = ["COMMAND"]


def configure(parser: Parser) -> None:
    """Add the options of `wlinfra output`."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="one output; all by default")
    record_option(parser)
    parser.add_argument("--json", action="store_true", help="as JSON")


COMMAND: Final = Command(
    name="output",
    group="Look",
    help="Print the outputs of the last apply",
    example="wlinfra output endpoint",
    module="output",
    configure=configure,
)
