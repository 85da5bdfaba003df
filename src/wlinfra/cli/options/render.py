"""The options of `wlinfra render`."""

from __future__ import annotations

from typing import Final

from wlinfra.cli.options.shared import Command, Parser, program

__all__ = ["COMMAND"]


def configure(parser: Parser) -> None:
    """Add the options of `wlinfra render`."""
    program(parser)
    parser.add_argument("--out", metavar="DIR", help="write one file an object into this directory; else print them")
    parser.add_argument("--rbac", action="store_true", help="write the rights an account needs for the stack instead")
    whom = "who gets the rights: user:NAME, group:NAME or serviceaccount:NAMESPACE/NAME; else fill in ACCOUNT"
    parser.add_argument("--account", default="", metavar="WHO", help=whom)


COMMAND: Final = Command(
    name="render",
    group="Look",
    help="Write the manifests an apply would send",
    example="wlinfra render -e prod --out manifests",
    module="render",
    configure=configure,
)
