"""What is recorded of an object: the one room in which an `ObjectState` is made or changed.

`apply.execute` says what a step aims at, and the intent carries the record that holds if the step happens: the run
that made the call and the run that clears up after it fill in the same record. Imports, strays, renames and the
testing kit's driver write through here too. Everything is pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeAlias

from wlinfra.state.model import Deposed, Health, Intent, ObjectState
from wlinfra.values import Address, Json

__all__ = [
    "Aim",
    "CallAnswer",
    "Rewrite",
    "Subject",
    "after_removal",
    "aimed",
    "forgotten",
    "happened",
    "held",
    "imported",
    "moved",
    "reached",
    "seen",
    "unready",
    "with_renamed_dependencies",
]

Rewrite: TypeAlias = Callable[[ObjectState | None], ObjectState | None]
"""Maps the record of an object to its next record; None stands for no record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whose record it is, and what its declaration says of it."""

    address: Address
    provider: str
    kind: str
    name: str = ""
    depends_on: tuple[Address, ...] = ()
    protect: bool = False
    retain: bool = False
    virtual: bool = False

    def record(self, identity: str | None = None) -> ObjectState:
        """Return a first record of the object."""
        return ObjectState(**{item.name: getattr(self, item.name) for item in fields(self)}, id=identity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """What the record of an object becomes, as far as it is known by now."""

    subject: Subject
    id: str | None = None
    """None when the step at hand gives the object its id."""
    values: Mapping[str, Json] | None = None
    """The wanted values, secrets as digests, once all steps are done; None before that."""
    outputs: Mapping[str, Json] = field(default_factory=dict)
    memory: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Json] = field(default_factory=dict)
    """What was seen of the live object beside its values; what is not named stays as it was."""
    running: Mapping[str, Json] | None = None
    """What runs until the goal is reached; None leaves what an earlier change said of that."""
    health: Health = Health.READY
    awaiting: str = ""
    """The operation whose goal is awaited, when the object is not ready."""
    makes: bool = False
    """The step gives the object its identity."""
    supersedes: bool = False
    """The identity before it stays on the platform as history and is not deposed."""
    replaces: bool = False
    """The identity before it is deposed: it is still to be deleted."""
    imports: bool = False
    """The object was there before this stack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAnswer:
    """What a call that took effect answered about the object."""

    id: str | None = None
    outputs: Mapping[str, Json] = field(default_factory=dict)
    memory: Mapping[str, Any] = field(default_factory=dict)


# ---------------------------------------------------------------- towards what is wanted


def aimed(before: ObjectState | None, aim: Aim) -> ObjectState | None:
    """Return the record that holds once the aim is reached; None for a step that only prepares the one that makes it."""
    subject = aim.subject
    if before is None and aim.id is None and not aim.makes and not subject.virtual:
        return None
    base = before or ObjectState(address=subject.address, provider=subject.provider, kind=subject.kind)
    is_another = aim.makes or (aim.id is not None and base.id not in (None, aim.id))
    is_fresh = (is_another and not aim.supersedes) or before is None or subject.virtual
    identity = aim.id if aim.makes else aim.id or base.id
    return replace(
        base,
        provider=subject.provider,
        kind=subject.kind,
        name=subject.name,
        id=identity,
        values=_values(base, aim, is_fresh=is_fresh),
        outputs={**({} if is_fresh else base.outputs), **aim.outputs},
        memory={**({} if is_fresh else base.memory), **aim.memory},
        facts={**({} if is_fresh else base.facts), **aim.facts},
        running=_running(base, aim, is_fresh=is_fresh),
        depends_on=subject.depends_on,
        deposed=base.deposed if aim.supersedes else _deposed(base, aim),
        health=aim.health,
        awaiting=aim.awaiting if aim.health is Health.UNREADY else "",
        protect=subject.protect,
        retain=subject.retain,
        created=_is_created(before, aim),
        virtual=subject.virtual,
    )


def _values(base: ObjectState, aim: Aim, *, is_fresh: bool) -> Mapping[str, Json]:
    """Return the values to record: a half-made object has none, so that the next plan compares the live one."""
    if aim.values is not None:
        return aim.values
    return {} if is_fresh else base.values


def _running(base: ObjectState, aim: Aim, *, is_fresh: bool) -> Mapping[str, Json]:
    """Return what runs until the change is over; of one that is over, or of another object, nothing."""
    if aim.health is not Health.UNREADY:
        return {}
    if aim.running is not None:
        return aim.running
    return {} if is_fresh else base.running


def _deposed(base: ObjectState, aim: Aim) -> tuple[Deposed, ...]:
    """Return the deposed objects: an old identity joins them, the current one is never among them."""
    deposed = base.deposed
    is_another = aim.makes or aim.id is not None
    if aim.replaces and is_another and base.id not in (None, aim.id) and not base.virtual:
        deposed = (*deposed, Deposed(id=str(base.id), depends_on=base.depends_on))
    return tuple(item for item in deposed if item.id != aim.id)


def _is_created(before: ObjectState | None, aim: Aim) -> bool:
    if aim.imports:
        return False
    return True if before is None or aim.makes else before.created


# ---------------------------------------------------------------- what a step did


def happened(intent: Intent, answer: CallAnswer) -> Rewrite:
    """Return how a step that took effect changes the record, whoever finds out: its own run or a later one."""

    def rewrite(before: ObjectState | None) -> ObjectState | None:
        if intent.record is not None:
            return _filled(intent.record, before, intent, answer)
        if intent.removes:
            return after_removal(intent.ends or intent.target)(before)
        return _without_record(before, intent, answer)

    return rewrite


def _filled(record: ObjectState, before: ObjectState | None, intent: Intent, answer: CallAnswer) -> ObjectState:
    """Return the intent's record with what only the call could say; deposed objects that ended meanwhile do not return."""
    identity = answer.id or record.id if intent.makes else record.id
    if intent.removes:
        outputs, memory = record.outputs, record.memory
    else:
        named = {} if identity is None else {"id": identity}
        outputs, memory = {**record.outputs, **named, **answer.outputs}, {**record.memory, **answer.memory}
    known = () if before is None else (before.id, *(item.id for item in before.deposed))
    deposed = tuple(item for item in record.deposed if item.id in known and item.id != identity)
    return replace(record, id=identity, outputs=outputs, memory=memory, deposed=deposed)


def _without_record(before: ObjectState | None, intent: Intent, answer: CallAnswer) -> ObjectState:
    """Return what an intent of an earlier version implies, which carries no record.

    An object it made has no values, so that the next plan compares the live object with the program.
    """
    if before is None:
        before = ObjectState(
            address=intent.address,
            provider=intent.provider,
            kind=intent.kind,
            name=intent.name,
            depends_on=intent.depends_on,
        )
    elif intent.makes and not intent.supersedes and before.id not in (None, answer.id):
        # A replacement that creates first: the old object still has to be deleted.
        old = Deposed(id=str(before.id), depends_on=before.depends_on)
        before = replace(_emptied(before), deposed=(*before.deposed, old))
    return replace(
        before,
        id=answer.id or before.id,
        outputs={**before.outputs, **answer.outputs},
        memory={**before.memory, **answer.memory},
        health=Health.UNREADY,
    )


def _emptied(record: ObjectState) -> ObjectState:
    """Return the record without what is known of the identity it has."""
    return replace(record, values={}, outputs={}, memory={}, facts={}, running={})


# ---------------------------------------------------------------- towards the end


def after_removal(target: str | None) -> Rewrite:
    """Return how the end of one identity changes the record: the object goes when it has no other left."""

    def rewrite(before: ObjectState | None) -> ObjectState | None:
        if before is None:
            return None
        deposed = tuple(item for item in before.deposed if item.id != target)
        if before.id not in (None, target):
            return replace(before, deposed=deposed)
        if deposed:
            return replace(_emptied(before), id=None, deposed=deposed, health=Health.UNREADY)
        return None

    return rewrite


def forgotten(before: ObjectState | None) -> ObjectState | None:
    """Forget the object; its deposed objects stay recorded until they are deleted."""
    return None if before is None else after_removal(before.id)(before)


def unready(identity: str | None, awaiting: str) -> Rewrite:
    """Return how a record changes whose current identity is about to end."""

    def rewrite(before: ObjectState | None) -> ObjectState | None:
        if before is None or before.id != identity:
            return before
        return replace(before, health=Health.UNREADY, awaiting=awaiting)

    return rewrite


# ---------------------------------------------------------------- found, and renamed


def imported(subject: Subject, identity: str, outputs: Mapping[str, Json], before: ObjectState | None) -> ObjectState:
    """Return the record of an object taken over by hand: no values, so that the next plan shows every difference.

    One that has this id already stays as it is, and its deposed objects stay recorded until they are deleted.
    """
    if before is not None and before.id == identity:
        return before
    deposed = tuple(item for item in before.deposed if item.id != identity) if before is not None else ()
    return replace(subject.record(identity), outputs=outputs, created=False, deposed=deposed)


def seen(item: ObjectState, facts: Mapping[str, Json]) -> ObjectState:
    """Return the record of an object that nothing was done to, with what was seen of it beside its values."""
    return replace(item, facts=facts)


def held(item: ObjectState, *, protect: bool, retain: bool) -> ObjectState:
    """Return the record with this protection beside its own; itself when that adds nothing."""
    if (protect <= item.protect) and (retain <= item.retain):
        return item
    return replace(item, protect=item.protect or protect, retain=item.retain or retain)


def moved(item: ObjectState, address: Address) -> ObjectState:
    """Return the record at another address."""
    return replace(item, address=address)


def with_renamed_dependencies(item: ObjectState, renamed: Mapping[Address, Address | None]) -> ObjectState:
    """Return the record with the new addresses of what it, or a deposed object of it, depends on; itself when none is renamed.

    What is renamed to None is not depended on any more.
    """

    def names(old: tuple[Address, ...]) -> tuple[Address, ...]:
        return tuple(new for name in old if (new := renamed.get(name, name)) is not None)

    deposed = tuple(replace(left, depends_on=names(left.depends_on)) for left in item.deposed)
    if (names(item.depends_on), deposed) == (item.depends_on, item.deposed):
        return item
    return replace(item, depends_on=names(item.depends_on), deposed=deposed)


# ---------------------------------------------------------------- of the environment


def reached(kind: str, options: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return what is recorded of a configured provider: its own name, and those options that hold no secret."""
    return {**options, "provider": kind}
