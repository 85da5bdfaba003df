"""The options of `wlinfra emulator`."""

from __future__ import annotations

from typing import Final

from wlinfra.cli.options.shared import Command, Parser, port

__all__ = ["COMMAND"]


def configure(parser: Parser) -> None:
    """Add the options of `wlinfra emulator`."""
    parser.add_argument("name", metavar="PROVIDER", help="the provider whose platform is emulated")
    parser.add_argument("--port", type=port, default=8181, metavar="PORT", help="8181 by default; 0: any free one")
    parser.add_argument("--data", metavar="DIR", help="keep its world in this directory; in memory by default")
    parser.add_argument("--seed-demo", action="store_true", help="begin with a few objects to look at")
    parser.add_argument("--realistic", action="store_true", help="lifecycles take as long as on the real platform")
    parser.add_argument("--api", default="", metavar="VERSION", help="which version of the platform's API it speaks")


COMMAND: Final = Command(
    name="emulator",
    group="More",
    help="Run a platform's emulator",
    example="wlinfra emulator datarobot --port 8181 --data .emulator",
    module="emulator",
    configure=configure,
)
