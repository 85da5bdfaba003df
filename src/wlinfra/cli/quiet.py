"""Keeps what a program prints out of the results: while it runs, standard output is standard error.

`cli.opening` runs every program inside `printing_aside`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress

from wlinfra.cli.console import Console

__all__ = ["printing_aside"]


@contextmanager
def printing_aside(console: Console) -> Iterator[None]:
    """Send to ``console.stderr`` what the code inside prints, and what the processes print that it starts."""
    with redirect_stdout(console.stderr), _descriptor_aside(console):
        yield


@contextmanager
def _descriptor_aside(console: Console) -> Iterator[None]:
    """Make descriptor 1 a copy of descriptor 2, where the console is the process's own: children inherit it."""
    kept = _copy_of_output(console)
    if kept is None:
        yield
        return
    try:
        os.dup2(2, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def _copy_of_output(console: Console) -> int | None:
    if console.stdout is not sys.__stdout__ or console.stderr is not sys.stderr:
        return None  # embedded, or in a test: the descriptors belong to another program
    with suppress(OSError, ValueError):
        if (console.stdout.fileno(), console.stderr.fileno()) == (1, 2):
            console.stdout.flush()
            return os.dup(1)
    return None
