"""`wlinfra render`: what an apply would send, or the rights it needs, as files; no platform is called and no state is read."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping

from wlinfra.cli.console import Console
from wlinfra.cli.exit_codes import ExitCode
from wlinfra.cli.workspace import open_workspace
from wlinfra.errors import ConfigurationError, Diagnostic, WlinfraError
from wlinfra.manifests.model import RenderedObject
from wlinfra.manifests.yaml import format_manifests, write_manifests
from wlinfra.plan.engine import Engine
from wlinfra.plan.expand import Expansion, expand
from wlinfra.provider.base import Connection
from wlinfra.provider.rendering import Authorizing, Rendering
from wlinfra.render.diagnostics import read_source_line, render_diagnostics
from wlinfra.render.summary import counted
from wlinfra.stack.program import Declared
from wlinfra.state.model import State

__all__ = ["run"]


def run(arguments: Namespace, console: Console) -> int:
    """Check the program, then write its manifests, or its roles, to a folder, or print them all."""
    with open_workspace(arguments, console) as workspace:
        declared, connections = workspace.declared, workspace.connect()
        state = State(stack=declared.stack, environment=declared.environment)
        expansion = expand(Engine(declared=declared, state=state, connections=connections))
        warnings: tuple[Diagnostic, ...] = (*declared.warnings, *expansion.warnings)
        objects = _rights(declared, connections, expansion) if arguments.rbac else _manifests(declared, connections)
    if warnings:
        console.tell(render_diagnostics(warnings, console.style, read_source_line))
    if not arguments.out:
        console.show(format_manifests(objects))
        return ExitCode.OK
    folder = console.path(arguments.out)
    try:
        written = write_manifests(objects, folder)
    except OSError as error:
        raise ConfigurationError.of(
            "Manifests cannot be written", f"{folder}: {error.strerror}.", "Name a folder you may write to."
        ) from error
    console.show(f"Wrote {counted(len(written), 'file')} to {folder}.")
    return ExitCode.OK


def _manifests(declared: Declared, connections: Mapping[str, Connection]) -> list[RenderedObject]:
    """Return the objects of all resources; raises ConfigurationError for a provider that has none."""
    resources = {resource.address: resource for resource in declared.resources}
    found: list[RenderedObject] = []
    for resource in declared.resources:
        connection = connections[resource.provider]
        if not isinstance(connection, Rendering):
            raise _no_manifests(resource.provider, declared)
        found += connection.manifests(resource, resources)
    return found


def _rights(declared: Declared, connections: Mapping[str, Connection], expansion: Expansion) -> list[RenderedObject]:
    """Return what grants the rights the stack needs; raises ConfigurationError for a provider that cannot tell."""
    found: list[RenderedObject] = []
    for name in sorted({item.provider for item in expansion.objects.values()}):
        connection = connections[name]
        if not isinstance(connection, Authorizing):
            raise ConfigurationError.of(
                "Provider has no roles",
                f"The provider {name} of environment {declared.environment} cannot tell which rights it needs.",
                "Name an environment whose provider can, with -e.",
            )
        found += connection.rights([item for item in expansion.objects.values() if item.provider == name])
    return found


def _no_manifests(provider: str, declared: Declared) -> WlinfraError:
    return ConfigurationError.of(
        "Provider has no manifests",
        f"The provider {provider} of environment {declared.environment} sends no manifests, so there is nothing to write.",
        "Name an environment whose provider does, with -e.",
    )
