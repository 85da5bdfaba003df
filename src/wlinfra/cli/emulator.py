"""`wlinfra emulator`: runs a provider's emulator until someone stops it."""

from __future__ import annotations

import threading
from argparse import Namespace

from wlinfra.apply.stop import StopSignal
from wlinfra.cli.console import Console
from wlinfra.cli.exit_codes import ExitCode
from wlinfra.errors import ConfigurationError
from wlinfra.provider.emulating import EmulatorOptions, ShipsEmulator
from wlinfra.provider.registry import load_provider
from wlinfra.workspace.applying import stopping

__all__ = ["run"]


def run(arguments: Namespace, console: Console) -> int:
    """Serve until SIGINT or SIGTERM."""
    provider = console.providers.get(arguments.name) or load_provider(arguments.name)
    if not isinstance(provider, ShipsEmulator):
        raise ConfigurationError.of(
            "Provider has no emulator",
            f"The provider {arguments.name} ships no emulator of its platform.",
            "See which providers are installed with\n    wlinfra providers",
        )
    options = EmulatorOptions(
        port=arguments.port,
        data=console.path(arguments.data) if arguments.data else None,
        seed_demo=arguments.seed_demo,
        realistic=arguments.realistic,
        api=arguments.api,
    )
    stop, over = StopSignal(), threading.Event()
    stop.subscribe(over.set)
    with stopping(stop):
        try:
            with provider.emulator(options) as emulator:
                console.show(
                    f'{emulator.url}\n\nThe emulator of {arguments.name} listens there. Use it with\n    endpoint="{emulator.url}"\nStop it with Ctrl-C.'
                )
                over.wait()
        except OSError as error:
            if error.filename:
                raise ConfigurationError.of(
                    "Emulator cannot start",
                    f"{error.filename}: {error.strerror}.",
                    "Name a folder that you may write to with --data.",
                ) from error
            raise ConfigurationError.of(
                "Emulator cannot start",
                f"Port {arguments.port}: {error.strerror}.",
                "Choose another port, or --port 0 for any free one.",
            ) from error
    return ExitCode.OK
