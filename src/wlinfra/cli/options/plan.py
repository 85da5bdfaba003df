"""The options of `wlinfra plan`."""

from __future__ import annotations

from typing import Final

from wlinfra.cli.options.shared import Command, Parser, detailed, format_option, lock, program, selection, shape

__all__ = ["COMMAND"]


def configure(parser: Parser) -> None:
    """Add the options of `wlinfra plan`."""
    program(parser)
    selection(parser)
    shape(parser)
    parser.add_argument("--destroy", action="store_true", help="plan to destroy everything")
    parser.add_argument("--out", metavar="FILE", help="save the plan, to be applied exactly")
    format_option(parser)
    detailed(parser)
    lock(parser)


COMMAND: Final = Command(
    name="plan",
    group="Plan and apply",
    help="Show what an apply would do",
    example="wlinfra plan -e prod --out plan.json",
    module="plan",
    configure=configure,
)
