"""The commands that an output advises, so that tests can type them."""

from __future__ import annotations

import re
import shlex

__all__ = ["UNTYPED", "advised_commands"]

UNTYPED = (
    "Wrong arguments",
    "No environment named",
    "Unknown environment",
    "Program not found",
    "No such record",
    "No such directory",
    "Settings file not readable",
    "bug in wlinfra",
)
"""What no output of an advised command says: it lacked something, or it was none of ours."""


def advised_commands(text: str) -> list[list[str]]:
    """Return the arguments of every command of ours that stands on a line of its own, in order."""
    lines = re.findall(r"^[ │]+wlinfra (.+)$", text, re.MULTILINE)
    inline = re.findall(r": (?:wlinfra )((?:apply|destroy) .+)$", text, re.MULTILINE)
    return [shlex.split(line) for line in (*lines, *inline)]
