"""Opens what a command works on, as its arguments and this console give it."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from wlinfra.cli.console import Console
from wlinfra.cli.quiet import printing_aside
from wlinfra.errors import ConfigurationError, Diagnostic
from wlinfra.render.diagnostics import render_diagnostics
from wlinfra.render.source import read_source_line
from wlinfra.render.style import clean_lines
from wlinfra.workspace.host import Asked, Host
from wlinfra.workspace.records import find_record
from wlinfra.workspace.site import Site

if TYPE_CHECKING:
    from wlinfra.workspace.opened import Opened

__all__ = ["host_of", "open_record", "open_workspace"]


def host_of(console: Console) -> Host:
    """Return the console as those see it who know of no console."""

    def warn(diagnostics: Sequence[Diagnostic]) -> None:
        console.report(render_diagnostics(diagnostics, console.style, read_source_line))

    return Host(
        environ=console.environ,
        directory=console.directory,
        providers=console.providers,
        report=lambda text: console.report("\n".join(clean_lines(text))),
        warn=warn,
        running=lambda: printing_aside(console),
    )


def open_record(arguments: Namespace, console: Console) -> Site:
    """Return the record that the arguments name; see `find_record`."""
    return find_record(_asked(arguments), host_of(console))


@contextmanager
def open_workspace(
    arguments: Namespace,
    console: Console,
    *,
    ending: bool = False,
    saved_settings: Mapping[str, Any] | None = None,
) -> Iterator[Opened]:
    """Open the environment that the arguments name; see `open_site`."""
    from wlinfra.workspace.opening import open_site  # commands that only look at a record do not pay for it

    host = host_of(console)
    opened = open_site(_asked(arguments), host, ending=ending, saved_settings=saved_settings)
    with closing(opened):
        # The arguments are what commands are advised from, and no advice repeats a secret.
        secret = tuple(f"{name}=" for name in opened.declared.given.secrets)
        arguments.set = [one for one in getattr(arguments, "set", ()) if not one.startswith(secret)]
        try:
            yield opened
        except ConfigurationError:
            if opened.site.stack is None and opened.declared.warnings:
                host.warn(opened.declared.warnings)  # what is missing may stand in the program that gave nothing
            raise


def _asked(arguments: Namespace) -> Asked:
    return Asked(
        file=arguments.file,
        environment=arguments.environment or "",
        stack=getattr(arguments, "stack", None),
        state_dir=arguments.state_dir or "",
        settings=getattr(arguments, "settings", None) or "",
        overrides=getattr(arguments, "set", ()),
    )
