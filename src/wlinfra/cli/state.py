"""`wlinfra state`: showing the record and correcting it, without calling a platform."""

from __future__ import annotations

import time
from argparse import Namespace

from wlinfra.cli.console import Console
from wlinfra.cli.exit_codes import ExitCode
from wlinfra.cli.opening import host_of, open_record
from wlinfra.cli.show import find_objects, object_lines
from wlinfra.errors import ConfigurationError, LockedError, StateDamagedError
from wlinfra.provider.optional import WorksFromRecords
from wlinfra.provider.registry import load_provider
from wlinfra.render.style import clean
from wlinfra.render.summary import counted
from wlinfra.state.lease import LockInfo, LockRequest
from wlinfra.state.model import ObjectState
from wlinfra.state.move import forget_objects, move_objects
from wlinfra.values import Address
from wlinfra.workspace.locking import describe_holder, lock_request
from wlinfra.workspace.renaming import take_record
from wlinfra.workspace.site import Site
from wlinfra.workspace.writing import add_history, writing

__all__ = ["run"]


def run(arguments: Namespace, console: Console) -> int:
    """Do one action on the state."""
    site = open_record(arguments, console)
    match arguments.action:
        case "list":
            recorded = sorted(site.store().load().objects)
            console.show("".join(f"{clean(address)}\n" for address in recorded))
            if not recorded:
                console.report("Nothing is recorded.")
        case "show":
            found = find_objects(site.store().load(), arguments.address)
            console.show("\n\n".join("\n".join(object_lines(item, console.style)) for item in found))
        case "mv":
            _move(site, arguments, console)
        case "rm":
            _forget(site, arguments, console)
        case "rename":
            _rename(site, arguments, console)
        case "pull":
            console.show(site.store().pull().decode())
        case "push":
            _push(site, arguments, console)
        case "unlock":
            _unlock(site, arguments, console)
        case "repair":
            _repair(site, arguments, console)
        case other:
            raise ValueError(f"unknown action {other}")
    return ExitCode.OK


def _request(arguments: Namespace, console: Console) -> LockRequest:
    return lock_request(host_of(console), f"state {arguments.action}", arguments.lock_timeout)


def _move(site: Site, arguments: Namespace, console: Console) -> None:
    request = _request(arguments, console)
    with writing(site.store(), request, host_of(console)) as (_, session):
        moved = move_objects(session, Address(arguments.source), Address(arguments.destination))
        add_history(session, request, f"moved {arguments.source} to {arguments.destination}")
    for old, new in moved.items():
        console.show(f"Moved {clean(old)} to {clean(new)}.")


def _forget(site: Site, arguments: Namespace, console: Console) -> None:
    request = _request(arguments, console)
    with writing(site.store(), request, host_of(console)) as (_, session):
        forgotten = forget_objects(session, Address(arguments.address))
        add_history(session, request, f"forgot {arguments.address}")
    for intent in forgotten.steps:
        console.show(
            f"Forgot the interrupted {clean(intent.verb)} for {clean(intent.address)}; whether it happened is not known."
        )
    for item in forgotten.objects:
        shown = f" [id={clean(item.id)}]" if item.id else ""
        console.show(f"Forgot {clean(item.address)}{shown}; nothing was destroyed.")
        if advice := _how_to_let_go(site, item):
            console.show("\n".join(map(clean, advice.splitlines())))


def _rename(site: Site, arguments: Namespace, console: Console) -> None:
    moved = take_record(site, arguments.stack_before, host_of(console), lock_timeout=arguments.lock_timeout)
    console.show(
        f"The stack {clean(site.name)}, environment {clean(site.environment)}, records what was {clean(arguments.stack_before)}'s: {counted(moved, 'object')}."
    )


def _how_to_let_go(site: Site, item: ObjectState) -> str:
    """Return what keeps a forgotten object from coming back; empty where forgetting lets it go."""
    spec = site.stack.environments.get(site.environment) if site.stack is not None else None
    settings = spec.providers.get(item.provider) if spec is not None else None
    if settings is None or item.virtual or item.id is None:
        return ""
    try:
        provider = load_provider(settings.type)
    except ConfigurationError:  # what is not installed here has no advice
        return ""
    return provider.how_to_let_go(item) if isinstance(provider, WorksFromRecords) else ""


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
    request = _request(arguments, console)
    with site.store().acquire(request) as lease:
        site.store().push(data, lease, force=arguments.force, source=arguments.input)
        with site.store().open(lease) as session:
            add_history(session, request, "replaced the state" + (", forced" if arguments.force else ""))
    console.show("Replaced the state.")


def _unlock(site: Site, arguments: Namespace, console: Console) -> None:
    store = site.store()
    try:
        held = store.read_lock()
    except StateDamagedError:
        held = None  # no holder is known, and releasing it is the only way to continue
    if held is not None and held.may_live(time.time()) and not arguments.force:
        _confirm_release(held, arguments, console)
    holder = store.unlock(held_by=held.token if held is not None else None)
    if holder is None:
        console.show("The state was not locked.")
    else:
        console.show(
            f"Released the lock held by {clean(describe_holder(holder))}; that run stops before its next call."
        )


def _confirm_release(held: LockInfo, arguments: Namespace, console: Console) -> None:
    """Have the user confirm that a run which seems to be active is over; raises LockedError otherwise."""
    if arguments.lock == held.id:
        return
    who = f"{describe_holder(held)} holds the lock for {held.operation!r} since {held.since}"
    if not arguments.lock and console.is_interactive:
        console.show(f"{clean(who)}, and seems to be active. Without the lock it stops before its next call.")
        if console.ask(f"Only the lock's id ({held.id}) releases it.\n\n  Enter the id: ") == held.id:
            return
    raise LockedError.of(
        "Holder seems to live",
        f"{clean(who)}, and seems to be at work. Nothing was freed.",
        f"Wait for it to end. If it is over for certain, release the lock by its id:\n    wlinfra state unlock {held.id}\nor add --force.",
    )


def _repair(site: Site, arguments: Namespace, console: Console) -> None:
    with site.store().acquire(_request(arguments, console)) as lease:
        report = site.store().repair(lease)
    if not report.actions:
        console.show("Nothing is damaged.")
    for action in report.actions:
        console.show(f"- {clean(action)}")
    for path in report.kept:
        console.show(f"Kept {clean(path)}.")
    if report.missing_changes:
        console.show(
            f"{counted(report.missing_changes, 'change')} could not be read: run wlinfra plan and review it before applying."
        )
