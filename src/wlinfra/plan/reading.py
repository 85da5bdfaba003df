"""Reading the live objects: one batch for each provider, aligned with what was asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from wlinfra.changes.model import PlatformObject
from wlinfra.errors import ConfigurationError, Diagnostic, WlinfraError
from wlinfra.plan.check import REPORT_IT, failed
from wlinfra.plan.inputs import Inputs
from wlinfra.provider.base import Absent, Ambiguous, Connection, Live, Reading, ReadRequest, Unreadable
from wlinfra.provider.optional import PlansFromFacts
from wlinfra.remedies import Advice, forget
from wlinfra.state.model import ObjectState
from wlinfra.values import Address

__all__ = ["read_object", "read_objects", "readings_of"]


def read_objects(
    inputs: Inputs,
    objects: Mapping[Address, PlatformObject],
    prior: Mapping[Address, ObjectState],
    *,
    refresh: bool = True,
) -> dict[Address, Reading]:
    """Return a reading for every declared or recorded object that a platform can be asked about.

    With ``refresh=False`` the records stand in for the platform, except for objects that are not recorded, or not
    with the facts that a plan of them needs.
    """
    batches: dict[str, list[ReadRequest]] = defaultdict(list)
    readings: dict[Address, Reading] = {}
    for address in {**objects, **prior}:
        item, record = objects.get(address), prior.get(address)
        if item.virtual if item is not None else record is not None and record.virtual:
            continue
        if not refresh and record is not None and record.id is not None and _stands_in(inputs, record):
            readings[address] = Live(
                id=record.id,
                values=dict(record.values),
                outputs=record.outputs,
                facts=record.facts,
                from_record=True,
            )
            continue
        if item is None and record is not None and record.id is None:
            readings[address] = Absent()  # only deposed objects remain: what has the name now belongs to others
            continue
        batches[_provider_of(inputs, item, record)].append(_wanted(address, item, record))
    for provider, wanted in batches.items():
        readings.update(_answers(inputs, provider, wanted))
    readings.update(_found_instead(inputs, objects, prior, readings))
    return readings


def read_object(inputs: Inputs, address: Address, item: PlatformObject | None, prior: ObjectState | None) -> Reading:
    """Return the reading of one object, as far as it is declared and recorded."""
    objects = {} if item is None else {address: item}
    recorded = {} if prior is None else {address: prior}
    return read_objects(inputs, objects, recorded).get(address, Absent())


def readings_of(provider: str, connection: Connection, requests: Sequence[ReadRequest]) -> Sequence[Reading]:
    """Return a reading for each request; all of them unreadable where the provider did not answer each one."""
    count = f"{len(requests)} {'object was' if len(requests) == 1 else 'objects were'}"
    try:
        answers = list(connection.read(requests))
    except WlinfraError:
        raise
    except (Exception, SystemExit) as failure:  # noqa: BLE001 - as in `blaming`, for each object
        return [Unreadable(error=failed(provider, f"{count} read", failure))] * len(requests)
    wrong = [answer for answer in answers if not isinstance(answer, Live | Absent | Ambiguous | Unreadable)]
    if len(answers) == len(requests) and not wrong:
        return answers
    said = f"with {type(wrong[0]).__name__}" if wrong else f"{len(answers)} times"
    error = Diagnostic(
        summary="Provider returned wrong readings",
        detail=f"{count} asked for, and it answered {said}. This is a bug in the {provider} provider.",
        fix=REPORT_IT,
    )
    return [Unreadable(error=error)] * len(requests)


def _stands_in(inputs: Inputs, record: ObjectState) -> bool:
    """True when the record has all that a plan looks at; one of an earlier version, or half created, may lack facts."""
    connection = inputs.connections.get(record.provider)
    needs = isinstance(connection, PlansFromFacts) and record.kind in connection.fact_kinds
    return bool(record.facts) or not needs


def _found_instead(
    inputs: Inputs,
    objects: Mapping[Address, PlatformObject],
    prior: Mapping[Address, ObjectState],
    readings: Mapping[Address, Reading],
) -> dict[Address, Reading]:
    """Return what has the name of each declared object whose recorded one is gone, to create nothing that may exist.

    A user may have created it again by hand, or restored it, so it is looked for as if nothing were recorded. Where
    names are unique, its absence already shows that there is none.
    """
    batches: dict[str, list[ReadRequest]] = defaultdict(list)
    for address, record in prior.items():
        item, reading = objects.get(address), readings.get(address)
        if item is None or item.lookup or record.id is None or not isinstance(reading, Absent):
            continue
        if reading.siblings or not item.name_is_unique:
            batches[item.provider].append(replace(_wanted(address, item, record), id=None))
    return {
        address: answer
        for provider, wanted in batches.items()
        for address, answer in _answers(inputs, provider, wanted)
        if not isinstance(answer, Absent)
    }


def _answers(inputs: Inputs, provider: str, requests: Sequence[ReadRequest]) -> Iterator[tuple[Address, Reading]]:
    """Yield the reading of each object that is asked for."""
    answers = readings_of(provider, inputs.connections[provider], requests)
    yield from zip((request.address for request in requests), answers, strict=True)


def _wanted(address: Address, item: PlatformObject | None, record: ObjectState | None) -> ReadRequest:
    kind = item.kind if item is not None else record.kind if record is not None else ""
    name = item.name if item is not None else record.name if record is not None else ""
    return ReadRequest(
        address=address, kind=kind, name=name, id=record.id if record is not None else None, desired=item, prior=record
    )


def _provider_of(inputs: Inputs, item: PlatformObject | None, record: ObjectState | None) -> str:
    name = item.provider if item is not None else record.provider if record is not None else ""
    if name not in inputs.connections:
        raise ConfigurationError.of(
            "Provider not configured",
            f"The state has objects of the provider {name!r}, which the environment {inputs.declared.environment!r} does not configure.",
            Advice(
                f"Configure {name!r} in this environment again until its objects are deleted, or forget them:",
                forget("ADDRESS"),
            ),
        )
    return name
