"""Where a command reads and writes: its streams, its environment variables, its colours.

`app.main` creates one for the command; tests create one with streams of their own.
"""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from wlinfra.errors import ConfigurationError
from wlinfra.render.style import PLAIN, Style

__all__ = ["Console"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """The streams of one run; results go to ``stdout``, everything about the run to ``stderr``."""

    stdin: TextIO
    stdout: TextIO
    stderr: TextIO
    environ: Mapping[str, str]
    directory: Path
    """Where relative paths begin."""
    style: Style = PLAIN
    debug: bool = False
    providers: Mapping[str, Any] = field(default_factory=dict)
    """Providers in addition to the installed ones, by name; for programs that embed the command line, and tests."""

    @property
    def is_interactive(self) -> bool:
        """True when the user can be asked and sees the answer."""
        return self.stdin.isatty() and self.stdout.isatty()

    def show(self, text: str) -> None:
        """Write a result; a line end is added where there is none. Raises ConfigurationError for a full disk."""
        try:
            self.stdout.write(text if text.endswith("\n") or not text else text + "\n")
            self.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise ConfigurationError.of(
                "Output cannot be written",
                f"The output of wlinfra could not be written to standard output: {error.strerror}.",
                "Redirect it to where there is room.",
            ) from error

    def report(self, text: str) -> None:
        """Write something about the run, such as a warning."""
        self.stderr.write(text if text.endswith("\n") else text + "\n")
        self.stderr.flush()

    def ask(self, question: str) -> str:
        """Return what the user answers; empty at the end of the input."""
        with _signals_wake() as woken:
            self.stdout.write(question)
            self.stdout.flush()
            with suppress(OSError, ValueError):  # an input without a file descriptor never blocks
                select.select([self.stdin.fileno(), woken], [], [])
            return self.stdin.readline().strip()

    def path(self, name: str) -> Path:
        """Return the path the user named, relative to ``directory``."""
        return self.directory / Path(name).expanduser()


@contextmanager
def _signals_wake() -> Iterator[int]:
    """Yield a file descriptor that becomes readable with a signal.

    A signal that arrives right before a read blocks would be handled only when the read returns. Only the main thread
    handles signals: in any other thread the number is no descriptor.
    """
    if threading.current_thread() is not threading.main_thread():
        yield -1
        return
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before = signal.set_wakeup_fd(writing)
    try:
        yield reading
    finally:
        signal.set_wakeup_fd(before)
        os.close(reading)
        os.close(writing)


def wants_colour(stream: TextIO, environ: Mapping[str, str], *, refused: bool) -> bool:
    """True when the stream is a terminal and plain text was not asked for, see https://no-color.org."""
    return not refused and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb" and stream.isatty()
