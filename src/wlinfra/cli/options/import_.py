"""The options of `wlinfra import`."""

from __future__ import annotations

from typing import Final

from wlinfra.cli.options.shared import Command, Parser, lock, program_option, settings

__all__ = ["COMMAND"]


def configure(parser: Parser) -> None:
    """Add the options of `wlinfra import`."""
    parser.add_argument("address", metavar="ADDRESS", help="the declared resource, such as workload.chat")
    parser.add_argument(
        "id", metavar="ID", help="the platform's id of the object to import; on Kubernetes also its name"
    )
    program_option(parser)
    settings(parser)
    parser.add_argument("--auto-approve", action="store_true", help="do not ask")
    lock(parser)


COMMAND: Final = Command(
    name="import",
    group="Plan and apply",
    help="Take over an object that exists",
    example="wlinfra import workload.chat 6710f3a2",
    module="import_",
    configure=configure,
)
