"""Gives a stack that was renamed the record that it has under its old name."""

from __future__ import annotations

from pathlib import Path

from wlinfra.errors import StateRefusedError
from wlinfra.state.model import State
from wlinfra.state.store import LocalStateStore
from wlinfra.workspace.host import Host
from wlinfra.workspace.locking import lock_request
from wlinfra.workspace.site import Site
from wlinfra.workspace.writing import add_history, writing

__all__ = ["take_record"]


def take_record(site: Site, old: str, host: Host, *, lock_timeout: float) -> int:
    """Move what the stack ``old`` records of this environment to this one; return how many objects that is.

    It is moved again from where an interrupted run ended. Raises StateRefusedError when there is nothing to move, or
    this stack has a record of its own; LockedError after ``lock_timeout`` seconds.
    """
    request = lock_request(host, "state rename", lock_timeout)
    source, target = LocalStateStore(site.root, old, site.environment), site.store()
    _refuse(site, old, source, target)
    with writing(source, request, host) as (_, before):
        with target.acquire(request) as lease:
            _refuse(site, old, source, target)  # others may have applied since
            if not _is_moved(before.state, target.load()):
                target.push(source.pull(), lease, force=True, source=old)
            _move_data(source.paths.directory, target.paths.directory)
            with target.open(lease) as after:
                add_history(after, request, f"was the stack {old}")
        gone = tuple(before.state.objects)
        for intent in before.state.intents:
            before.end(intent)
        before.set_many(put=[], remove=gone)
        add_history(before, request, f"is the stack {site.name} now")
    return len(gone)


def _refuse(site: Site, old: str, source: LocalStateStore, target: LocalStateStore) -> None:
    there, here = source.load(), target.load()
    where = f"environment {site.environment}"
    if old == site.name or not (there.objects or there.intents):
        raise StateRefusedError.of(
            "Nothing to rename",
            f"{site.root} records no objects of the stack {old}, {where}.",
            "Name the stack as it was called when it was applied.",
        )
    if (here.objects or here.intents) and not _is_moved(there, here):
        raise StateRefusedError.of(
            "Record is taken",
            f"The stack {site.name}, {where}, records objects of its own, so that it cannot be the stack {old}, too.",
            "Give one of them another name.",
        )


def _is_moved(there: State, here: State) -> bool:
    """True when this stack records all that the old one does: an interrupted run got that far."""
    begun = {(intent.sequence, intent.address) for intent in here.intents}
    return (
        bool(here.objects or here.intents)
        and here.lineage == there.lineage
        and all(
            (found := here.objects.get(one.address)) is not None and found.id == one.id
            for one in there.objects.values()
        )
        and all((intent.sequence, intent.address) in begun for intent in there.intents)
    )


def _move_data(source: Path, target: Path) -> None:
    """Move what providers keep next to the state, such as the world of an emulator."""
    for folder in sorted(source.glob("provider-*")):
        if not (target / folder.name).exists():
            folder.rename(target / folder.name)
