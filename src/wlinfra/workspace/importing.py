"""Records that a declared object is one that exists already; the next plan compares the two."""

from __future__ import annotations

from wlinfra.changes.model import PlatformObject
from wlinfra.changes.outcome import changes_nothing_live
from wlinfra.changes.subject import subject_of
from wlinfra.diff.project import redact
from wlinfra.errors import ConfigurationError, ProviderError, WlinfraError
from wlinfra.plan.expand import expand
from wlinfra.plan.inputs import Inputs, refuse_other_place
from wlinfra.plan.model import PlanOptions
from wlinfra.plan.owners import refuse_taking
from wlinfra.plan.reading import readings_of
from wlinfra.provider.base import Absent, Ambiguous, Live, Reading, ReadRequest, Unreadable
from wlinfra.remedies import Advice, forget, import_, move
from wlinfra.state.model import ObjectState
from wlinfra.state.records import Aim, aimed, imported
from wlinfra.values import Address, is_open
from wlinfra.workspace.locking import lock_request
from wlinfra.workspace.opened import Locked, Opened
from wlinfra.workspace.writing import add_history

__all__ = ["import_object"]


def import_object(opened: Opened, address: str, identity: str, *, lock_timeout: float) -> tuple[Address, str]:
    """Read the object, and record it when it is there; return its address and id."""
    _refuse_no_id(address, identity)
    with opened.locked("import", lock_timeout) as locked:
        return _import(locked, address, identity)


def _import(locked: Locked, address: str, identity: str) -> tuple[Address, str]:
    inputs = locked.inputs()
    refuse_other_place(inputs.state, inputs.places)
    wanted = _find_declared(inputs, address)
    _refuse_taken(inputs, wanted, identity)
    live = _read(inputs, wanted, identity)
    refuse_taking(inputs, wanted, live.id)
    before = inputs.state.objects.get(wanted.address)
    locked.settle()
    locked.session.put(imported(subject_of(wanted), live.id, live.outputs, before))
    for intent in inputs.state.intents:
        if intent.address == wanted.address and intent.makes:
            locked.session.end(intent)  # the user has decided what became of it
    _record_match(locked, wanted)
    request = lock_request(locked.opened.host, "import", 0.0)
    add_history(locked.session, request, f"imported {wanted.address} [id={live.id}]")
    return wanted.address, live.id


def _record_match(locked: Locked, wanted: PlatformObject) -> None:
    """Record what is declared where it is what is live, so that the next plan shows nothing for it.

    Whatever differs, or is not known yet, is left to that plan.
    """
    try:
        plan = locked.plan(PlanOptions(targets=(str(wanted.address),)))
    except WlinfraError:
        return  # the object is imported; the next plan reports what is wrong with the program
    change = next((change for change in plan.changes if change.address == wanted.address), None)
    if change is None or not changes_nothing_live(change.decision) or is_open(dict(change.values)):
        return
    if any(error.address == wanted.address for error in plan.errors):
        return
    inputs = locked.inputs()
    locked.keep_key(inputs)
    aim = Aim(
        subject=subject_of(change),
        id=change.id,
        values=redact(dict(change.values), inputs.digest),
        memory=change.decision.memory,
        facts=change.facts,
        imports=True,
    )
    record = aimed(inputs.state.objects.get(wanted.address), aim)
    if record is not None:
        locked.session.put(record)


def _refuse_no_id(address: str, identity: str) -> None:
    """Raise ConfigurationError for an id that can be that of no object: asked with it, a platform would list them all."""
    if not identity.strip() or not identity.isprintable():
        raise ConfigurationError.of(
            "Not an id",
            f"The id {identity!r} is empty or has characters that no id has. No platform was asked.",
            Advice("Give the platform's id of the object, or its name on Kubernetes:", import_(address, None)),
        )


def _find_declared(inputs: Inputs, address: str) -> PlatformObject:
    objects = expand(inputs).objects
    found = [item for key, item in objects.items() if address in (key, key.resource)]
    if len(found) == 1 and not found[0].virtual and not found[0].lookup:
        return found[0]
    if len(found) > 1:
        parts = "\n".join(f"    {item.address}" for item in found)
        raise ConfigurationError.of(
            "Several objects match", f"{address} stands for {len(found)} objects.", f"Name one of them:\n{parts}"
        )
    if found:
        raise ConfigurationError.of(
            "Object cannot be imported",
            f"{address} has no object of its own on the platform.",
            "Import the objects that have one.",
        )
    known = "\n".join(f"    {key}" for key in objects) or "    nothing"
    raise ConfigurationError.of(
        "No such address", f"{address} is not declared.", f"Declare it first, then import; declared are\n{known}"
    )


def _refuse_taken(inputs: Inputs, wanted: PlatformObject, identity: str) -> None:
    state = inputs.state
    recorded = state.objects.get(wanted.address)
    if recorded is not None and recorded.id not in (None, identity) and not _is_gone(inputs, wanted, recorded):
        raise ConfigurationError.of(
            "Address is taken",
            f"{wanted.address} is recorded with the id {recorded.id}.",
            Advice("If that is not the one meant, forget it first:", forget(wanted.address)),
        )
    owner = next(
        (
            key
            for key, item in state.objects.items()
            if identity in (item.id, *(deposed.id for deposed in item.deposed))
            and key != wanted.address
            and item.kind == wanted.kind
        ),
        None,
    )
    if owner is not None:
        raise ConfigurationError.of(
            "Object is managed already",
            f"The id {identity} is recorded as {owner}.",
            Advice("To manage it under its new address:", move(owner, wanted.address)),
        )


def _is_gone(inputs: Inputs, wanted: PlatformObject, recorded: ObjectState) -> bool:
    """True when the platform no longer has an object with the recorded id, so that another may take its place."""
    question = ReadRequest(
        address=wanted.address, kind=recorded.kind, name=recorded.name, id=recorded.id, prior=recorded
    )
    (reading,) = readings_of(wanted.provider, inputs.connections[wanted.provider], [question])
    return isinstance(reading, Absent) or (isinstance(reading, Live) and reading.id != recorded.id)


def _read(inputs: Inputs, wanted: PlatformObject, identity: str) -> Live:
    question = ReadRequest(address=wanted.address, kind=wanted.kind, name=wanted.name, id=identity, desired=wanted)
    (reading,) = readings_of(wanted.provider, inputs.connections[wanted.provider], [question])
    return _expect_live(reading, wanted, identity)


def _expect_live(reading: Reading, wanted: PlatformObject, identity: str) -> Live:
    match reading:
        case Live():
            return reading
        case Unreadable(error=error):
            raise ProviderError(error)
        case Absent() | Ambiguous():
            raise ConfigurationError.of(
                "No such object",
                f"The platform has no {wanted.kind} with the id {identity}.",
                "Correct the id. Nothing was recorded.",
            )
