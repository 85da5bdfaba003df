"""The options of `wlinfra validate`."""

from __future__ import annotations

from typing import Final

from wlinfra.cli.options.shared import Command, program

__all__ = ["COMMAND"]


COMMAND: Final = Command(
    name="validate",
    group="Start",
    help="Check the program without calling anything",
    example="wlinfra validate -e prod",
    module="validate",
    configure=program,
)
