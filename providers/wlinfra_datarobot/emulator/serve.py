"""Runs the emulator until interrupted: `python -m wlinfra_datarobot.emulator` and the command line call `serve`."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from .emulator import DataRobotEmulator
from .world import DEFAULT_TOKEN, Dialect, Durations


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the emulator's options to a parser."""
    parser.add_argument("--port", type=int, default=8181, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--data", type=Path, help="folder that keeps the world; without it, it is gone at the end")
    parser.add_argument(
        "--api", "--dialect", choices=[str(dialect) for dialect in Dialect], default=str(Dialect.OCTOBER)
    )
    parser.add_argument("--realistic", action="store_true", help="lifecycles take minutes, not a second or two")
    parser.add_argument("--seed-demo", action="store_true", help="begin with three workloads when there are none")
    parser.add_argument("--token", help="accept this token only; by default any is accepted")


def serve(arguments: Sequence[str] | argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM; takes arguments or a namespace filled by `add_options`, returns 0."""
    if isinstance(arguments, argparse.Namespace):
        options = arguments
    else:
        parser = argparse.ArgumentParser(prog="wlinfra_datarobot.emulator", description=__doc__)
        add_options(parser)
        options = parser.parse_args(arguments)
    emulator = DataRobotEmulator(
        dialect=options.api,
        data=options.data,
        durations=Durations.realistic() if options.realistic else Durations(),
        token=options.token,
        port=options.port,
        seed=options.seed_demo,
    )
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    with emulator:
        token = options.token or DEFAULT_TOKEN
        sys.stdout.write(f"DATAROBOT_ENDPOINT={emulator.url}\nDATAROBOT_API_TOKEN={token}\n")
        sys.stdout.flush()
        over.wait()
    return 0
