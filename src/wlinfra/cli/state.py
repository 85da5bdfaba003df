"""`wlinfra state`: looking at the record and mending it, without calling a platform."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager

from wlinfra.cli.console import Console
from wlinfra.cli.exit_codes import ExitCode
from wlinfra.cli.record import RecordSite, find_record
from wlinfra.cli.show import find_objects, object_lines
from wlinfra.cli.workspace import describe_holder, lock_request
from wlinfra.errors import ConfigurationError
from wlinfra.provider.optional import Holding
from wlinfra.provider.registry import load_provider
from wlinfra.render.style import clean
from wlinfra.render.summary import counted
from wlinfra.state.lock import Lease
from wlinfra.state.model import ObjectState
from wlinfra.state.move import forget_objects, move_objects
from wlinfra.values import Address

__all__ = ["run"]


def run(arguments: Namespace, console: Console) -> int:
    """Do one action on the state."""
    site = find_record(arguments, console)
    match arguments.action:
        case "list":
            console.show("".join(f"{clean(address)}\n" for address in sorted(site.store().load().objects)))
        case "show":
            found = find_objects(site.store().load(), arguments.address)
            console.show("\n\n".join("\n".join(object_lines(item, console.style)) for item in found))
        case "mv":
            _move(site, arguments, console)
        case "rm":
            _forget(site, arguments, console)
        case "pull":
            console.show(site.store().pull().decode())
        case "push":
            _push(site, arguments, console)
        case "unlock":
            _unlock(site, console)
        case "repair":
            _repair(site, arguments, console)
        case other:
            raise ValueError(f"unknown action {other}")
    return ExitCode.OK


@contextmanager
def _locked(site: RecordSite, arguments: Namespace, console: Console) -> Iterator[Lease]:
    request = lock_request(console, f"state {arguments.action}", arguments.lock_timeout)
    with site.store().acquire(request) as lease:
        yield lease


def _move(site: RecordSite, arguments: Namespace, console: Console) -> None:
    with _locked(site, arguments, console) as lease, site.store().open(lease) as session:
        moved = move_objects(session, Address(arguments.source), Address(arguments.destination))
    for old, new in moved.items():
        console.show(f"Moved {clean(old)} to {clean(new)}.")


def _forget(site: RecordSite, arguments: Namespace, console: Console) -> None:
    with _locked(site, arguments, console) as lease, site.store().open(lease) as session:
        forgotten = forget_objects(session, Address(arguments.address))
    for intent in forgotten.steps:
        console.show(
            f"Forgot the interrupted {clean(intent.verb)} for {clean(intent.address)}; whether it happened is not known."
        )
    for item in forgotten.objects:
        shown = f" [id={clean(item.id)}]" if item.id else ""
        console.show(f"Forgot {clean(item.address)}{shown}; nothing was destroyed.")
        if advice := _how_to_let_go(site, item):
            console.show("\n".join(map(clean, advice.splitlines())))


def _how_to_let_go(site: RecordSite, item: ObjectState) -> str:
    """Return what keeps a forgotten object from coming back; empty where forgetting lets it go."""
    spec = site.stack.environments.get(site.environment) if site.stack is not None else None
    settings = spec.providers.get(item.provider) if spec is not None else None
    if settings is None or item.virtual or item.id is None:
        return ""
    try:
        provider = load_provider(settings.type)
    except ConfigurationError:  # what is not installed here can say nothing
        return ""
    return provider.how_to_let_go(item) if isinstance(provider, Holding) else ""


def _push(site: RecordSite, arguments: Namespace, console: Console) -> None:
    if arguments.input == "-":
        data = console.stdin.read().encode()
    else:
        try:
            data = console.path(arguments.input).read_bytes()
        except OSError as error:
            raise ConfigurationError.of(
                "State cannot be read",
                f"{arguments.input}: {error.strerror}.",
                "Name a file that `wlinfra state pull` wrote, or - for standard input.",
            ) from error
    with _locked(site, arguments, console) as lease:
        site.store().push(data, lease, force=arguments.force)
    console.show("Replaced the state.")


def _unlock(site: RecordSite, console: Console) -> None:
    holder = site.store().unlock()
    if holder is None:
        console.show("The state was not locked.")
    else:
        console.show(f"Freed the lock that {clean(describe_holder(holder))} held; that run stops before its next call.")


def _repair(site: RecordSite, arguments: Namespace, console: Console) -> None:
    with _locked(site, arguments, console) as lease:
        report = site.store().repair(lease)
    if not report.actions:
        console.show("Nothing is damaged.")
    for action in report.actions:
        console.show(f"- {clean(action)}")
    for path in report.kept:
        console.show(f"Kept {clean(path)}.")
    if report.missing_changes:
        console.show(
            f"{counted(report.missing_changes, 'change')} could not be read: run wlinfra plan and look before applying."
        )
