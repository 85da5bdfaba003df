"""The events of one watch, as lines of JSON on an answer that stays open.

`client` opens a stream, `watches` reads it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import orjson

from wlinfra.http.shapes import misfit
from wlinfra.http.wire import WireError, WireStream

from .failures import ClusterError, Failure
from .wire import Event, Thing

__all__ = ["Stream"]


_OF_OBJECTS: Final = frozenset({"ADDED", "MODIFIED", "DELETED"})


class Stream:
    """One open answer; a single thread reads and closes it, any thread may interrupt it."""

    def __init__(self, body: WireStream, *, quiet: float) -> None:
        """``quiet`` is how many seconds may pass without a word until it counts as broken."""
        self._body = body
        body.wait_at_most(quiet)

    def events(self) -> Iterator[dict[str, Any]]:
        """Yield each event as it comes; raises ClusterError with LOST when the stream breaks before its end."""
        rest = b""
        try:
            for chunk in self._body.chunks():
                *lines, rest = (rest + chunk).split(b"\n")
                yield from (_event(line) for line in lines if line)
        except WireError as error:
            raise ClusterError(Failure.LOST, "The watch broke before its end.") from error

    def interrupt(self) -> None:
        """End it for the thread that waits for its next event."""
        self._body.interrupt()

    def close(self) -> None:
        """Close its connection."""
        self._body.close()


def _event(line: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        found = None
    wrong = misfit(found, Event)
    if not wrong and found["type"] in _OF_OBJECTS:
        wrong = misfit(found["object"], Thing, at=("object",))
    if wrong:
        raise ClusterError(Failure.LOST, f"The watch sent something that is no event: {wrong}.")
    return dict(found)
