"""The options of `wlinfra destroy`."""

from __future__ import annotations

from typing import Final

from wlinfra.cli.options.shared import Command, Parser, execution, program, selection, stack_option

__all__ = ["COMMAND"]


def configure(parser: Parser) -> None:
    """Add the options of `wlinfra destroy`."""
    program(parser)
    stack_option(parser)
    selection(parser)
    execution(parser)


COMMAND: Final = Command(
    name="destroy",
    group="Plan and apply",
    help="Destroy everything the stack created",
    example="wlinfra destroy -e local",
    module="destroy",
    configure=configure,
)
