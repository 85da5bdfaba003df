"""The options of `wlinfra apply`."""

from __future__ import annotations

from typing import Final

from wlinfra.cli.options.shared import Command, Parser, execution, program, selection, shape

__all__ = ["COMMAND"]


def configure(parser: Parser) -> None:
    """Add the options of `wlinfra apply`."""
    program(parser, metavar="FILE", words="the program, or a saved plan; infra.py by default")
    selection(parser)
    shape(parser)
    execution(parser)


COMMAND: Final = Command(
    name="apply",
    group="Plan and apply",
    help="Do what the plan shows",
    example="wlinfra apply plan.json",
    module="apply",
    configure=configure,
)
