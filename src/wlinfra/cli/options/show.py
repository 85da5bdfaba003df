"""The options of `wlinfra show`."""

from __future__ import annotations

from typing import Final

from wlinfra.cli.options.shared import Command, Parser, record_option

__all__ = ["COMMAND"]


def configure(parser: Parser) -> None:
    """Add the options of `wlinfra show`."""
    parser.add_argument(
        "subject",
        nargs="?",
        metavar="PLAN|ADDRESS",
        help="a saved plan, or an address in the state; everything by default",
    )
    record_option(parser)
    parser.add_argument("--json", action="store_true", help="as JSON")


COMMAND: Final = Command(
    name="show",
    group="Look",
    help="Show a saved plan, or what is recorded",
    example="wlinfra show workload.chat",
    module="show",
    configure=configure,
)
