"""`wlinfra render`: what an apply would send, or the rights it needs, as files; no platform is called and no state is read."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path

from wlinfra.cli.console import Console
from wlinfra.cli.exit_codes import ExitCode
from wlinfra.cli.opening import open_workspace
from wlinfra.errors import ConfigurationError, Diagnostic, WlinfraError
from wlinfra.plan.expand import Expansion, expand
from wlinfra.plan.inputs import Inputs
from wlinfra.provider.base import Connection
from wlinfra.provider.rendering import RenderedObject, WritesManifests, WritesRoles
from wlinfra.render.diagnostics import render_diagnostics
from wlinfra.render.manifests.files import Written, write_manifests
from wlinfra.render.manifests.yaml import format_manifests
from wlinfra.render.source import read_source_line
from wlinfra.render.summary import counted
from wlinfra.stack.program import Declared
from wlinfra.state.model import State

__all__ = ["run"]


def run(arguments: Namespace, console: Console) -> int:
    """Check the program, then write its manifests, or its roles, to a folder, or print them all."""
    if arguments.account and not arguments.rbac:
        raise ConfigurationError.of(
            "Account without rights", "--account names who gets the rights that --rbac writes.", "Add --rbac."
        )
    with open_workspace(arguments, console) as workspace:
        declared, connections = workspace.declared, workspace.connect()
        state = State(stack=declared.stack, environment=declared.environment)
        expansion = expand(Inputs(declared=declared, state=state, connections=connections))
        warnings: tuple[Diagnostic, ...] = (*declared.warnings, *expansion.warnings)
        if arguments.rbac:
            objects = _rights(declared, connections, expansion, arguments.account)
        else:
            objects = _manifests(declared, connections)
    if warnings:
        console.report(render_diagnostics(warnings, console.style, read_source_line))
    if not arguments.out:
        console.show(format_manifests(objects))
        return ExitCode.OK
    written = _write(objects, console.path(arguments.out), _owner(declared, rbac=arguments.rbac))
    console.show(_shown(written, console.path(arguments.out)))
    return ExitCode.OK


def _owner(declared: Declared, *, rbac: bool) -> str:
    return f"{'roles' if rbac else 'manifests'} of stack {declared.stack}, environment {declared.environment}"


def _write(objects: list[RenderedObject], folder: Path, owner: str) -> Written:
    try:
        return write_manifests(objects, folder, owner=owner)
    except OSError as error:
        raise ConfigurationError.of(
            "Manifests cannot be written",
            f"{error.filename or folder}: {error.strerror}.",
            "Name a folder you may write to.",
        ) from error


def _shown(written: Written, folder: Path) -> str:
    """Return what became of the folder; what was removed by name, for a cluster may still have it."""
    lines = [f"Wrote {counted(len(written.files), 'file')} to {folder}."]
    if written.removed:
        lines.append(f"Removed {counted(len(written.removed), 'file')} of what is no longer declared:")
        lines += [f"  {path.name}" for path in written.removed]
        lines.append("What they declared stays where it was applied until it is deleted there.")
    if written.others:
        lines.append(f"Left {counted(len(written.others), 'file')} that an apply of the folder would send too:")
        lines += [f"  {path.name}, written for the {owner}" for path, owner in written.others]
    return "\n".join(lines)


def _manifests(declared: Declared, connections: Mapping[str, Connection]) -> list[RenderedObject]:
    """Return the objects of all resources; raises ConfigurationError for a provider that has none."""
    resources = {resource.address: resource for resource in declared.resources}
    found: list[RenderedObject] = []
    for resource in declared.resources:
        connection = connections[resource.provider]
        if not isinstance(connection, WritesManifests):
            raise _no_manifests(resource.provider, declared)
        found += connection.manifests(resource, resources)
    return found


def _rights(
    declared: Declared, connections: Mapping[str, Connection], expansion: Expansion, account: str
) -> list[RenderedObject]:
    """Return what grants the rights the stack needs; raises ConfigurationError for a provider that does not know them."""
    found: list[RenderedObject] = []
    for name in sorted({item.provider for item in expansion.objects.values()}):
        connection = connections[name]
        if not isinstance(connection, WritesRoles):
            raise ConfigurationError.of(
                "Provider has no roles",
                f"The provider {name} of environment {declared.environment} does not know which rights it needs.",
                "Name an environment whose provider can, with -e.",
            )
        found += connection.rights(
            [item for item in expansion.objects.values() if item.provider == name], account=account
        )
    return found


def _no_manifests(provider: str, declared: Declared) -> WlinfraError:
    return ConfigurationError.of(
        "Provider has no manifests",
        f"The provider {provider} of environment {declared.environment} sends no manifests, so there is nothing to write.",
        "Name an environment whose provider does, with -e.",
    )
