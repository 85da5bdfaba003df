"""The threads of an apply: workers for calls, and one waiter for questions.

Daemon threads, because a second Ctrl-C must end the process although a call is under way; the journal makes that
safe.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

__all__ = ["Workers"]


class Workers:
    """A fixed number of threads at most, started as they are needed."""

    def __init__(self, most: int, name: str) -> None:
        self._most = most
        self._name = name
        self._started = 0
        self._tasks: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()

    def submit(self, task: Callable[[], None], *, busy: int) -> None:
        """Run the task on a thread; ``busy`` is how many tasks are under way, this one left out."""
        if self._started < self._most and busy >= self._started:
            self._started += 1
            threading.Thread(target=self._work, name=f"{self._name}-{self._started}", daemon=True).start()
        self._tasks.put(task)

    def close(self) -> None:
        """Let the threads end after what they are doing."""
        for _ in range(self._started):
            self._tasks.put(None)

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            task()
