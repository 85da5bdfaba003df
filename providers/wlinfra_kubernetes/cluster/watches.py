"""Remembers what is awaited: for each kind, namespace and selector one list, then what a watch of it reports.

`poll` and the judges ask it through `platform`. The asking thread lists, and one thread for each selection follows from
there; until it does, and whenever it cannot, every question lists. What we wrote ourselves is never returned in an older
version than ours.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from wlinfra.errors import WlinfraError
from wlinfra.http.shapes import misfit
from wlinfra.http.wire import WireError, WireStream
from wlinfra_manifests.document import Key, key_of

from .client import ClusterClient
from .failures import ClusterError, Failure
from .wire import Event, Thing

__all__ = ["Watches"]

_LOG: Final = logging.getLogger("wlinfra.http")

_NOT_OFFERED: Final = frozenset({400, 403, 404, 405})
"""Answers that will be the same the next time: no right to watch, or nothing there that can be watched."""
_OF_OBJECTS: Final = frozenset({"ADDED", "MODIFIED", "DELETED"})
_MOST: Final = 64
"""How many selections are followed at once, each with a thread and a connection; others are listed."""
_SILENT: Final = 2
"""Streams in a row that end without a word, after which it is listed again: asking for more would never end."""
_LEAVING: Final = 2.0
"""Seconds the threads may take to end; one takes longer only when the cluster does not answer its request at all."""


@dataclass(slots=True)
class _Selection:
    """One selection of objects; the lock guards what changes while a thread follows."""

    kind: Key
    labels: str
    fields: str
    asked: int = 0
    """The round in which it was last asked about."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    closed: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None
    stream: WireStream | None = None
    live: bool = False
    """A watch has begun and has not broken, so that the objects are those of now."""
    objects: dict[Key, dict[str, Any]] = field(default_factory=dict)
    version: str = ""
    refusal: ClusterError | None = None
    """The account may not list it."""

    @property
    def followed(self) -> bool:
        return self.thread is not None

    def close(self) -> None:
        """Let its thread end."""
        self.closed.set()
        stream = self.stream
        if stream is not None:
            stream.interrupt()


class Watches:
    """What is watched on one cluster; safe to ask from several threads."""

    def __init__(self, client: Callable[[], ClusterClient], *, most: int = _MOST) -> None:
        self._client = client
        self._most = most
        self._lock = threading.Lock()
        self._selections: dict[tuple[Key, str, str], _Selection] = {}
        self._unwatchable: set[Key] = set()
        self._round = 0
        self._closed = False
        self.notify: Callable[[], None] = lambda: None
        """Called from any thread after each change of an object."""

    def begin_round(self) -> None:
        """Note that questions about all that is awaited follow."""
        with self._lock:
            self._round += 1

    def objects(self, kind: Key, *, labels: str = "", fields: str = "") -> Mapping[Key, dict[str, Any]]:
        """Return what the selectors name of a kind in its namespace; an object may be missing, but is never outdated.

        Raises ClusterError as a list does; one for a missing right is remembered.
        """
        client = self._client()
        with self._lock:
            selection = self._selections.setdefault((kind, labels, fields), _Selection(kind, labels, fields))
            selection.asked = self._round
        with selection.lock:
            if selection.live:
                return {key: item for key, item in selection.objects.items() if _is_current(client, key, item)}
            if selection.refusal is not None:
                raise selection.refusal
            return self._listed(client, selection)

    def _listed(self, client: ClusterClient, selection: _Selection) -> Mapping[Key, dict[str, Any]]:
        try:
            items, version = client.listed(selection.kind, labels=selection.labels, fields=selection.fields)
        except ClusterError as error:
            selection.refusal = error if error.failure is Failure.FORBIDDEN else None
            raise
        found = {key_of(item): item for item in items}
        if not selection.followed and version and self._may_follow(selection):
            selection.objects, selection.version = dict(found), version
            name = f"watch {selection.kind.kind}"
            selection.thread = threading.Thread(target=self._follow, args=(selection,), name=name, daemon=True)
            selection.thread.start()
        return found

    def _may_follow(self, selection: _Selection) -> bool:
        """True when it can be watched and there is room; what was not asked about lately makes room."""
        with self._lock:
            if self._closed or selection.closed.is_set() or selection.kind in self._unwatchable:
                return False
            followed = {at: one for at, one in self._selections.items() if one.followed}
            if len(followed) < self._most:
                return True
            at, idle = min(followed.items(), key=lambda pair: pair[1].asked)
            if idle.asked >= self._round - 1:
                return False
            self._selections.pop(at).close()
            return True

    def close(self) -> None:
        """End every watch for good and wait until its connection is closed."""
        with self._lock:
            self._closed = True
            selections = list(self._selections.values())
        for selection in selections:
            selection.close()
        latest = time.monotonic() + _LEAVING
        for thread in [selection.thread for selection in selections]:
            if thread is not None:
                thread.join(max(latest - time.monotonic(), 0.0))

    # ------------------------------------------------------------ the threads

    def _follow(self, selection: _Selection) -> None:
        try:
            silent = 0
            while not selection.closed.is_set() and silent < _SILENT:
                silent = 0 if self._read(selection) else silent + 1
        except WlinfraError as error:  # the next question lists, and reports what is wrong
            if isinstance(error, ClusterError) and error.status in _NOT_OFFERED:
                self._unwatchable.add(selection.kind)
            reason = error.failure.value if isinstance(error, ClusterError) else type(error).__name__
            _LOG.debug("watch of %s cannot go on, it is listed: %s", selection.kind.kind, reason)
        finally:
            with selection.lock:
                selection.live, selection.thread, selection.stream = False, None, None

    def _read(self, selection: _Selection) -> bool:
        """Take in one stream, broken or not; True when it reported anything.

        Raises ClusterError when none can be had, or none can continue from there.
        """
        reported = False
        client, version = self._client(), selection.version
        with closing(
            client.watch(selection.kind, labels=selection.labels, fields=selection.fields, version=version)
        ) as stream:
            selection.stream = stream
            if selection.closed.is_set():
                return False
            with selection.lock:
                selection.live = True
            try:
                for event in _events(stream):
                    reported = True
                    if _take_in(selection, event):
                        self.notify()
            except ClusterError as error:
                if error.failure is not Failure.LOST:
                    raise
                _LOG.debug("watch of %s broke", selection.kind.kind)
            else:
                _LOG.debug("watch of %s ended", selection.kind.kind)
        return reported


def _take_in(selection: _Selection, event: Mapping[str, Any]) -> bool:
    """Remember what the event reports; True when an object changed. Raises ClusterError for one that ends the watch."""
    item = event.get("object") or {}
    version = (item.get("metadata") or {}).get("resourceVersion")
    if event.get("type") == "ERROR" or not version:
        said = str(item.get("message") or "The cluster answered a watch with something else.")
        raise ClusterError(Failure.STALE, said)
    with selection.lock:
        selection.version = str(version)
        match event.get("type"):
            case "ADDED" | "MODIFIED":
                selection.objects[key_of(item)] = item
            case "DELETED":
                selection.objects.pop(key_of(item), None)
            case _:
                return False
    return True


def _is_current(client: ClusterClient, key: Key, item: Mapping[str, Any]) -> bool:
    """True unless we wrote, or may have written, a later version than the watch has reported yet."""
    written = client.written(key)
    if written is None:
        return False
    seen = str(item["metadata"].get("resourceVersion") or "")
    if not written or seen == written:
        return True
    # Versions are decimal numbers that grow on every cluster that conforms; of others nothing is assumed.
    return seen.isdigit() and written.isdigit() and int(seen) > int(written)


def _events(stream: WireStream) -> Iterator[dict[str, Any]]:
    """Yield each event as it comes, one on a line; raises ClusterError with LOST when the stream breaks before its end."""
    rest = b""
    try:
        for chunk in stream.chunks():
            *lines, rest = (rest + chunk).split(b"\n")
            yield from (_event(line) for line in lines if line)
    except WireError as error:
        raise ClusterError(Failure.LOST, "The watch broke before its end.") from error


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
