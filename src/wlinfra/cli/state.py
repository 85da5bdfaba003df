"""`wlinfra state`: looking at the record and mending it, without calling a platform."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from wlinfra.cli.console import Console
from wlinfra.cli.exit_codes import ExitCode
from wlinfra.cli.show import find_objects, object_lines
from wlinfra.cli.workspace import Site, describe_holder, find_site, lock_request
from wlinfra.errors import ConfigurationError
from wlinfra.render.style import clean
from wlinfra.render.summary import counted
from wlinfra.state.lock import Lease
from wlinfra.state.model import Deposed, Intent, ObjectState, State
from wlinfra.values import Address

__all__ = ["run"]


def run(arguments: Namespace, console: Console) -> int:
    """Do one action on the state."""
    site = find_site(arguments, console)
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
def _locked(site: Site, arguments: Namespace, console: Console) -> Iterator[Lease]:
    request = lock_request(console, f"state {arguments.action}", arguments.lock_timeout)
    with site.store().acquire(request) as lease:
        yield lease


def _move(site: Site, arguments: Namespace, console: Console) -> None:
    with _locked(site, arguments, console) as lease, site.store().open(lease) as session:
        objects = session.state.objects
        renamed = _renamed(find_objects(session.state, arguments.source), arguments.source, arguments.destination)
        taken = [new for new in renamed.values() if new in objects]
        if taken:
            raise ConfigurationError.of(
                "Address is taken",
                f"{taken[0]} is recorded already. Nothing was moved.",
                f"Forget it first:\n    wlinfra state rm {taken[0]}",
            )
        session.set_many(put=_with_new_names(objects, renamed), remove=renamed)
    for old, new in renamed.items():
        console.show(f"Moved {clean(old)} to {clean(new)}.")


def _renamed(found: list[ObjectState], source: str, destination: str) -> dict[Address, Address]:
    """Return the new address of each object; a resource takes its parts along."""
    if "/" in source:
        return {item.address: Address(destination) for item in found}
    return {
        item.address: Address(f"{destination}/{item.address.part}" if item.address.part else destination)
        for item in found
    }


def _with_new_names(objects: Mapping[Address, ObjectState], renamed: Mapping[Address, Address]) -> list[ObjectState]:
    """Return the records that change: those that move, and those that depend on one that does."""

    def names(old: tuple[Address, ...]) -> tuple[Address, ...]:
        return tuple(renamed.get(name, name) for name in old)

    def deposed(item: Deposed) -> Deposed:
        return replace(item, depends_on=names(item.depends_on))

    moved = [
        replace(
            item,
            address=renamed.get(address, address),
            depends_on=names(item.depends_on),
            deposed=tuple(map(deposed, item.deposed)),
        )
        for address, item in objects.items()
    ]
    return [after for before, after in zip(objects.values(), moved, strict=True) if before != after]


def _forget(site: Site, arguments: Namespace, console: Console) -> None:
    with _locked(site, arguments, console) as lease, site.store().open(lease) as session:
        open_steps = _open_steps(session.state, arguments.address)
        found = (
            []
            if open_steps and not _is_recorded(session.state, arguments.address)
            else find_objects(session.state, arguments.address)
        )
        session.set_many(remove=[item.address for item in found])
        for intent in open_steps:
            session.end(intent)
    for intent in open_steps:
        console.show(
            f"Forgot the interrupted {clean(intent.verb)} for {clean(intent.address)}; whether it happened is not known."
        )
    for item in found:
        console.show(
            f"Forgot {clean(item.address)}"
            + (f" [id={clean(item.id)}]" if item.id else "")
            + "; nothing was destroyed."
        )


def _open_steps(state: State, address: str) -> list[Intent]:
    """Return what an interrupted run left open at the address: to forget an object is to ask no more about it."""
    return [intent for intent in state.intents if address in (intent.address, Address(intent.address).resource)]


def _is_recorded(state: State, address: str) -> bool:
    return any(address in (key, key.resource) for key in state.objects)


def _push(site: Site, arguments: Namespace, console: Console) -> None:
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


def _unlock(site: Site, console: Console) -> None:
    holder = site.store().unlock()
    if holder is None:
        console.show("The state was not locked.")
    else:
        console.show(f"Freed the lock that {clean(describe_holder(holder))} held; that run stops before its next call.")


def _repair(site: Site, arguments: Namespace, console: Console) -> None:
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
