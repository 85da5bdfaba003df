"""Hides what the program marked as secret from every text that leaves the process.

`http.redaction` hides what a platform repeats; this hides what the engine sent, wherever it turns up. It is exact:
properties hold records of many kilobytes, and parts of those are words that every text has.
"""

from __future__ import annotations

from typing import Any, Final

from wlinfra.pulumi.contract import SecretValue
from wlinfra.values import HIDDEN, Secret

__all__ = ["Scrubber"]

_SHORTEST: Final = 4
"""Characters of a secret that is hidden; shorter ones are in every other word."""
_LINE: Final = 8
"""Characters of a line of a secret that is hidden by itself, as in a private key."""


class Scrubber:
    """The secrets of all requests of this process; safe to use from several threads."""

    def __init__(self) -> None:
        self._known: dict[str, None] = {}

    def learn(self, properties: Any) -> None:
        """Hide from now on every string in every secret of the properties."""
        found: set[str] = set()
        _collect(properties, found, in_secret=False)
        for text in found - self._known.keys():
            self._known |= dict.fromkeys((text, repr(text)[1:-1], *_lines(text)))

    def text(self, text: str) -> str:
        """Return the text without any secret."""
        for secret in sorted((known for known in list(self._known) if known in text), key=len, reverse=True):
            text = text.replace(secret, HIDDEN)
        return text


def _lines(text: str) -> list[str]:
    lines = text.splitlines()
    return [line for line in lines if len(line) >= _LINE] if len(lines) > 1 else []


def _collect(value: Any, found: set[str], *, in_secret: bool) -> None:
    match value:
        case str() if in_secret:
            if len(value) >= _SHORTEST:
                found.add(value)
        case SecretValue():
            _collect(value.value, found, in_secret=True)
        case Secret():
            _collect(value.reveal(), found, in_secret=True)
        case dict():
            for inner in value.values():
                _collect(inner, found, in_secret=in_secret)
        case list() | tuple():
            for inner in value:
                _collect(inner, found, in_secret=in_secret)
        case _:
            return
