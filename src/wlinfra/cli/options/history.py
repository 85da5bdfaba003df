"""The options of `wlinfra history`."""

from __future__ import annotations

from typing import Final

from wlinfra.cli.options.shared import Command, Parser, record_option

__all__ = ["COMMAND"]


def configure(parser: Parser) -> None:
    """Add the options of `wlinfra history`."""
    record_option(parser)
    parser.add_argument("--json", action="store_true", help="as JSON")


COMMAND: Final = Command(
    name="history",
    group="Look",
    help="List every apply: who, when, result",
    example="wlinfra history -e prod",
    module="history",
    configure=configure,
)
