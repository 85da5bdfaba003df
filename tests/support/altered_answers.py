"""Every way in which one answer of a platform can be of another shape, and a wire that gives it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import orjson

from wlinfra.http.wire import Wire, WireAnswer, WireRequest

__all__ = ["AlteringWire", "alterations"]

WHOLE: Final = (b"", b"[]", b"{}", b"null", b'"x"', b"5", b"<html>Sign in</html>", b"\xff\xfe")
OTHERS: Final[tuple[Any, ...]] = (
    None,
    True,
    5,
    -1.5,
    "x",
    "",
    [],
    {},
    [None],
    ["x"],
    [5],
    [{}],
    [[]],
    {"x": "y"},
    {"x": 5},
)


def alterations(body: bytes) -> Iterator[bytes]:
    """Yield other bodies: wholly other ones, and the same document with one member of another value or missing."""
    yield from WHOLE
    if not body:
        return
    document = orjson.loads(body)
    for path in _paths(document):
        for other in OTHERS:
            if (changed := _with(document, path, other)) != document:
                yield orjson.dumps(changed)
        yield orjson.dumps(_without(document, path))


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    members: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in members:
        yield (*path, key)
        yield from _paths(inner, (*path, key))


def _with(value: Any, path: tuple[str | int, ...], other: Any) -> Any:
    if not path:
        return other
    changed: Any = dict(value) if isinstance(value, dict) else list(value)
    changed[path[0]] = _with(value[path[0]], path[1:], other)
    return changed


def _without(value: Any, path: tuple[str | int, ...]) -> Any:
    changed: Any = dict(value) if isinstance(value, dict) else list(value)
    if len(path) == 1:
        del changed[path[0]]
    else:
        changed[path[0]] = _without(value[path[0]], path[1:])
    return changed


class AlteringWire:
    """Answers each request as the real wire did the first time, but for the one whose answer is altered."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._known: dict[tuple[str, str], WireAnswer] = {}
        self.reads: list[tuple[str, WireAnswer]] = []
        """The URLs that were read since `begin`, with their answers."""
        self._altered: dict[int, bytes] = {}

    def begin(self, altered: dict[int, bytes] | None = None) -> None:
        """Count from here; of the reads that follow, those with these numbers have other bodies."""
        self.reads, self._altered = [], altered or {}

    def send(self, request: WireRequest) -> WireAnswer:
        """Return the answer."""
        if request.is_stream or (request.method != "GET" and "dryRun=All" not in request.url):
            return self._wire.send(request)
        asked = (f"{request.method} {request.url}", f"{request.headers.get('Accept')} {request.body!r}")
        answer = self._known.get(asked)
        if answer is None:
            answer = self._known[asked] = self._wire.send(request)
        number = len(self.reads)
        self.reads.append((request.url, answer))
        return replace(answer, body=self._altered[number]) if number in self._altered else answer

    def forget(self) -> None:
        """Ask the real wire again."""
        self._known.clear()

    def close(self) -> None:
        """Close the real wire."""
        self._wire.close()
