"""Colours, and the escaping of every string from outside before it reaches a terminal.

Every renderer passes names, values and messages through `clean`, so that no declaration, platform answer or file
name can move the cursor, hide a line, fake one, or give a command to the runner of a pipeline; `Style`
paints only where colours are shown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from wlinfra.printable import escaped

__all__ = ["PLAIN", "Style", "clean", "clean_lines"]

_COMMAND: Final = re.compile(r"##(?=\w*\[)|^\s*::")
"""What makes a line of a log a command to the runner of a pipeline, such as ``::error::`` or ``##[error]``."""
_RESET: Final = "\x1b[0m"
_CODES: Final = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
}


def clean(text: object) -> str:
    r"""Return the text on one line, with everything escaped that a terminal or pipeline would act on or not show.

    >>> clean("a\x1b[31mb")
    'a\\x1b[31mb'
    >>> clean("  ::error::x")
    '  \\x3a:error::x'
    """
    plain = str(text)
    if "##" in plain or "::" in plain:
        plain = _COMMAND.sub(_defuse, plain)
    return escaped(plain)


def _defuse(match: re.Match[str]) -> str:
    return match[0][:-2] + f"\\x{ord(match[0][-1]):02x}{match[0][-1]}"


def clean_lines(text: object) -> list[str]:
    """Return the lines of the text, each cleaned; tabs become spaces, a trailing line end adds no line."""
    return [clean(line.expandtabs(4)) for line in str(text).split("\n")] if text else []


@dataclass(frozen=True, slots=True)
class Style:
    """Paints text, or leaves it alone."""

    colour: bool = False

    def paint(self, text: str, *names: str) -> str:
        """Return the text in the colours named, such as ``bold`` and ``red``."""
        if not self.colour or not names or not text:
            return text
        return f"\x1b[{';'.join(_CODES[name] for name in names)}m{text}{_RESET}"

    def symbol(self, symbol: str) -> str:
        """Return the sign of an action or attribute in its usual colour."""
        return self.paint(symbol, *_SYMBOL_COLOURS.get(symbol, ()))


_SYMBOL_COLOURS: Final = {
    "+": ("green",),
    "-": ("red",),
    "~": ("yellow",),
    "-/+": ("bold", "red"),
    "+/-": ("bold", "red"),
    "<=": ("cyan",),
    "=": ("cyan",),
    ".": ("red",),
}

PLAIN: Final = Style()
