"""A table of what runs right now, on a terminal only; what has ended scrolls away above it as lines.

The command line uses it instead of `EventLines` on a terminal. rich is imported here and nowhere else.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Final, Self, TextIO

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from wlinfra.apply.events import ApplyEvent, ChangeFailed, Progress, Skipped, Started, StepDone, Stopping, Succeeded
from wlinfra.changes.change import Change
from wlinfra.render.events import EventLines, describe_action
from wlinfra.render.style import Style, clean

__all__ = ["LiveTable"]

_MOST_ROWS: Final = 15
_PER_SECOND: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    change: Change
    since: float
    reason: str = ""


class LiveTable:
    """A listener that shows running work in a table; a context manager that clears the table at its end."""

    def __init__(self, stream: TextIO, style: Style, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rows: dict[str, _Row] = {}
        self._done = 0
        self._mutex = threading.Lock()
        self._console = Console(
            file=stream, force_terminal=True, no_color=not style.colour, highlight=False, markup=False
        )
        self._lines = EventLines(self._print, style)
        self._live = Live(
            get_renderable=self._table, console=self._console, refresh_per_second=_PER_SECOND, transient=True
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def __call__(self, event: ApplyEvent) -> None:
        """Take in one event."""
        match event:
            case Started(change=change):
                self._set(change, _Row(change=change, since=self._clock()))
            case StepDone():
                pass
            case Progress(change=change):
                row = self._rows.get(_key(change)) or _Row(change=change, since=self._clock())
                self._set(change, replace(row, reason=event.reason or event.waiting_for))
            case Succeeded(change=change) | ChangeFailed(change=change) | Skipped(change=change):
                self._end(change)
                self._lines(event)
            case Stopping():
                self._lines(event)

    def _set(self, change: Change, row: _Row) -> None:
        with self._mutex:
            self._rows[_key(change)] = row

    def _end(self, change: Change) -> None:
        with self._mutex:
            self._rows.pop(_key(change), None)
            self._done += 1

    def _print(self, text: str) -> None:
        self._console.print(Text.from_ansi(text.rstrip("\n")), soft_wrap=True)

    def _table(self) -> Table:
        with self._mutex:
            rows, done = sorted(self._rows.values(), key=lambda row: row.since), self._done
        table = Table(box=None, show_header=False, pad_edge=False)
        now = self._clock()
        for row in rows[:_MOST_ROWS]:
            words = f"{describe_action(row.change)}..."
            table.add_row(clean(row.change.address), words, f"{now - row.since:.0f}s", clean(row.reason))
        more = f", {len(rows) - _MOST_ROWS} more running" if len(rows) > _MOST_ROWS else ""
        table.add_row(f"{done} done{more}", "", "", "")
        return table


def _key(change: Change) -> str:
    return f"{change.address}#{change.deposed_id or ''}"
