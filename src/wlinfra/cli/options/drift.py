"""The options of `wlinfra drift`."""

from __future__ import annotations

from typing import Final

from wlinfra.cli.options.shared import Command, Parser, detailed, format_option, program, selection

__all__ = ["COMMAND"]


def configure(parser: Parser) -> None:
    """Add the options of `wlinfra drift`."""
    program(parser)
    selection(parser)
    format_option(parser)
    detailed(parser)


COMMAND: Final = Command(
    name="drift",
    group="Look",
    help="Show what others changed since the last apply",
    example="wlinfra drift -e prod --detailed-exitcode",
    module="drift",
    configure=configure,
)
