"""The options of `wlinfra providers`."""

from __future__ import annotations

from typing import Final

from wlinfra.cli.options.shared import Command, nothing

__all__ = ["COMMAND"]


COMMAND: Final = Command(
    name="providers",
    group="More",
    help="List the installed providers",
    example="wlinfra providers",
    module="providers",
    configure=nothing,
)
