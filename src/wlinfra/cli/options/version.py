"""The options of `wlinfra version`."""

from __future__ import annotations

from typing import Final

from wlinfra.cli.options.shared import Command, nothing

__all__ = ["COMMAND"]


COMMAND: Final = Command(
    name="version",
    group="More",
    help="Print the version",
    example="wlinfra version",
    module="version",
    configure=nothing,
)
