"""One engine's use of this process: its bridge, its log, and what it asked so far.

An engine starts a process of its own for each provider. A process that is started by hand, for a debugger, serves one
engine after another, and several providers of each: one session for each connection.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from wlinfra.errors import Severity
from wlinfra.pulumi.contract import Bridge, Subject
from wlinfra.pulumi.service.log import EngineLog
from wlinfra.pulumi.service.scrubbing import Scrubber

__all__ = ["Session"]


class Session:
    """What belongs to one connected provider; safe to use from several threads."""

    def __init__(self, open_bridge: Callable[[], Bridge], scrubber: Scrubber) -> None:
        self.log = EngineLog(scrubber)
        self._open = open_bridge
        self._lock = threading.Lock()
        self._idle = threading.Condition()
        self._asked = 0
        self._bridge: Bridge | None = None
        self._cancelled = False
        self._checked: set[str] = set()

    @property
    def bridge(self) -> Bridge:
        """The bridge, which is opened by the first question that needs it."""
        with self._lock:
            if self._bridge is None:
                self._bridge = self._open()
                if self._cancelled:
                    self._bridge.cancel()
            return self._bridge

    def subject(self, request: Any, *, silent: bool = False) -> Subject:
        """Return what the request is about; ``silent`` lets it show nothing."""
        report = _nothing if silent else partial(self.log.write, urn=request.urn)
        return Subject(urn=request.urn, type=request.type or _type(request.urn), name=_name(request), report=report)

    def note_checked(self, urn: str) -> None:
        """Note that the program declares the resource."""
        self._checked.add(urn)

    def is_refreshing(self, urn: str) -> bool:
        """Whether a diff of the resource belongs to a refresh: no program was run that declares it."""
        return urn not in self._checked

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Count a question for as long as it is answered."""
        with self._idle:
            self._asked += 1
        try:
            yield
        finally:
            with self._idle:
                self._asked -= 1
                self._idle.notify_all()

    def cancel(self, *, in_order: bool = False) -> None:
        """End what runs, and whatever begins later; ``in_order`` at the engine's own wish."""
        with self._lock:
            self._cancelled = True
            bridge = self._bridge
        if bridge is not None:
            bridge.cancel(in_order=in_order)

    def close(self) -> None:
        """Close the bridge, if there is one, when every question is answered."""
        with self._idle:
            self._idle.wait_for(lambda: self._asked == 0)
        with self._lock:
            bridge, self._bridge = self._bridge, None
        if bridge is not None:
            bridge.close()


def _nothing(severity: Severity | None, text: str, replaceable: bool) -> None:
    """Show nothing."""


def _type(urn: str) -> str:
    return urn.split("::")[2].rpartition("$")[2] if urn.count("::") > 1 else ""


def _name(request: Any) -> str:
    name: str = request.name or request.urn.split("::", 3)[-1]
    return name
