"""The options of `wlinfra pulumi`."""

from __future__ import annotations

from typing import Final

from wlinfra.cli.options.shared import Command, Parser, common_options

__all__ = ["COMMAND"]


def configure(parser: Parser) -> None:
    """Add the options of `wlinfra pulumi`."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=Parser)
    words = "let Pulumi find the provider without PATH"
    common_options(actions.add_parser("install", help=words, description=words), hidden=True)


COMMAND: Final = Command(
    name="pulumi",
    group="More",
    help="Install the provider for Pulumi's command line",
    example="wlinfra pulumi install",
    module="pulumi",
    configure=configure,
)
