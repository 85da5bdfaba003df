"""The events of one watch, as lines of JSON on an answer that stays open.

`client` opens a stream, `watches` reads it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import orjson

from .failures import ClusterError, Failure

if TYPE_CHECKING:
    import urllib3

__all__ = ["Stream"]

_CHUNK: Final = 65536


class Stream:
    """One open answer; a single thread reads and closes it, any thread may interrupt it."""

    def __init__(self, answer: urllib3.BaseHTTPResponse, *, quiet: float) -> None:
        """``quiet`` is how many seconds may pass without a word until it counts as broken."""
        self._answer = answer
        socket = getattr(answer.connection, "sock", None)
        if socket is not None:  # until now its patience was that for the beginning of the answer
            socket.settimeout(quiet)

    def events(self) -> Iterator[dict[str, Any]]:
        """Yield each event as it comes; raises ClusterError with LOST when the stream breaks before its end."""
        import urllib3

        rest = b""
        try:
            for chunk in self._answer.stream(_CHUNK):
                *lines, rest = (rest + chunk).split(b"\n")
                yield from (_event(line) for line in lines if line)
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise ClusterError(Failure.LOST, "The watch broke before its end.") from error

    def interrupt(self) -> None:
        """End it for the thread that waits for its next event."""
        try:
            self._answer.shutdown()
        except (OSError, ValueError, RuntimeError):
            return  # it has ended by itself meanwhile

    def close(self) -> None:
        """Close its connection."""
        self._answer.close()


def _event(line: bytes) -> dict[str, Any]:
    found = orjson.loads(line)
    if not isinstance(found, dict):
        raise ClusterError(Failure.LOST, "The watch said something that is no event.")
    return found
