"""Where the program starts: arguments in, exit code out, every error as a diagnostic.

`entry` is the console script; `main` is what tests call. Only argparse is imported before a command is known.
"""

from __future__ import annotations

import gc
import importlib
import io
import os
import signal
import sys
import traceback
from argparse import Namespace
from collections.abc import Mapping, Sequence
from contextlib import chdir, nullcontext, redirect_stdout
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

from wlinfra.cli.arguments import COMMANDS, Command, build_parser, parse_arguments
from wlinfra.cli.console import Console, wants_colour
from wlinfra.cli.exit_codes import ExitCode
from wlinfra.errors import ConfigurationError, WlinfraError
from wlinfra.render.style import Style

__all__ = ["entry", "main"]


def entry() -> None:
    """Run the command line of this process and exit."""
    gc.set_threshold(50_000, 50, 50)  # declarations are trees of many small objects: three times faster to build
    _refuse_closed_streams()
    for stream in (sys.stdout, sys.stderr):  # a description may have letters that the terminal's encoding lacks
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # it does the same as Ctrl-C, at a question too
    code = main(sys.argv[1:])
    try:
        sys.stdout.flush()
    except OSError as error:  # Python flushes once more at exit and would complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not code and not isinstance(error, BrokenPipeError):
            sys.stderr.write(f"Standard output cannot be written: {error.strerror}.\n")
            code = ExitCode.ERROR
    raise SystemExit(code)


def _refuse_closed_streams() -> None:
    """End before anything is done where the output is closed: the next file opened would be taken for it."""
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - for as long as the process lives
    if sys.stdin is None:
        sys.stdin = Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115 - for as long as the process lives
    if sys.stdout is None:
        sys.stderr.write(
            "Standard output is closed, so that nothing could be shown. Open it, such as with >/dev/null.\n"
        )
        raise SystemExit(ExitCode.ERROR)


def main(
    arguments: Sequence[str],
    *,
    stdin: TextIO | None = None,
    stdout: TextIO | None = None,
    stderr: TextIO | None = None,
    environ: Mapping[str, str] | None = None,
    providers: Mapping[str, Any] | None = None,
) -> int:
    """Run one command and return its exit code; streams and variables are the process's unless given.

    ``providers`` are found by name before the installed ones.
    """
    console = Console(
        stdin=stdin or sys.stdin,
        stdout=stdout or sys.stdout,
        stderr=stderr or sys.stderr,
        environ=os.environ if environ is None else environ,
        directory=Path.cwd(),
        providers=providers or {},
    )
    try:
        with redirect_stdout(console.stdout):  # argparse prints its help there
            parsed = parse_arguments([*arguments[1:2], "--help"] if arguments[:1] == ["help"] else list(arguments))
            command = "version" if parsed.version else parsed.command
            if command is None:
                build_parser().print_help()
                return ExitCode.ERROR if arguments else ExitCode.OK
    except SystemExit as end:  # the help was printed
        return int(end.code or 0)
    except WlinfraError as error:
        return _explain(error, console)
    return _run(command, parsed, console)


def _run(name: str, parsed: Namespace, console: Console) -> int:
    (command,) = (command for command in COMMANDS if command.name == name)
    console = replace(
        console,
        style=Style(colour=wants_colour(console.stdout, console.environ, refused=parsed.no_color)),
        debug=parsed.debug,
    )
    if parsed.debug:
        _start_logging(console)
    try:
        with chdir(parsed.chdir) if parsed.chdir else nullcontext():
            return _call(command, parsed, replace(console, directory=Path.cwd()))
    except OSError as error:
        if error.filename != parsed.chdir:
            raise
        wrong = ConfigurationError.of("No such directory", f"{parsed.chdir}: {error.strerror}.", "Correct --chdir.")
        return _explain(wrong, console, parsed)


def _call(command: Command, parsed: Namespace, console: Console) -> int:
    code: int = ExitCode.BUG
    try:
        with _Bugs(console, parsed):
            code = int(importlib.import_module(f"wlinfra.cli.{command.module}").run(parsed, console))
    except WlinfraError as error:
        return _explain(error, console, parsed)
    except KeyboardInterrupt:
        console.report("\nInterrupted.")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:  # whoever read our output has seen enough
        return ExitCode.OK
    return code


def _start_logging(console: Console) -> None:
    import logging

    handler = logging.StreamHandler(console.stderr)
    handler.setFormatter(logging.Formatter("%(relativeCreated)8.0f ms %(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger("wlinfra")
    logger.handlers[:] = [handler]
    logger.setLevel(logging.DEBUG)
    logger.propagate = False


def _explain(error: WlinfraError, console: Console, parsed: Namespace | None = None) -> int:
    from wlinfra.cli.advice import advised
    from wlinfra.render.diagnostics import render_diagnostics
    from wlinfra.render.source import read_source_line

    diagnostics = error.diagnostics if parsed is None else advised(error.diagnostics, parsed)
    console.report(render_diagnostics(diagnostics, console.style, read_source_line))
    return error.exit_code


class _Bugs:
    """Turns an unexpected error into a short message and a report without values."""

    _EXPECTED = (WlinfraError, KeyboardInterrupt, BrokenPipeError, SystemExit, GeneratorExit)

    def __init__(self, console: Console, parsed: Namespace) -> None:
        self._console = console
        self._parsed = parsed

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if error is None or isinstance(error, self._EXPECTED):
            return False
        if self._console.debug:
            self._console.report(f"{_frames(error)}{type(error).__name__}: {error}")
            where = "The traceback is above."
        else:
            where = self._write_report(error)
        self._console.report(
            f"This is a bug in wlinfra ({type(error).__name__}). {where}\nPlease report it; run the command again with --debug to see more."
        )
        return True

    def _write_report(self, error: BaseException) -> str:
        """Write where it happened, without the error's message or source lines, which may quote anything."""
        name = self._parsed.state_dir or self._console.environ.get("WLINFRA_STATE_DIR") or ".wlinfra"
        path = self._console.path(name) / "bug-report.txt"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(
                f"wlinfra {self._parsed.command}: {type(error).__name__}\n{_frames(error)}", encoding="utf-8"
            )
        except OSError as problem:
            return f"A report could not be written ({problem.strerror})."
        return f"Where it happened was written to {path}."


def _frames(error: BaseException) -> str:
    """Return where it happened, without source lines, which may quote anything."""
    found = traceback.extract_tb(error.__traceback__)
    return "".join(f"  {frame.filename}:{frame.lineno} in {frame.name}\n" for frame in found)
