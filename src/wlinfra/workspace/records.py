"""Finds the record that a command works on, also where the program cannot be run or is gone.

Commands that only look at a record or change it by hand need the name of a stack and of an environment, and nothing
else of the program. They call `find_record`. A destroy that cannot load the program calls `find_site_to_end`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from wlinfra.errors import ConfigurationError, DeclarationError, Diagnostic, Severity
from wlinfra.remedies import Advice, Remedy, destroy
from wlinfra.stack.program import DEFAULT_FILE, Declared
from wlinfra.stack.stack import ProviderSettings
from wlinfra.state.model import State
from wlinfra.state.store import LocalStateStore
from wlinfra.workspace.host import Asked, Host
from wlinfra.workspace.site import Site, find_site, state_root

__all__ = ["declared_by_record", "find_record", "find_site_to_end"]


def find_record(asked: Asked, host: Host) -> Site:
    """Return the record that is named; raises DeclarationError where only the program could show which.

    A program that cannot be run does not prevent access to its record: the state directory is used instead, and that
    is reported.
    """
    if asked.stack:
        return _named(asked.stack, asked, host)
    try:
        site = find_site(asked, host)
    except DeclarationError as error:
        found = _recorded_instead(asked, host)
        if found is None:
            raise DeclarationError(*error.diagnostics, *_choices(asked, host)) from None
        first = error.diagnostics[0]
        why = f"{first.summary}{f' at {first.location}' if first.location else ''}"
        host.report(
            f"Read from the record of stack {found.name}, environment {found.environment}; the program was not run ({why})."
        )
        return found
    return site


def find_site_to_end(asked: Asked, host: Host) -> tuple[Site, tuple[Diagnostic, ...]]:
    """Return what is to be destroyed, and what is wrong with a program that cannot be loaded.

    As everything found is destroyed, no record is guessed: the text of the program names its stack, or the user does,
    and an environment is named wherever the program may have several. Raises DeclarationError where that is not clear.
    """
    if asked.stack:
        return _named(asked.stack, asked, host), ()
    try:
        return find_site(asked, host), ()
    except DeclarationError as error:
        found = _recorded_as_written(asked, host)
        if found is None:
            raise DeclarationError(*error.diagnostics, *_choices(asked, host, ending=True)) from None
        return found, error.diagnostics


def declared_by_record(site: Site, state: State, wrong: Sequence[Diagnostic]) -> Declared:
    """Return a program without resources in the environment that is recorded; raises ConfigurationError.

    ``wrong`` is what is wrong with the real one. The record has no secrets: they come from where the provider looks
    for them by itself.
    """
    used = {record.provider for record in state.objects.values()} | {intent.provider for intent in state.intents}
    if unknown := sorted(used - state.providers.keys()):
        raise ConfigurationError(
            *wrong,
            *ConfigurationError.of(
                "Record is not enough",
                f"The state of stack {site.name}, environment {site.environment}, does not record how to reach {', '.join(map(repr, unknown))}: "
                "an earlier version wrote it, or the provider keeps its options to itself. Nothing was destroyed.",
                "Correct the program, then run the command again.",
            ).diagnostics,
        )
    return Declared(
        stack=site.name,
        environment=site.environment,
        resources=(),
        outputs=(),
        providers={name: _settings(recorded) for name, recorded in state.providers.items()},
        protect=state.protected,
        name_prefix=state.name_prefix,
        warnings=tuple(map(_destroyed_by_record, wrong[:1])),
        reliable=False,
    )


def _settings(recorded: Mapping[str, Any]) -> ProviderSettings:
    options = {name: value for name, value in recorded.items() if name != "provider"}
    return ProviderSettings(type=recorded["provider"], options=options)


def _destroyed_by_record(wrong: Diagnostic) -> Diagnostic:
    where = f"{wrong.location}: " if wrong.location else ""
    return replace(
        wrong,
        severity=Severity.WARNING,
        summary="Program could not be loaded",
        detail=f"The program could not be loaded ({where}{wrong.summary}: {wrong.detail.rstrip('.')}); destroying what the state records.",
        fix="Secrets are not recorded: where one is needed, the provider looks in its own variables and files.",
    )


def _environment(asked: Asked, host: Host) -> str:
    return asked.environment or host.environ.get("WLINFRA_ENVIRONMENT") or ""


def _named(stack: str, asked: Asked, host: Host) -> Site:
    root = state_root(asked, host)
    known = [environment for name, environment in _records(root) if name == stack]
    wanted = _environment(asked, host)
    if wanted in known or (not wanted and len(known) == 1):
        return Site(name=stack, environment=wanted or known[0], root=root, file=host.path(asked.file))
    listed = _listed(root) or "    nothing"
    what = f"the stack {stack}" + (f", environment {wanted}" if wanted else "")
    if known and not wanted:
        raise ConfigurationError.of(
            "No environment named",
            f"{root} records several environments of {what}, and none was named.",
            f"Name one with -e; recorded are\n{listed}",
        )
    raise ConfigurationError.of("No such record", f"{root} records nothing of {what}.", f"Recorded are\n{listed}")


def _recorded_instead(asked: Asked, host: Host) -> Site | None:
    """Return the one record that can be meant; None where there is none, or several that only the program could distinguish."""
    root, path = state_root(asked, host), host.path(asked.file)
    wanted = _environment(asked, host)
    found = [record for record in _records(root) if wanted in ("", record[1])]
    if len({name for name, _ in found}) > 1:
        named = _names_in(path)
        found = [record for record in found if record[0] in named]
    if len(found) != 1:
        return None
    ((name, environment),) = found
    return Site(name=name, environment=environment, root=root, file=path)


def _recorded_as_written(asked: Asked, host: Host) -> Site | None:
    """Return the one record of a stack and environment that the text of the program can mean."""
    root, path = state_root(asked, host), host.path(asked.file)
    stacks, wanted = _names_in(path), _environment(asked, host)
    found = [record for record in _records(root) if record[0] in stacks and wanted in ("", record[1])]
    others = _names_in(path, "environment") - {environment for _, environment in found}
    if len(found) != 1 or (others and not wanted):
        return None
    ((name, environment),) = found
    return Site(name=name, environment=environment, root=root, file=path)


def _choices(asked: Asked, host: Host, *, ending: bool = False) -> Iterator[Diagnostic]:
    """Yield how to name the record without the program; nothing without a record."""
    root = state_root(asked, host)
    known = list(_records(root))
    if known and asked.stack is not None:
        named: list[str | Remedy] = [destroy(environment, stack=stack) for stack, environment in known]
        yield Diagnostic(
            summary="Record not clear",
            detail="Without the program it is not known which record is meant.",
            fix=Advice(
                "Correct the program, or name one of those recorded:", *(named if ending else ["\n", _listed(root)])
            ),
        )


def _listed(root: Path) -> str:
    return "\n".join(f"    --stack {name} -e {environment}" for name, environment in _records(root))


def _names_in(program: Path, call: str = "Stack") -> frozenset[str]:
    """Return the names that the program gives to stacks, or to what else the call adds, read without running it."""
    file = program / DEFAULT_FILE if program.is_dir() else program
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return frozenset()
    return frozenset(re.findall(rf"""\b{call}\(\s*["']([\w-]+)["']""", text))


def _records(root: Path) -> Iterator[tuple[str, str]]:
    """Yield stack and environment of every record below the directory."""
    for stack in sorted(root.iterdir()) if root.is_dir() else ():
        for environment in sorted(stack.iterdir()) if stack.is_dir() else ():
            store = LocalStateStore(root, stack.name, environment.name)
            if store.paths.directory == environment and (store.paths.snapshot.exists() or store.paths.journal.exists()):
                yield stack.name, environment.name
